"""What a sync row says to people: headline, missing thing, kind, retry, and its fix."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import failures, search
from ..core.failures import Failure

# Where the fix of a reason leads: (action's XML ID, or a method of shopify.sync).
FIXES = {
    "link_variant": "action_link",
    "link_product": "action_link",
    "link_customer": "action_link",
    "choose_match": "action_link",
    "set_location": "shopify_connector.action_mapping_location",
    "set_tax": "shopify_connector.action_mapping_tax",
    "accept": "action_accept",
    "open_in_shopify": "action_open_in_shopify",
    "open_record": "action_open_in_odoo",
    "compare": "action_open_in_odoo",
    "open_blocker": "action_open_blocker",
}
STORE_FIXES = (
    "grant_scope",
    "grant_access",
    "open_credentials",
    "open_settings",
    "resume_store",
    "reconnect",
    "set_pricelist",
    "activate_currency",
)


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    headline = fields.Char(
        "Cause", index=True, help="The same for all items that one fix releases."
    )
    message = fields.Char("What happened", compute="_compute_texts")
    missing = fields.Char(compute="_compute_texts")
    retry_text = fields.Char("Is a retry safe?", compute="_compute_texts")
    fix_label = fields.Char(compute="_compute_texts")
    retry_safe = fields.Boolean(compute="_compute_texts")
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify_url")
    odoo_ref = fields.Reference("_odoo_models", "In Odoo", compute="_compute_odoo_ref")
    odoo_record_id = fields.Integer("Odoo ID", compute="_compute_odoo_ref")
    event_ids = fields.Many2many(
        "shopify.event", string="What happened so far", compute="_compute_event_ids"
    )
    support_text = fields.Text("For support", compute="_compute_support_text")

    @api.model
    def _odoo_models(self):
        names = (
            "product.template",
            "product.product",
            "res.partner",
            "sale.order",
            "account.move",
            "stock.picking",
            "stock.location",
            "stock.warehouse",
        )
        return [(name, self.env[name]._description) for name in names]

    def _failure(self):
        """The row's reason, None for a row that isn't stopped."""
        self.ensure_one()
        if not self.reason_code:
            return None
        return Failure(self.reason_code, self.reason_params or {})

    @api.depends("reason_code", "reason_params", "record_name", "wait_ids.key")
    @api.depends_context("lang")
    def _compute_texts(self):
        for row in self:
            failure = row._failure()
            if failure is None:
                row.update(
                    dict.fromkeys(("missing", "retry_text", "fix_label"), False)
                    | {"message": row.note, "retry_safe": True}
                )
                continue
            reason = failure.reason
            record = row.record_name or row.subject_key
            row.message = self._translate(reason.message, failure, record)
            row.retry_text = self._translate(reason.retry_text, failure, record)
            row.fix_label = reason.fix_label and self.env._(reason.fix_label)
            row.retry_safe = reason.retry_safe
            row.missing = ", ".join(row.wait_ids.mapped("key"))

    @api.model
    def _translate(self, text, failure, record):
        """A text of the catalogue, in the reader's language."""
        return self.env._(text) % failures.message_values(failure, record)

    @api.model
    def _headline(self, failure):
        reason = failure.reason
        return self._translate(reason.headline or reason.title, failure, "")

    @api.depends("subject_key", "direction")
    def _compute_shopify_url(self):
        for row in self:
            row.shopify_url = (
                row.backend_id._admin_url(row.subject_key)
                if row.subject_key.startswith("gid:")
                else False
            )

    @api.depends("subject_type", "subject_key")
    def _compute_odoo_ref(self):
        for row in self:
            record = row._odoo_record()
            known = record and record._name in dict(self._odoo_models())
            row.odoo_ref = f"{record._name},{record.id}" if known else False
            row.odoo_record_id = record.id if record else 0

    def _odoo_record(self):
        """The record on Odoo's side, if there is one (yet)."""
        self.ensure_one()
        from .shopify_mark import LINKS

        if self.direction == "out":
            if self.subject_type not in self.env:
                return None
            record = self.env[self.subject_type].browse(int(self.subject_key)).exists()
            return record or None
        model = LINKS.get(self.subject_type)
        if not model:
            return None
        link = self.env[model].sudo()._find(self.backend_id, [self.subject_key])
        link = link.get(self.subject_key)
        return link._marked_records()[link] if link else None

    def _compute_event_ids(self):
        for row in self:
            row.event_ids = self.env["shopify.event"].search(
                [
                    ("backend_id", "=", row.backend_id.id),
                    ("subject_type", "=", row.subject_type),
                    ("subject_key", "=", row.subject_key),
                ],
                limit=50,
            )

    def _compute_support_text(self):
        for row in self:
            last = row.event_ids[:1]
            lines = [
                f"reason: {row.reason_code or '-'}",
                f"record: {row.direction} {row.subject_type} {row.subject_key}",
                f"store: {row.backend_id.shop_domain}",
                f"attempts: {row.attempt_count}",
                f"request: {last.request_id or '-'}",
                f"waits on: {row.missing or '-'}",
            ]
            row.support_text = "\n".join(lines)

    # === BUTTONS === #

    def action_fix(self):
        """Go to what mends this."""
        self.ensure_one()
        failure = self._failure()
        if failure is None:
            return self.action_retry()
        fix = failure.reason.fix
        if fix in STORE_FIXES:
            return {
                "type": "ir.actions.act_window",
                "res_model": "shopify.backend",
                "res_id": self.backend_id.id,
                "view_mode": "form",
            }
        target = FIXES.get(fix, "action_retry")
        if "." not in target:
            return getattr(self, target)()
        action = self.env["ir.actions.act_window"]._for_xml_id(target)
        action["domain"] = [("backend_id", "=", self.backend_id.id)]
        action["context"] = {"search_default_missing": 1}
        return action

    def action_link(self):
        """Choose the Odoo record that the missing thing stands for."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.link.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sync_id": self.id},
        }

    def action_open_in_shopify(self):
        self.ensure_one()
        if not self.shopify_url:
            raise UserError(self.env._("Shopify's admin has no page for this record."))
        return {"type": "ir.actions.act_url", "url": self.shopify_url, "target": "new"}

    def action_open_in_odoo(self):
        self.ensure_one()
        record = self._odoo_record()
        if not record:
            raise UserError(self.env._("Nothing exists in Odoo for this record yet."))
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    def action_open_blocker(self):
        """The sync that this one waits for."""
        self.ensure_one()
        keys = [key.split(":", 1)[1] for key in self.wait_ids.mapped("key")]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waited for"),
            "res_model": "shopify.sync",
            "view_mode": "list,form",
            "domain": [("subject_key", "in", keys)],
        }

    def action_ask(self):
        """Postpone, hand over or close: asks what it needs."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What should happen?"),
            "res_model": "shopify.sync.act",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_sync_ids": self.ids,
                "default_act": self.env.context.get("act", "postpone"),
            },
        }

    # === ONE SEARCH BOX === #

    anything = fields.Char(
        "ID, number, e-mail or admin URL",
        compute="_compute_anything",
        search="_search_anything",
        help="Odoo ID, Shopify ID, GID, order name, e-mail or a pasted admin address.",
    )

    def _compute_anything(self):
        self.anything = False

    @api.model
    def _search_anything(self, operator, value):
        if operator not in ("=", "ilike", "like", "=ilike") or not isinstance(
            value, str
        ):
            return NotImplemented
        domain = fields.Domain("record_name", "ilike", value)
        for term in search.parse_search(value):
            domain |= self._search_term(term)
        return domain

    @api.model
    def _search_term(self, term):
        from .shopify_mark import LINKS

        if term.kind == "gid":
            return fields.Domain("subject_key", "=", term.value)
        if term.kind == "shopify_id":
            return fields.Domain(
                "subject_key", "=like", f"gid://shopify/%/{term.value}"
            )
        if term.kind == "odoo_id":
            number = int(term.value)
            domain = fields.Domain("direction", "=", "out") & fields.Domain(
                "subject_key", "=", str(number)
            )
            for model in LINKS.values():
                links = self.env[model].sudo()
                for name in ("odoo_id", "sale_order_id", "move_id"):
                    if name in links._fields:
                        gids = links.search([(name, "=", number)]).mapped("shopify_gid")
                        domain |= fields.Domain("subject_key", "in", gids)
            return domain
        if term.kind == "email":
            partners = self.env["shopify.res.partner"].sudo()
            gids = partners.search([("odoo_id.email_normalized", "=", term.value)])
            return fields.Domain("subject_key", "in", gids.mapped("shopify_gid"))
        return fields.Domain("record_name", "=ilike", term.value)
