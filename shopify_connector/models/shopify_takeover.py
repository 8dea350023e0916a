"""Taking over the links of another connector: a dry run first, then what is confirmed.

A run gathers lines from a file, from columns of this database, or from marks in Shopify;
a job checks each on both sides, lot by lot; a manager has the confirmed ones linked. What
can't be confirmed stays in the list for a person.
"""

import base64
import re
import time
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..api.errors import AccessDeniedError, ShopifyError, ThrottledError, TransientError
from ..core import failures, takeover
from .remote_failure import remote_failure
from .roles import MANAGER, OPERATOR, check_role
from .shopify_queue import JOB_PRIORITY
from .takeover_judge import TakeoverJudge
from .takeover_sources import IS_AN_ID, STANDARD, Inspector, fits, read_column

STEP_SECONDS = 20
ROWS_A_LOT = 2000
MOST_TROUBLES = 10
OPEN_STATES = ("gathering", "checking", "linking")
TYPES = [
    ("Product", "Product"),
    ("ProductVariant", "Variant"),
    ("Customer", "Customer"),
    ("Order", "Order"),
]
MARKED = {
    "Order": "takeover/marks_orders",
    "Product": "takeover/marks_products",
    "ProductVariant": "takeover/marks_variants",
    "Customer": "takeover/marks_customers",
}
CONNECTIONS = {
    "Order": "orders",
    "Product": "products",
    "ProductVariant": "productVariants",
    "Customer": "customers",
}
COLUMNS = {f"column_{meant}": meant for meant in takeover.COLUMNS}


class ShopifyTakeover(models.Model):
    _name = "shopify.takeover"
    _description = "Take-Over of Links"
    _order = "id desc"

    backend_id = fields.Many2one(
        "shopify.backend",
        "Store",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self._default_store(),
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    origin = fields.Selection(
        [
            ("file", "A file"),
            ("database", "This database"),
            ("marks", "What was left in Shopify"),
        ],
        "Where the Links Are",
        required=True,
        default="file",
    )
    state = fields.Selection(
        [
            ("draft", "Not Checked"),
            ("gathering", "Gathering"),
            ("checking", "Checking"),
            ("checked", "Checked"),
            ("linking", "Linking"),
            ("done", "Done"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    file = fields.Binary("CSV File", attachment=True)
    filename = fields.Char()
    header = fields.Char("Columns of the File", compute="_compute_columns", store=True)
    column_gid = fields.Char(
        "Shopify ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_type = fields.Char(
        "Record Type Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_model = fields.Char(
        "Odoo Model Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_id = fields.Char(
        "Odoo ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_xmlid = fields.Char(
        "External ID Is In", compute="_compute_columns", store=True, readonly=False
    )
    column_sku = fields.Char(
        "SKU Is In", compute="_compute_columns", store=True, readonly=False
    )
    default_type = fields.Selection(
        TYPES,
        "Lines Without a Type Are",
        help="Lines whose Shopify ID is a number only.",
    )
    source_ids = fields.One2many(
        "shopify.takeover.source", "takeover_id", "Columns in the Database"
    )
    namespace = fields.Char(default="custom", help="Of the metafield in Shopify.")
    key = fields.Char(default="odoo_id", help="Of the metafield in Shopify.")
    holds = fields.Selection(
        [("record", "The record's Odoo ID"), ("invoice", "The Odoo ID of its invoice")],
        "What It Holds",
        default="record",
    )
    line_ids = fields.One2many("shopify.takeover.line", "takeover_id", "Lines")
    place = fields.Json(help="How far the gathering has come.")
    message = fields.Char(readonly=True, copy=False)
    troubles = fields.Integer(copy=False)
    linked_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    waiting_count = fields.Integer("Not Checked Yet", compute="_compute_counts")
    confirmed_count = fields.Integer("Would Be Linked", compute="_compute_counts")
    contradicted_count = fields.Integer("Contradicted", compute="_compute_counts")
    unverifiable_count = fields.Integer("Can't Be Verified", compute="_compute_counts")
    refused_count = fields.Integer("Refused", compute="_compute_counts")
    bad_count = fields.Integer("Unreadable", compute="_compute_counts")
    linked_count = fields.Integer("Linked", compute="_compute_counts")

    @api.model
    def _default_store(self):
        stores = self.env["shopify.backend"].search([], limit=2)
        return stores if len(stores) == 1 else stores.browse()

    @api.depends("backend_id", "origin", "create_date")
    def _compute_display_name(self):
        labels = dict(self._fields["origin"]._description_selection(self.env))
        for run in self:
            run.display_name = f"{run.backend_id.name}: {labels.get(run.origin, '')}"

    @api.depends("line_ids.verdict")
    def _compute_counts(self):
        groups = self.env["shopify.takeover.line"]._read_group(
            [("takeover_id", "in", self.ids)],
            ["takeover_id", "verdict"],
            ["__count"],
        )
        counts = {(run.id, verdict): count for run, verdict, count in groups}
        for run in self:
            for verdict in VERDICTS:
                if verdict != "repeated":
                    run[f"{verdict}_count"] = counts.get((run.id, verdict), 0)

    # === THE FILE === #

    @api.depends("file")
    def _compute_columns(self):
        for run in self:
            header = run._file_table().header if run.file else ()
            guessed = takeover.guess_columns(header)
            run.header = ", ".join(header)
            for name, meant in COLUMNS.items():
                run[name] = guessed.get(meant, False)

    def _file_table(self):
        data = self.with_context(bin_size=False).file
        return takeover.read_table(base64.b64decode(data or b""))

    def _read_file(self):
        if not self.file:
            raise UserError(self.env._("Choose a CSV file."))
        columns = {meant: self[name] for name, meant in COLUMNS.items() if self[name]}
        table = self._file_table()
        missing = [name for name in columns.values() if name not in table.header]
        if missing:
            raise UserError(
                self.env._(
                    "The file has no column %(missing)s. It has: %(header)s.",
                    missing=", ".join(missing),
                    header=", ".join(table.header),
                )
            )
        claims, bad = takeover.read_lines(table, columns, self.default_type or "")
        texts = {number: " | ".join(cells) for number, cells in table.rows}
        source = self.filename or self.env._("the file")
        rows = [
            {
                "line": each.line,
                "text": each.text,
                "verdict": "bad",
                "template": each.message,
                "params": dict(each.params),
            }
            for each in bad
        ]
        rows += [
            {"line": claim.line, "text": texts[claim.line], **values}
            for claim, values in self._resolved(claims)
        ]
        self._add_lines([{"source": source, **row} for row in rows])

    def _resolved(self, claims):
        """(claim, values of its line), external IDs and SKUs looked up in batch."""
        xmlids = self._by_xmlid({claim.xmlid for claim in claims if claim.xmlid})
        skus = self._by_sku({claim.sku for claim in claims if claim.sku})
        for claim in claims:
            model = claim.model or takeover.MODELS[claim.shopify_type]
            values = {
                "verdict": "waiting",
                "shopify_type": claim.shopify_type,
                "shopify_gid": claim.gid,
                "odoo_model": model,
                "odoo_id": claim.odoo_id,
            }
            if claim.xmlid:
                values |= self._named(claim, xmlids.get(claim.xmlid))
            elif claim.sku:
                values |= self._of_sku(claim, skus.get(claim.sku.lower(), []))
            yield claim, values

    def _named(self, claim, found):
        """found: (model, ID) that the external ID names, or None."""
        if found and fits(claim.shopify_type, found[0]):
            return {"odoo_model": found[0], "odoo_id": found[1]}
        return {
            "verdict": "bad",
            "template": takeover.NO_SUCH_XMLID,
            "params": {"value": claim.xmlid},
        }

    def _of_sku(self, claim, found):
        """found: [(variant, product)] that have the SKU."""
        place = 1 if claim.shopify_type == "Product" else 0
        ids = {pair[place] for pair in found}
        model = takeover.MODELS[claim.shopify_type]
        if len(ids) == 1:
            return {"odoo_model": model, "odoo_id": ids.pop()}
        return {
            "verdict": "bad",
            "template": takeover.SKU_TWICE if ids else takeover.NO_SUCH_SKU,
            "params": {"value": claim.sku, "found": len(ids)},
        }

    def _by_xmlid(self, names):
        """{external ID: (model, ID)}"""
        modules = {name.partition(".")[0] for name in names}
        # sudo: external IDs are kept from managers who aren't administrators
        rows = (
            self.env["ir.model.data"]
            .sudo()
            .search_read(
                [
                    ("module", "in", list(modules)),
                    ("name", "in", [name.partition(".")[2] for name in names]),
                ],
                ["module", "name", "model", "res_id"],
            )
        )
        return {
            f"{row['module']}.{row['name']}": (row["model"], row["res_id"])
            for row in rows
        }

    def _by_sku(self, skus):
        """{SKU in small letters: [(variant, product)]} of this company's products."""
        if not skus:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT lower(btrim(p.default_code)), p.id, p.product_tmpl_id"
            " FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
            " WHERE p.active AND lower(btrim(p.default_code)) = ANY(%s)"
            " AND (t.company_id IS NULL OR t.company_id = %s)",
            [[sku.lower() for sku in skus], self.company_id.id],
        )
        found = {}
        for sku, variant, template in self.env.cr.fetchall():
            found.setdefault(sku, []).append((variant, template))
        return found

    def _add_lines(self, rows):
        lines = self.env["shopify.takeover.line"].sudo()  # made for managers only
        for start in range(0, len(rows), ROWS_A_LOT):
            lines.create(
                [
                    {"takeover_id": self.id, **row}
                    for row in rows[start : start + ROWS_A_LOT]
                ]
            )

    # === ACTS === #

    def action_inspect(self):
        """Look for columns that may hold Shopify IDs, and offer them."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        self.env.flush_all()
        known = {(row.table, row.column, row.id_column) for row in self.source_ids}
        # sudo: only what the inspection found may be named, and nobody else may name it
        self.env["shopify.takeover.source"].sudo().create(
            [
                {
                    "takeover_id": self.id,
                    "table": row.table,
                    "column": row.column,
                    "id_column": row.id_column,
                    "odoo_model": row.odoo_model,
                    "shopify_type": row.shopify_type,
                    "count": row.count,
                    "samples": ", ".join(row.samples),
                }
                for row in Inspector(self.sudo().env).find()
                if (row.table, row.column, row.id_column) not in known
            ]
        )
        return True

    def action_check(self):
        """Gather the lines anew, and check each: nothing is linked."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if self.state in OPEN_STATES:
            raise UserError(self.env._("It is at work already."))
        if self.origin == "database":
            chosen = self.source_ids.filtered("chosen")
            if not chosen:
                raise UserError(self.env._("Choose at least one column to read."))
            for source in chosen:
                source._check_readable()
        if self.origin == "marks" and not (self.namespace and self.key):
            raise UserError(self.env._("Name the metafield's namespace and key."))
        # What was linked stays in History and in the links themselves.
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM shopify_takeover_line WHERE takeover_id = %s", [self.id]
        )
        self.env.invalidate_all()
        if self.origin == "file":
            self._read_file()
        self.write(
            {
                "state": "gathering",
                "place": False,
                "message": False,
                "troubles": 0,
            }
        )
        self._enqueue_step()
        return True

    def action_link(self):
        """Link the confirmed ones, each read once more before."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if self.state != "checked":
            raise UserError(self.env._("Check first what would be linked."))
        self.write({"state": "linking", "linked_by_id": self.env.uid, "troubles": 0})
        self._enqueue_step()
        return True

    def action_lines(self):
        """The lines of one verdict, or all."""
        self.ensure_one()
        verdict = self.env.context.get("shopify_verdict")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lines"),
            "res_model": "shopify.takeover.line",
            "view_mode": "list",
            "domain": [
                ("takeover_id", "=", self.id),
                *([("verdict", "=", verdict)] if verdict else []),
            ],
        }

    @api.ondelete(at_uninstall=False)
    def _check_idle(self):
        if self.filtered(lambda run: run.state in OPEN_STATES):
            raise UserError(self.env._("It is at work: wait until it is done."))

    # === THE JOB === #

    def _enqueue_step(self, wait=0):
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=int(wait) or None,
            identity_key=f"shopify/takeover/{self.id}",
            description=f"Shopify {self.backend_id.name}: take over links",
        )._step_job()

    def _step_job(self):
        """Job: work for a while, each lot committed; a successor has the rest."""
        self.ensure_one()
        backend = self.backend_id
        if not self._take():
            return
        if backend.state != "connected" or not backend._is_at_home():
            self.message = self.env._("The store isn't connected.")
            return
        wait = self._work_guarded()
        # pylint: disable=invalid-commit; the job allows it
        self.env.cr.commit()
        if wait is not None:
            self._enqueue_step(wait)

    def _take(self):
        self.flush_recordset()
        self.env.cr.execute(
            "SELECT id FROM shopify_takeover WHERE id = %s AND state = ANY(%s)"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [self.id, list(OPEN_STATES)],
        )
        return bool(self.env.cr.fetchone())

    def _work_guarded(self):
        """Seconds until it goes on; None when it is over."""
        stop_at = time.monotonic() + STEP_SECONDS
        try:
            with self.backend_id._client() as client:
                while self._step(client):
                    # pylint: disable=invalid-commit; the job allows it
                    self.env.cr.commit()  # a lot that is done stays done
                    if time.monotonic() > stop_at:
                        return 0
                    if not self._take():
                        return None
        except ThrottledError as error:
            return error.retry_after + 1
        except TransientError as error:
            return self._wait_for(error)
        except ShopifyError as error:
            self._stop(failures.render(remote_failure(self.backend_id, error)))
        return None

    def _wait_for(self, error):
        self.env.cr.rollback()
        self.troubles += 1
        self.message = failures.render(remote_failure(self.backend_id, error))
        if self.troubles > MOST_TROUBLES:
            self._stop(self.message)
            return None
        return min(2**self.troubles, 60)

    def _stop(self, message):
        """It ends here; what was checked may be linked, the rest checked again."""
        # What this lot has begun to write goes with it.
        self.env.cr.rollback()
        self._end_early(message)

    def _end_early(self, message):
        state = "checked" if self.state == "linking" else "draft"
        self.write({"state": state, "message": message})

    def _step(self, client):
        """Do the next lot. Whether there is more to do."""
        if self.state == "gathering":
            if not self._gather(client):
                self.state = "checking"
            return True
        lines = self._next_lot("confirmed" if self.state == "linking" else "waiting")
        if lines:
            self._judge(client, lines)
            return True
        if self.state == "checking":
            self._part_rivals()
        self.write(
            {
                "state": "checked" if self.state == "checking" else "done",
                "message": False,
                "troubles": 0,
            }
        )
        return False

    def _next_lot(self, verdict):
        lines = self.env["shopify.takeover.line"]
        domain = [("takeover_id", "=", self.id), ("verdict", "=", verdict)]
        # Products first: the links of their variants name them.
        for kind, _label in TYPES:
            part = lines.search(
                [*domain, ("shopify_type", "=", kind)],
                limit=self._lot_size(kind),
                order="id",
            )
            if part:
                return part
        return lines

    def _lot_size(self, kind):
        """As many as one request of that type holds."""
        return TakeoverJudge.lot(kind)

    def _judge(self, client, lines):
        judge = TakeoverJudge(self.backend_id, lines[0].shopify_type)
        said, nodes = judge.judge(client, lines)
        if self.state == "linking":
            said = judge.link(said, nodes)
        lines._keep_said(said)

    def _part_rivals(self):
        """Lines that were confirmed alone, and contradict each other: which of them is
        right only a person knows. Of lines that say the same one is enough."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE shopify_takeover_line l SET verdict = 'repeated' WHERE"
            " l.takeover_id = %(run)s AND l.verdict IN ('confirmed', 'linked')"
            " AND EXISTS ("
            "SELECT FROM shopify_takeover_line o WHERE o.takeover_id = %(run)s"
            " AND o.shopify_gid = l.shopify_gid AND o.found_id = l.found_id"
            " AND o.verdict IN ('confirmed', 'linked') AND o.id < l.id)",
            {"run": self.id},
        )
        for same, other in (("shopify_gid", "found_id"), ("found_id", "shopify_gid")):
            self.env.cr.execute(
                SQL(
                    "UPDATE shopify_takeover_line l SET verdict = 'contradicted',"
                    " why_fields = 'claimed_twice' WHERE l.takeover_id = %(run)s"
                    " AND l.verdict = 'confirmed' AND EXISTS ("
                    "SELECT FROM shopify_takeover_line o WHERE o.takeover_id = %(run)s"
                    " AND o.shopify_type = l.shopify_type AND o.%(same)s = l.%(same)s"
                    " AND o.%(other)s <> l.%(other)s AND (o.verdict IN ('confirmed',"
                    " 'linked') OR o.why_fields = 'claimed_twice'))",
                    run=self.id,
                    same=SQL.identifier(same),
                    other=SQL.identifier(other),
                )
            )
        self.env.invalidate_all()

    def _step_failed(self, exc_name=None, exc_message=None, exc_info=None):
        """queue_job's on-fail hook: the step itself broke, and would again."""
        self._end_early(f"{exc_name}: {exc_message}"[:500])
        self.backend_id._note_event("store", "defect", self.message)

    # === GATHERING === #

    def _gather(self, client):
        """Gather the next lot. Whether there is more."""
        if self.origin == "database":
            return self._gather_columns()
        if self.origin == "marks":
            return self._gather_marks(client)
        return False

    def _gather_columns(self):
        place = self.place or {}
        done = place.get("done", [])
        sources = self.source_ids.filtered(lambda s: s.chosen and s.id not in done)
        if not sources:
            return False
        source = sources[0]
        rows = source._rows(place.get("after"))
        self._add_lines([source._line(*row) for row in rows])
        if len(rows) < ROWS_A_LOT:
            self.place = {"done": [*done, source.id]}
        else:
            self.place = {"done": done, "after": list(rows[-1])}
        return True

    def _gather_marks(self, client):
        place = self.place or {"types": self._marked_types(), "after": None}
        if not place["types"]:
            return False
        kind, *later = place["types"]
        with self._withheld_is_said(kind) as read:
            answer = client.execute(
                MARKED[kind],
                {
                    "namespace": self.namespace,
                    "key": self.key,
                    "after": place["after"],
                },
            )
            page = answer.data[CONNECTIONS[kind]]
            read.append(page)
        page = read[0] if read else {"nodes": [], "pageInfo": {"hasNextPage": False}}
        self._add_lines(
            [
                self._mark_line(kind, node["id"], node["left"]["value"])
                for node in page["nodes"]
                if node and node["left"]
            ]
        )
        more = page["pageInfo"]["hasNextPage"]
        self.place = {
            "types": [kind, *later] if more else later,
            "after": page["pageInfo"]["endCursor"] if more else None,
        }
        return True

    def _marked_types(self):
        return ["Order"] if self.holds == "invoice" else [kind for kind, _l in TYPES]

    @contextmanager
    def _withheld_is_said(self, kind):
        """A type that we may not read is left out, and named."""
        try:
            yield []
        except AccessDeniedError as error:
            reason = failures.render(remote_failure(self.backend_id, error))
            self.message = f"{kind}: {reason}"

    def _mark_line(self, kind, gid, value):
        model = "account.move" if self.holds == "invoice" else takeover.MODELS[kind]
        source = f"{self.namespace}.{self.key}"
        return _line_values(source, kind, gid, model, value, value)


VERDICTS = {
    "waiting": "Not Checked Yet",
    "confirmed": "Would Be Linked",
    "contradicted": "Contradicted",
    "unverifiable": "Can't Be Verified",
    "refused": "Refused",
    "bad": "Unreadable",
    "linked": "Linked",
    "repeated": "Said Twice",
}


def _line_values(source, kind, gid_text, model, id_text, text):
    """Values of a line of which both IDs are texts; what is no ID stays, as unreadable."""
    values = {"source": source, "text": text, "shopify_type": kind, "odoo_model": model}
    try:
        gid = takeover.read_gid(gid_text, kind)
        number = str(id_text).strip().removesuffix(".0")
        if not number.isdecimal() or not 0 < int(number) < 2**31:
            raise takeover.BadText(takeover.NOT_A_NUMBER, value=str(id_text))
    except takeover.BadText as error:
        return values | {
            "verdict": "bad",
            "template": error.message,
            "params": error.params,
        }
    return values | {"verdict": "waiting", "shopify_gid": gid, "odoo_id": int(number)}


# What a source reads; only the inspection and a chosen field may say it.
NAMED = {"table", "column", "id_column", "odoo_model"}


class ShopifyTakeoverSource(models.Model):
    _name = "shopify.takeover.source"
    _description = "Column that May Hold Shopify IDs"
    _order = "takeover_id desc, count desc, id"
    _rec_name = "column"

    takeover_id = fields.Many2one(
        "shopify.takeover", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="takeover_id.company_id", store=True, index=True, precompute=True
    )
    chosen = fields.Boolean("Read It")
    field_id = fields.Many2one(
        "ir.model.fields",
        ondelete="set null",
        domain="[('model', 'in', ('product.template', 'product.product', 'res.partner',"
        " 'sale.order', 'account.move')), ('ttype', 'in', ('char', 'integer')),"
        " ('store', '=', True)]",
        help="A field of Odoo's own records that holds the Shopify ID.",
    )
    table = fields.Char(readonly=True)
    column = fields.Char(readonly=True)
    id_column = fields.Char("Odoo ID Is In", readonly=True)
    odoo_model = fields.Char(readonly=True)
    shopify_type = fields.Selection(TYPES, "What They Are")
    count = fields.Integer("Values", readonly=True)
    samples = fields.Char("For Instance", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Rows that a person adds name a field; what it is, follows from it."""
        for vals in vals_list:
            self._follow_field(vals)
            if not vals.get("field_id") and not self.env.su:
                raise UserError(self.env._("Choose the field that holds Shopify IDs."))
        return super().create(vals_list)

    def write(self, vals):
        if "field_id" in vals or NAMED & set(vals):
            self._follow_field(vals)
        return super().write(vals)

    def _follow_field(self, vals):
        """A person may name a field only: else any table could be read this way."""
        if NAMED & set(vals) and not self.env.su:
            raise UserError(
                self.env._("Tables are found by looking into the database only.")
            )
        if vals.get("field_id"):
            # sudo: the description of a field is no secret
            field = self.env["ir.model.fields"].sudo().browse(vals["field_id"])
            vals.update(self._of_field(field))
            vals.setdefault("chosen", True)
            if not vals.get("shopify_type"):
                table = self.env[field.model]._table
                guess = takeover.type_of_column(field.model, table, field.name)
                vals["shopify_type"] = guess or False

    def _of_field(self, field):
        model = self.env[field.model]
        known = model._fields[field.name]
        good = field.ttype in ("char", "integer") and known.store and not known.groups
        good = good and model.has_access("read")
        if not good or field.model not in STANDARD.values():
            raise UserError(
                self.env._("%s can't hold the Shopify ID.", field.display_name)
            )
        return {
            "table": model._table,
            "column": field.name,
            "id_column": "id",
            "odoo_model": field.model,
        }

    def _check_readable(self):
        if not self.shopify_type or not fits(self.shopify_type, self.odoo_model):
            raise UserError(
                self.env._(
                    "Say what the IDs in %(table)s.%(column)s are.",
                    table=self.table,
                    column=self.column,
                )
            )

    def _rows(self, after):
        """[(Odoo ID, value)], the next lot."""
        return read_column(
            self.env, self.table, self.column, self.id_column, after, ROWS_A_LOT
        )

    def _line(self, odoo_id, value):
        source = f"{self.table}.{self.column}"
        # Any column may be named: what is no Shopify ID is nobody's here to read.
        if not re.match(IS_AN_ID, value):
            value = "?"
        return _line_values(
            source,
            self.shopify_type,
            value,
            self.odoo_model,
            odoo_id,
            f"{value} | {odoo_id}",
        )


class ShopifyTakeoverLine(models.Model):
    _name = "shopify.takeover.line"
    _description = "Link Claimed by Another Connector"
    _order = "takeover_id desc, line, id"
    _rec_name = "text"

    takeover_id = fields.Many2one(
        "shopify.takeover", required=True, index=True, ondelete="cascade"
    )
    backend_id = fields.Many2one(
        related="takeover_id.backend_id", store=True, precompute=True
    )
    company_id = fields.Many2one(
        related="takeover_id.company_id", store=True, index=True, precompute=True
    )
    line = fields.Integer(help="Of the file, the header being line 1.")
    source = fields.Char(readonly=True)
    text = fields.Char("As Found", readonly=True)
    shopify_type = fields.Selection(TYPES, "Record", readonly=True)
    shopify_gid = fields.Char("Shopify ID", readonly=True)
    name_there = fields.Char("In Shopify", readonly=True)
    odoo_model = fields.Char(readonly=True)
    odoo_id = fields.Many2oneReference(
        "Odoo ID", model_field="odoo_model", readonly=True
    )
    found_id = fields.Integer(
        "Record's Odoo ID", readonly=True, help="The record that it leads to."
    )
    name_here = fields.Char("In Odoo", readonly=True)
    verdict = fields.Selection(
        list(VERDICTS.items()), required=True, default="waiting", readonly=True
    )
    why = fields.Char(compute="_compute_why")
    why_fields = fields.Char(readonly=True)
    reason_code = fields.Char(readonly=True)
    template = fields.Char(readonly=True)
    params = fields.Json()

    _by_verdict = models.Index("(takeover_id, verdict, shopify_type, id)")
    _by_gid = models.Index("(takeover_id, shopify_gid)")
    _by_record = models.Index("(takeover_id, found_id)")

    @api.depends("why_fields", "reason_code", "template", "params", "verdict")
    @api.depends_context("lang")
    def _compute_why(self):
        for line in self:
            line.why = line._why()

    def _why(self):
        if self.reason_code:
            failure = failures.Failure(self.reason_code, self.params or {})
            name = self.name_there or self.shopify_gid
            values = failures.message_values(failure, name)
            template = self.env._(failure.reason.message)
            return template % values
        if self.template:
            template = self.env._(self.template)
            return template % (self.params or {})
        said = (self.why_fields or "").split(",")
        labels = takeover.FIELD_LABELS
        names = [self.env._(labels[name]) for name in said if name in labels]
        parts = [
            self.env._(takeover.STATEMENTS[name])
            for name in said
            if name in takeover.STATEMENTS
        ]
        if names and self.verdict == "unverifiable":
            parts.append(self.env._("nothing to compare: %s", ", ".join(names)))
        elif names:
            parts.append(self.env._("differs: %s", ", ".join(names)))
        return "; ".join(parts) or False

    def _keep_said(self, said):
        """said: {line: Said}"""
        for line, each in said.items():
            line.write(
                {
                    "verdict": each.verdict,
                    "why_fields": ",".join(each.fields) or False,
                    "template": each.message or False,
                    "reason_code": each.failure.code if each.failure else False,
                    "params": dict(each.failure.params) if each.failure else False,
                    "found_id": each.odoo_id,
                    "name_there": each.there,
                    "name_here": each.here,
                }
            )

    def action_choose(self):
        """A person decides: the wizard that links by hand, with what is claimed."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        if not self.shopify_gid or self.verdict in ("linked", "repeated"):
            raise UserError(self.env._("There is nothing to decide here."))
        choice = {
            "Product": "template_id",
            "ProductVariant": "product_id",
            "Customer": "partner_id",
            "Order": "order_id",
        }[self.shopify_type]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link by hand"),
            "res_model": "shopify.relink.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_backend_id": self.backend_id.id,
                "default_shopify_type": self.shopify_type,
                "default_shopify_gid": self.shopify_gid,
                "default_mode": "relink",
                f"default_{choice}": self.found_id or False,
            },
        }


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _wake(self):
        done = super()._wake()
        self._wake_takeovers()
        return done

    def _wake_takeovers(self):
        # sudo: the minute cron goes on with a run whose job was lost
        runs = self.env["shopify.takeover"].sudo()
        for run in runs.search(
            [("backend_id", "=", self.id), ("state", "in", OPEN_STATES)]
        ):
            run._enqueue_step()
