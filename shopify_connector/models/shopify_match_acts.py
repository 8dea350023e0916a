"""What people decide in the worksheet, about one row or thousands.

A few rows are done at once; many go to a job, lot by lot, each committed, so that it can
be left and goes on after a restart.
"""

from odoo import fields, models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError
from ..core import failures
from .match_decider import LINKED_HERE, ROWS_A_LOT, Decider
from .remote_failure import remote_failure
from .roles import OPERATOR, check_role

FLOWS = {
    "Product": "products",
    "ProductVariant": "products",
    "Collection": "products",
    "Customer": "customers",
    "Company": "customers",
    "CompanyLocation": "customers",
}
ACTS = [
    ("accept", "Accept"),
    ("create_here", "Create in Odoo"),
    ("create_there", "Create in Shopify"),
    ("never", "Never"),
    ("again", "Decide Again"),
]


# Decisions that made no link, at least not yet.
UNLINKED = ("never", "create_here", "create_there")


class ShopifyMatch(models.Model):
    _inherit = "shopify.match"

    # === BUTTONS === #

    def action_accept(self):
        """Link what is proposed; nothing else is touched."""
        return self._ask("accept")

    def action_create_here(self):
        """Let these be made in Odoo, though the store's policy wouldn't."""
        return self._ask("create_here")

    def action_create_there(self):
        """Let what Odoo alone has be made in Shopify."""
        return self._ask("create_there")

    def action_never(self):
        """Say why these are never linked."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.match.wizard",
            "name": self.env._("Never Link"),
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": "never", "default_row_ids": self.ids},
        }

    def action_again(self):
        """Take back a decision that made no link."""
        return self._ask("again")

    def action_choose_other(self):
        """Pick the Odoo record of this row."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.match.wizard",
            "name": self.env._("Choose the Odoo Record"),
            "view_mode": "form",
            "target": "new",
            "context": {"default_act": "choose", "default_row_ids": self.ids},
        }

    def action_open(self):
        """The row with all its candidates side by side."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "name": self.display_name,
        }

    # === DOING IT === #

    def _ask(self, act, reason=""):
        """Do it now, or by a job when there are many. Returns a notification."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        rows = self.sudo()  # sudo: rows are closed to everybody's hands
        if len(rows) > ROWS_A_LOT:
            runs = rows._enqueue_runs(act, reason)
            message = self.env._(
                "%s rows are being worked on. You can leave; it goes on by itself.",
                sum(runs.mapped("total")),
            )
            return _told("info", message)
        done = rows._do_now(act, reason)
        left = len(self) - done
        if not left:
            return _told("success", self.env._("Rows decided: %s.", done))
        return _told(
            "warning",
            self.env._(
                "Rows decided: %(done)s; left as they were: %(left)s. A row says why, "
                "unless this can't be done with it.",
                done=done,
                left=left,
            ),
        )

    def _enqueue_runs(self, act, reason):
        runs = self.env["shopify.match.run"].create(
            [
                {
                    "scan_id": scan.id,
                    "act": act,
                    "reason": reason,
                    "user_id": self.env.uid,
                    "row_ids": rows.ids,
                    "total": len(rows),
                }
                for scan, rows in self.grouped("scan_id").items()
            ]
        )
        for run in runs:
            run._enqueue_step()
        return runs

    def _do_now(self, act, reason):
        try:
            return sum(
                rows._do_lot(act, reason, self.env.user)
                for rows in self.grouped("scan_id").values()
            )
        except ShopifyError as error:
            raise UserError(
                self.env._(
                    "Shopify has to be asked first whether anything has changed. %s",
                    failures.render(remote_failure(self.backend_id[:1], error)),
                )
            ) from error

    def _do_lot(self, act, reason, user):
        """Act on rows of one scan. Returns how many were decided."""
        return getattr(self, f"_do_{act}")(reason, user)

    def _do_accept(self, reason, user):
        rows = self.filtered(
            lambda row: row.verdict == "proposed" and row.decision == "todo"
        )
        rows = rows.filtered(
            lambda row: row.shopify_gid and row.shopify_type in LINKED_HERE
        )
        if rows:
            rows.scan_id._check_may_link()
            Decider(rows.scan_id, user, reason).accept(rows)
        return len(rows.filtered(lambda row: row.decision == "accepted"))

    def _do_create_here(self, reason, user):
        rows = self.filtered(
            lambda row: (
                row.shopify_gid
                and row.verdict == "only_shopify"
                and row.decision == "todo"
                and row.shopify_type in FLOWS
            )
        )
        if not rows:
            return 0
        rows.scan_id._check_may_link()
        rows = rows._of_running_flows()._without_foreign_product()
        rows._decided("create_here", user)
        whole = rows.filtered(lambda row: row.shopify_type != "ProductVariant")
        by_product = (rows - whole).filtered("parent_gid")
        # One permit a product: it is made whole.
        products = self.search(
            [
                ("scan_id", "=", self.scan_id.id),
                ("shopify_gid", "in", by_product.mapped("parent_gid")),
            ]
        )
        (products - whole)._decided("create_here", user)
        subjects = {
            (FLOWS[row.shopify_type], "in", row.shopify_type, row.shopify_gid)
            for row in whole
        } | {
            ("products", "in", "Product", gid)
            for gid in by_product.mapped("parent_gid")
        }
        # A person said so: a flow in review needs no second word.
        self.env["shopify.trigger"]._insert(
            self.backend_id, sorted(subjects), "accepted"
        )
        return len(rows)

    def _do_create_there(self, reason, user):
        rows = self.filtered(
            lambda row: (
                not row.shopify_gid
                and row.verdict == "only_odoo"
                and row.decision in ("todo", "create_there")
                and row.shopify_type in FLOWS
            )
        )
        if not rows:
            return 0
        rows.scan_id._check_may_link()
        rows = rows._of_running_flows()
        people = rows.filtered(lambda row: row.shopify_type == "Customer")
        templates = (rows - people)._templates()
        rows -= (rows - people)._of_linked_products(templates)
        templates = (rows - people)._templates()
        # A product is made whole, whichever of its rows was chosen.
        (rows | self._rows_of_products(templates))._decided("create_there", user)
        subjects = {
            ("products", "out", "product.template", template.id)
            for template in templates.values()
        } | {("customers", "out", "res.partner", row.odoo_id) for row in people}
        # A person said so: a flow in review needs no second word.
        self.env["shopify.trigger"]._insert(
            self.backend_id, sorted(subjects), "accepted"
        )
        return len(rows)

    def _templates(self):
        """{row: the product that it is or belongs to}, of rows of Odoo's products"""
        variants = self.filtered(lambda row: row.shopify_type == "ProductVariant")
        records = self.env["product.product"].browse(variants.mapped("odoo_id"))
        of_variant = {each.id: each.product_tmpl_id for each in records.exists()}
        return {
            row: found
            for row in self
            if (
                found := of_variant.get(row.odoo_id)
                if row in variants
                else self.env["product.template"].browse(row.odoo_id).exists()
            )
        }

    def _of_linked_products(self, templates):
        """Those whose product is in Shopify: a further variant is added to it there."""
        ids = {template.id for template in templates.values()}
        linked = self.env["shopify.product.template"]._links_of(self.backend_id, ids)
        rows = self.filtered(
            lambda row: row in templates and templates[row].id in linked
        )
        rows.decision_error = self.env._(
            "Its product is in Shopify. Add the variant to it there, with the same SKU "
            "or barcode."
        )
        return rows

    def _rows_of_products(self, templates):
        """What else of these products is only in Odoo, and undecided."""
        products = self.env["product.template"].concat(*templates.values())
        return self.search(
            [
                ("scan_id", "=", self.scan_id.id),
                ("shopify_gid", "=", False),
                ("verdict", "=", "only_odoo"),
                ("decision", "=", "todo"),
                "|",
                "&",
                ("odoo_model", "=", "product.template"),
                ("odoo_id", "in", products.ids),
                "&",
                ("odoo_model", "=", "product.product"),
                ("odoo_id", "in", products.product_variant_ids.ids),
            ]
        )

    def _of_running_flows(self):
        """Those whose flow would bring them in; the others say so."""
        off = set(
            self.backend_id.flow_ids.filtered(lambda flow: flow.policy == "off").mapped(
                "flow"
            )
        )
        rows = self.filtered(lambda row: FLOWS[row.shopify_type] in off)
        rows.decision_error = self.env._(
            "The store's flow that would make it is off. Switch it to review or "
            "automatic first."
        )
        return self - rows

    def _without_foreign_product(self):
        """Those whose product isn't linked or proposed: a variant is made with its
        product only, for one more on a product of Odoo's changes its attribute lines."""
        gids = [row.parent_gid for row in self if row.shopify_type == "ProductVariant"]
        gids += [row.shopify_gid for row in self if row.shopify_type == "Product"]
        matched = {
            gid
            for (gid,) in self.env["shopify.match"]._read_group(
                [
                    ("scan_id", "=", self.scan_id.id),
                    ("shopify_type", "=", "ProductVariant"),
                    ("parent_gid", "in", gids),
                    ("verdict", "in", ("linked", "proposed", "ambiguous", "conflict")),
                ],
                ["parent_gid"],
            )
        }
        matched |= set(
            self.env["shopify.product.template"]._find(self.backend_id, gids)
        )
        rows = self.filtered(lambda row: (row.parent_gid or row.shopify_gid) in matched)
        for row in rows:
            row.decision_error = self.env._(
                "Other variants of this product are in Odoo, or may be. Add the variant "
                "to the product in Odoo, then choose it here."
            )
        return self - rows

    def _do_never(self, reason, user):
        rows = self.filtered(
            lambda row: row.verdict != "linked" and row.decision == "todo"
        )
        known = rows._nevers()
        self.env["shopify.match.never"].create(
            [
                {
                    "backend_id": row.backend_id.id,
                    "shopify_type": row.shopify_type,
                    "shopify_gid": row.shopify_gid or False,
                    "odoo_model": False if row.shopify_gid else row.odoo_model,
                    "odoo_id": False if row.shopify_gid else row.odoo_id,
                    "reason": reason,
                    "user_id": user.id,
                }
                for row in rows
                if row._never_key() not in known
            ]
        )
        rows._decided("never", user)
        return len(rows)

    def _do_again(self, reason, user):
        rows = self.filtered(
            lambda row: row.decision in UNLINKED and row.verdict != "linked"
        )
        for never in rows._nevers().values():
            never.unlink()
        rows.write(
            {
                "decision": "todo",
                "decided_by_id": False,
                "decided_at": False,
                "decision_error": False,
            }
        )
        return len(rows)

    def _decided(self, decision, user):
        self.write(
            {
                "decision": decision,
                "decided_by_id": user.id,
                "decided_at": fields.Datetime.now(),
                "decision_error": False,
            }
        )

    def _never_key(self):
        self.ensure_one()
        return self.shopify_gid or (self.odoo_model, self.odoo_id)

    def _nevers(self):
        """{key: what was said for good}"""
        there = self.filtered("shopify_gid")
        found = self.env["shopify.match.never"].search(
            [
                ("backend_id", "in", self.backend_id.ids),
                "|",
                ("shopify_gid", "in", there.mapped("shopify_gid")),
                "&",
                ("odoo_id", "in", (self - there).mapped("odoo_id")),
                ("odoo_model", "in", (self - there).mapped("odoo_model")),
            ]
        )
        keys = {row._never_key() for row in self}
        by_key = {n.shopify_gid or (n.odoo_model, n.odoo_id): n for n in found}
        return {key: never for key, never in by_key.items() if key in keys}

    def _choose(self, record, reason=""):
        """Link this row to a record that a person picked."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        record.check_access("read")
        row = self.sudo()  # sudo: rows are closed to everybody's hands
        if row.shopify_type not in LINKED_HERE or not row.shopify_gid:
            raise UserError(
                self.env._(
                    "Only what Shopify has is linked here, and no location: these get "
                    "their warehouse under Configuration → Locations."
                )
            )
        row.scan_id._check_may_link()
        try:
            Decider(row.scan_id, self.env.user, reason).choose(row, record)
        except ShopifyError as error:
            raise UserError(
                failures.render(remote_failure(row.backend_id, error))
            ) from error
        return _told(
            "success",
            self.env._("Linked to %s. Nothing else was changed.", record.display_name),
        )


class ShopifyMatchCandidate(models.Model):
    _inherit = "shopify.match.candidate"

    def action_choose(self):
        """This one it is."""
        self.ensure_one()
        self.check_access("read")
        record = self.env[self.odoo_model].browse(self.odoo_id)
        return self.match_id._choose(record)


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    def _check_may_link(self):
        backend = self.backend_id
        backend.ensure_one()
        if backend.state != "connected":
            raise UserError(
                self.env._("The store %s isn't connected just now.", backend.name)
            )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _may_be_made(self, gids):
        """Of these, the ones that a person let be made in Odoo. A later read asks
        anew."""
        rows = self.env["shopify.match"].sudo()  # sudo: read by the engine
        found = rows.search(
            [
                ("backend_id", "=", self.id),
                ("scan_id", "in", self.env["shopify.scan"].sudo()._newest().ids),
                ("shopify_gid", "in", list(gids)),
                ("decision", "=", "create_here"),
            ]
        )
        return set(found.mapped("shopify_gid"))


def _told(kind, message):
    """A notification, and the view as it is now."""
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": {
            "type": kind,
            "message": message,
            "next": {"type": "ir.actions.client", "tag": "soft_reload"},
        },
    }
