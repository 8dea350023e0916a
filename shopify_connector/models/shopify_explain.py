"""Explain: what happened to one record on both sides, why, and what to do now."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, format_datetime, format_time, groupby

from ..core import explain, search
from ..core.explain import Saying
from .account_move import INVOICES
from .explain_reader import ExplainReader
from .shopify_record import USERS

CHOICES = 20


# pylint: disable-next=no-wizard-in-models; a page that tells, it asks for nothing
class ShopifyExplain(models.TransientModel):
    """Keeps only what it was asked for; the story is told anew each time it is shown."""

    _name = "shopify.explain"
    _description = "Explain a Shopify Record"
    _rec_name = "title"

    query = fields.Char(
        "What Should Be Explained?",
        help="Any ID, number or address: 1042, #1042, S00042, sale.order 42, an e-mail, a "
        "SKU, gid://shopify/Order/4711, or a pasted address of Shopify's admin.",
    )
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    subject_type = fields.Char(readonly=True)
    subject_key = fields.Char(readonly=True)

    title = fields.Char(compute="_compute_story")
    story = fields.Html(compute="_compute_story", sanitize=False)
    amounts = fields.Html(compute="_compute_story", sanitize=False)
    is_empty = fields.Boolean(compute="_compute_story")
    is_in_odoo = fields.Boolean(compute="_compute_story")
    choice_ids = fields.Many2many(
        "shopify.sync", string="Which One?", compute="_compute_story"
    )
    open_id = fields.Many2one("shopify.sync", compute="_compute_story")
    open_message = fields.Char(related="open_id.message", related_sudo=False)
    open_missing = fields.Char(related="open_id.missing", related_sudo=False)
    open_retry_text = fields.Char(related="open_id.retry_text", related_sudo=False)
    open_state = fields.Selection(related="open_id.state", related_sudo=False)
    open_next = fields.Datetime(related="open_id.next_attempt_at", related_sudo=False)
    open_owner_id = fields.Many2one(related="open_id.owner_id", related_sudo=False)
    fix_label = fields.Char(related="open_id.fix_label", related_sudo=False)

    @api.depends("query", "res_model", "res_id", "subject_type", "subject_key")
    @api.depends_context("uid", "lang", "tz", "allowed_company_ids")
    def _compute_story(self):
        for page in self:
            reader = ExplainReader(self.env)
            topic, choices = page._topic(reader)
            page.choice_ids = choices
            page.title, page.story, page.amounts = False, False, False
            page.open_id = False
            page.is_empty, page.is_in_odoo = False, False
            if topic:
                page._tell(reader, topic)
            elif not choices:
                page.is_empty = bool((page.query or "").strip())

    @api.depends("title")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for page in self:
            page.display_name = page.title or self.env._("Explain")

    # === WHICH RECORD === #

    def _topic(self, reader):
        """-> (Topic or None, the syncs to choose from where several fit)"""
        none = self.env["shopify.sync"]
        if self.res_model in EXPLAINED and self.res_id:
            return reader.of_record(self.env[self.res_model].browse(self.res_id)), none
        if self.subject_type and self.subject_key:
            return reader.of_subject(self.subject_type, self.subject_key), none
        text = (self.query or "").strip()
        if not text:
            return None, none
        return self._topic_of_text(reader, text)

    def _topic_of_text(self, reader, text):
        terms = search.parse_search(text)
        for term in terms:
            if term.kind == "gid":
                topic = reader.of_subject(term.type, term.value)
                if topic.record or reader.is_known(topic):
                    return topic, self.env["shopify.sync"]
            if term.kind == "odoo_id" and term.type in EXPLAINED:
                record = self.env[term.type].browse(int(term.value)).exists()
                if record:
                    return reader.of_record(record), self.env["shopify.sync"]
        return self._topic_of_rows(reader, self._rows_of_text(text, terms))

    def _rows_of_text(self, text, terms):
        """Syncs that fit; only those that fit exactly, where there are such."""
        rows = self.env["shopify.sync"]
        found = rows.search([("anything", "=", text)], limit=10 * CHOICES)
        names = {text.lower()}
        names |= {term.value.lower() for term in terms if term.kind == "order_name"}
        exact = found.filtered(lambda row: (row.record_name or "").lower() in names)
        return exact or found

    def _topic_of_rows(self, reader, rows):
        """One row a record: its syncs of several ways are one choice."""
        records = rows._odoo_records()
        by_record = {}
        for row in rows:
            record = records[row]
            about = (record._name, record.id) if record else None
            by_record.setdefault(about or (row.subject_type, row.subject_key), row)
        if len(by_record) == 1:
            [row] = by_record.values()
            topic = reader.of_subject(row.subject_type, row.subject_key)
            return topic, rows.browse()
        chosen = [row.id for row in by_record.values()][:CHOICES]
        return None, rows.browse(chosen)

    # === TOLD === #

    def _tell(self, reader, topic):
        steps, is_cut = reader.steps(topic)
        rows = reader.open_rows(topic)
        record = topic.record
        [first] = [*topic.subjects.items()][:1] or [(("", ""), "")]
        names = [step.record for step in steps if step.relation == "itself"]
        self.title = record.display_name if record else (names or [first[0][1]])[-1]
        self.is_in_odoo = bool(record)
        self.open_id = rows[:1]
        render = self.env["ir.qweb"]._render
        self.story = render(
            "shopify_connector.explain_story",
            {
                "days": self._days(steps),
                "is_cut": is_cut,
                "more": rows[1:],
                "words": self._words(),
            },
        )
        told = [self._amounts(*each) for each in reader.amounts(topic)]
        if told:
            self.amounts = render("shopify_connector.explain_amounts", {"orders": told})

    def _words(self):
        return {
            "sides": {
                "shopify": self.env._("Shopify"),
                "odoo": self.env._("Odoo"),
                "person": self.env._("Person"),
                "store": self.env._("Store"),
            },
            "relations": {
                "customer": self.env._("Customer"),
                "product": self.env._("Product"),
                "delivery": self.env._("Delivery"),
                "order": self.env._("Order"),
                "stock": self.env._("Stock"),
            },
        }

    def _days(self, steps):
        """[(day, its steps in words)]"""

        def day(step):
            return fields.Datetime.context_timestamp(self, step.at).date()

        return [
            (format_date(self.env, each), [self._in_words(step) for step in part])
            for each, part in groupby(steps, day)
        ]

    def _in_words(self, step):
        return {
            "time": format_time(self.env, step.at, tz=self._tz(), time_format="HH:mm"),
            "side": step.side,
            "tone": step.tone,
            "relation": step.relation,
            "record": step.record,
            "said": self._say(step.said),
            "details": [
                self._say(each) for each in (*step.details, step.repeated) if each
            ],
            "changes": [
                [name, *("–" if each in (None, "") else each for each in values)]
                for name, *values in step.changes or ()
            ],
            "is_hidden": step.changes is None,
        }

    def _tz(self):
        return self.env.context.get("tz") or self.env.user.tz or "UTC"

    def _say(self, saying):
        """In the reader's language and time zone."""
        values = {name: self._value(each) for name, each in saying.values.items()}
        template = self.env._(saying.text)
        return template % values

    def _value(self, value):
        if isinstance(value, Saying):
            return self._say(value)
        if hasattr(value, "isoformat"):
            return format_datetime(self.env, value, tz=self._tz(), dt_format="short")
        return value

    def _amounts(self, link, told):
        return {
            "name": link.name,
            "order": link.sale_order_id.name,
            "currency": link.sale_order_id.currency_id.name,
            "told": told,
            "rows": [
                {
                    "row": row,
                    "kind": self.env._(explain.KINDS.get(row.kind, row.kind)),
                    "why": [self._say(each) for each in row.why],
                }
                for row in told.rows
            ],
        }

    # === ACTS === #

    @api.model
    def _open(self, **values):
        """The page of what these values name."""
        page = self.create(values)
        return page._shown()

    def _shown(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_explain"
        )
        name = self.title and self.env._("Explain: %s", self.title)
        return action | {"res_id": self.id, **({"name": name} if name else {})}

    def action_explain(self):
        """Tell of what was typed, whatever was told before."""
        self.ensure_one()
        empty = {"res_model": False, "res_id": False}
        self.write(empty | {"subject_type": False, "subject_key": False})
        return self._shown()

    def action_fix(self):
        return self._open_row().action_fix()

    def action_retry(self):
        return self._open_row().action_retry()

    def action_open_row(self):
        return self._form_of(self._open_row())

    def _open_row(self):
        self.ensure_one()
        if not self.open_id:
            raise UserError(self.env._("Nothing of it is stopped any more."))
        return self.open_id

    def _form_of(self, row):
        return {
            "type": "ir.actions.act_window",
            "res_model": row._name,
            "res_id": row.id,
            "views": [(False, "form")],
            "name": row.record_name or row.subject_key,
        }

    def action_open_record(self):
        """The record in Odoo."""
        topic, _choices = self._topic(ExplainReader(self.env))
        if topic is None or not topic.record:
            raise UserError(
                self.env._("Odoo has no such record, or you may not see it.")
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": topic.record._name,
            "res_id": topic.record.id,
            "views": [(False, "form")],
        }


# === WHERE IT IS ASKED FOR === #

EXPLAINED = (
    "sale.order",
    "account.move",
    "stock.picking",
    "res.partner",
    "product.template",
    "product.product",
)


class ShopifyRecord(models.AbstractModel):
    _inherit = "shopify.record"

    def action_shopify_explain(self):
        """This record's story, on both sides."""
        self.ensure_one()
        return self.env["shopify.explain"]._open(res_model=self._name, res_id=self.id)


class AccountMove(models.Model):
    _inherit = "account.move"

    shopify_is_known = fields.Boolean(
        compute="_compute_shopify_is_known",
        groups=USERS,
        help="It was made for an order that came from Shopify.",
    )

    @api.depends_context("uid")
    def _compute_shopify_is_known(self):
        for move in self:
            move.shopify_is_known = move.move_type in INVOICES and bool(
                self.env["shopify.sale.order"]._of_invoices(move)
            )

    def action_shopify_explain(self):
        """The story of its order."""
        self.ensure_one()
        return self.env["shopify.explain"]._open(res_model=self._name, res_id=self.id)


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def action_explain(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["shopify.explain"]._open(
            subject_type=self.subject_type, subject_key=self.subject_key
        )


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    def action_explain(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["shopify.explain"]._open(
            subject_type=self._shopify_type, subject_key=self.shopify_gid
        )
