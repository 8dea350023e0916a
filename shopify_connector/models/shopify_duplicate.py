"""Records that look as if they had been made twice since a store went live.

One statement a kind, from the links outward along indexes; of each pair at least one
record is linked to the store. Nothing is merged here: a person sees both side by side and
opens the wizard that keeps the links, or says that they are two.
"""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from .roles import OPERATOR, check_role
from .shopify_match_key import key_sql

# New pairs of a kind and look: more than these is one cause, seen after some.
PAIRS_A_LOOK = 500
KINDS = [
    ("reference", "Same order reference"),
    ("amount", "Same buyer, amount and minute"),
    ("email", "Same e-mail"),
    ("sku", "Same SKU"),
    ("barcode", "Same barcode"),
]
MODELS = {
    "reference": "sale.order",
    "amount": "sale.order",
    "email": "res.partner",
    "sku": "product.product",
    "barcode": "product.product",
}
# Each gives the IDs of both records and the value that they share: `a` is linked to the
# store, `b` may be linked to it too, never to another store only.
_ORDERS = """
    FROM shopify_sale_order l
    JOIN sale_order a ON a.id = l.sale_order_id AND a.state <> 'cancel'
    JOIN sale_order b ON {same} AND b.id <> a.id AND b.state <> 'cancel'
     AND b.company_id = a.company_id
    LEFT JOIN shopify_sale_order m ON m.sale_order_id = b.id
   WHERE l.backend_id = %(backend)s AND {others}
     AND (m.id IS NULL OR m.backend_id = l.backend_id)
     AND greatest(a.create_date, b.create_date) >= %(since)s
"""
_VARIANTS = """
    FROM shopify_product_product l
    JOIN product_product a ON a.id = l.odoo_id AND a.active
    JOIN product_template s ON s.id = a.product_tmpl_id
    JOIN product_product b ON {same} AND b.id <> a.id AND b.active
    JOIN product_template t ON t.id = b.product_tmpl_id
     AND (t.company_id IS NULL OR t.company_id = %(company)s)
   WHERE l.backend_id = %(backend)s AND {key} <> ''
     AND greatest(a.create_date, b.create_date) >= %(since)s
"""


def _same(key):
    return f"{key_sql(key, 'b')} = {key_sql(key, 'a')} AND {key_sql(key, 'b')} <> ''"


_QUERIES = {
    "reference": (
        key_sql("reference", "a"),
        _ORDERS.format(
            same=_same("reference"), others=f"{key_sql('reference', 'a')} <> ''"
        ),
    ),
    # Two orders of Shopify may well be alike; one of Shopify and one that isn't, hardly.
    "amount": (
        "a.amount_total::text",
        _ORDERS.format(
            same="b.partner_id = a.partner_id AND b.amount_total = a.amount_total"
            " AND b.currency_id = a.currency_id"
            " AND date_trunc('minute', b.date_order) = date_trunc('minute', a.date_order)",
            others="m.id IS NULL AND a.amount_total <> 0",
        ),
    ),
    # Neither a company and its people, nor the addresses of one: they share an e-mail.
    "email": (
        key_sql("email", "a"),
        f"""
    FROM shopify_res_partner l
    JOIN res_partner a ON a.id = l.odoo_id AND a.active
    JOIN res_partner b ON {_same("email")} AND b.id <> a.id AND b.active
     AND b.type = 'contact'
     AND (b.company_id IS NULL OR b.company_id = %(company)s)
   WHERE l.company_id = %(company)s AND l.backend_id = %(backend)s
     AND l.kind = 'customer' AND a.type = 'contact'
     AND {key_sql("email", "a")} <> ''
     AND b.commercial_partner_id <> a.commercial_partner_id
     AND greatest(a.create_date, b.create_date) >= %(since)s
""",
    ),
    "sku": (
        key_sql("sku", "a"),
        _VARIANTS.format(same=_same("sku"), key=key_sql("sku", "a")),
    ),
    "barcode": (
        key_sql("barcode", "a"),
        _VARIANTS.format(same=_same("barcode"), key=key_sql("barcode", "a")),
    ),
}
_NEW = """
SELECT DISTINCT least(a.id, b.id), greatest(a.id, b.id), {key} {query}
   AND NOT EXISTS (
       SELECT FROM shopify_duplicate d WHERE d.kind = %(kind)s
          AND d.record_a = least(a.id, b.id) AND d.record_b = greatest(a.id, b.id)
          AND d.state <> 'settled')
 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""
_STILL = """
SELECT DISTINCT d.id FROM (SELECT least(a.id, b.id) AS low, greatest(a.id, b.id) AS high
 {query} AND (a.id = ANY(%(ids)s))) v
 JOIN shopify_duplicate d ON d.record_a = v.low AND d.record_b = v.high
  AND d.id = ANY(%(rows)s)
"""


class ShopifyDuplicate(models.Model):
    _name = "shopify.duplicate"
    _description = "Record that Looks Made Twice"
    _order = "id desc"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(KINDS, "Why", required=True, readonly=True)
    key = fields.Char("Both Have", readonly=True)
    model = fields.Char(required=True, readonly=True)
    record_a = fields.Many2oneReference(
        "Odoo ID A", model_field="model", required=True, readonly=True
    )
    record_b = fields.Many2oneReference(
        "Odoo ID B", model_field="model", required=True, readonly=True
    )
    name_a = fields.Char("The Older", compute="_compute_sides")
    name_b = fields.Char("The Newer", compute="_compute_sides")
    link_a = fields.Char("Older Is Linked To", compute="_compute_sides")
    link_b = fields.Char("Newer Is Linked To", compute="_compute_sides")
    sides = fields.Html("Side by Side", compute="_compute_sides", sanitize=False)
    then = fields.Char("What To Do", compute="_compute_sides")
    state = fields.Selection(
        [
            ("todo", "To Decide"),
            ("two", "Not a Duplicate"),
            ("settled", "Settled"),
        ],
        default="todo",
        required=True,
        readonly=True,
        index=True,
        help="Settled: merged, archived, cancelled, or no longer alike.",
    )
    reason = fields.Char(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    _pair = models.UniqueIndex(
        "(kind, record_a, record_b)", "This pair is in the list already."
    )

    @api.depends("kind", "key")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{labels.get(row.kind, '')}: {row.key or ''}"

    # === SIDE BY SIDE === #

    def _records(self):
        """(older, newer) as far as they exist."""
        records = self.env[self.model].browse([self.record_a, self.record_b])
        return records[0].exists(), records[1].exists()

    @api.depends("model", "record_a", "record_b")
    @api.depends_context("uid", "lang")
    def _compute_sides(self):
        for row in self:
            pair = [record._filtered_access("read") for record in row._records()]
            links = [row._links(record) for record in pair]
            row.name_a, row.name_b = (
                record.with_context(active_test=False).display_name or False
                for record in pair
            )
            row.link_a, row.link_b = (
                ", ".join(found.mapped("shopify_gid")) or False for found in links
            )
            row.sides = row._sides_table(pair, links)
            row.then = row._advice(links)

    def _links(self, record):
        """The links of this record, in any store."""
        name = {
            "sale.order": "shopify.sale.order",
            "res.partner": "shopify.res.partner",
            "product.product": "shopify.product.product",
        }[self.model]
        links = self.env[name]
        domain = [(links._record_field, "in", record.ids), ("shopify_gid", "!=", False)]
        return links.search(domain) if record else links

    def _sides_table(self, pair, links):
        rows = [(self.env._("Odoo ID"), *(record.id or "–" for record in pair))]
        for name in IDENTITY[self.model]:
            field = self.env[self.model]._fields[name]
            label = field._description_string(self.env)
            rows.append((label, *(_shown(record, name) for record in pair)))
        rows.append(
            (
                self.env._("Linked to"),
                *(", ".join(found.mapped("shopify_gid")) or "–" for found in links),
            )
        )
        head = Markup("<tr><th></th><th>%s</th><th>%s</th></tr>") % (
            self.env._("The older"),
            self.env._("The newer"),
        )
        body = Markup("").join(
            Markup("<tr%s><th>%s</th><td>%s</td><td>%s</td></tr>")
            % (
                Markup(' class="table-success"') if _same_text(a, b) else "",
                label,
                a,
                b,
            )
            for label, a, b in rows
        )
        return Markup('<table class="table table-sm">%s%s</table>') % (head, body)

    def _advice(self, links):
        both = all(links)
        if self.model == "res.partner":
            return self.env._(
                "Merge: Odoo's own wizard moves everything to the contact that is kept, "
                "its links with it. Two customers of one store are merged only if you "
                "say there that they are one person."
            )
        if both:
            return self.env._(
                "Both are linked, so Shopify has two as well: unlink or relink one, or "
                "say that they are two."
            )
        if self.model == "sale.order":
            return self.env._(
                "Keep one: its link is moved there, line by line, if it has none. The "
                "other order stays as it is until you cancel it yourself."
            )
        return self.env._(
            "Keep one: the link is moved there, if it has none. The other product stays "
            "as it is until you archive it yourself."
        )

    # === ACTS === #

    def _check_open(self):
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        if self.state != "todo":
            raise UserError(self.env._("It is decided already."))

    def action_keep_a(self):
        return self._keep(0)

    def action_keep_b(self):
        return self._keep(1)

    def _keep(self, place):
        """Open what lets the pair become one: nothing is changed by this."""
        self._check_open()
        pair = self._records()
        if not all(pair):
            self._settle()
            return None
        kept, other = pair[place], pair[1 - place]
        if self.model == "res.partner":
            return self._merge_wizard(kept, other)
        links = self._links(kept), self._links(other)
        if links[1] and not links[0]:
            return self._relink_wizard(kept, links[1][0])
        # The link is where it shall be: what remains is the person's own act.
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": other.id,
            "view_mode": "form",
        }

    def _merge_wizard(self, kept, other):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge contacts"),
            "res_model": "base.partner.merge.automatic.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "active_model": "res.partner",
                "active_ids": [kept.id, other.id],
                "shopify_keep_partner_id": kept.id,
            },
        }

    def _relink_wizard(self, kept, link):
        action = link.action_relink()
        choice = "order_id" if self.model == "sale.order" else "product_id"
        action["context"] |= {"default_mode": "relink", f"default_{choice}": kept.id}
        return action

    def action_two(self):
        """They are two: ask why, and remember it."""
        for row in self:
            row._check_open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Not a duplicate"),
            "res_model": "shopify.duplicate.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_duplicate_ids": self.ids},
        }

    def _are_two(self, reason):
        for row in self:
            row._check_open()
        # sudo: rows are written by the connector; who decides was checked
        self.sudo().write(
            {
                "state": "two",
                "reason": reason,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )

    def action_recheck(self):
        """Look whether these still look alike."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        self.sudo()._recheck()
        return True

    # === LOOKING === #

    def _recheck(self):
        """Settle what was merged, archived or cancelled, or isn't alike any more."""
        self.env.flush_all()
        for (backend, kind), rows in (
            self.filtered(lambda row: row.state == "todo")
            .grouped(lambda row: (row.backend_id, row.kind))
            .items()
        ):
            _key, query = _QUERIES[kind]
            self.env.cr.execute(
                _STILL.format(query=query),
                self._names(backend)
                | {
                    "ids": [*rows.mapped("record_a"), *rows.mapped("record_b")],
                    "rows": rows.ids,
                },
            )
            still = {id for (id,) in self.env.cr.fetchall()}
            rows.filtered(lambda row, still=still: row.id not in still)._settle()

    def _settle(self):
        self.sudo().write({"state": "settled", "decided_at": fields.Datetime.now()})

    @api.model
    def _names(self, backend):
        return {
            "backend": backend.id,
            "company": backend.company_id.id,
            "since": backend.connected_at or fields.Datetime.now(),
            "most": PAIRS_A_LOOK,
        }

    @api.model
    def _look(self, backend):
        """Find pairs, one statement a kind. -> the new rows"""
        self.env.flush_all()
        found = self.browse()
        for kind, (key, query) in _QUERIES.items():
            self.env.cr.execute(
                _NEW.format(key=key, query=query), self._names(backend) | {"kind": kind}
            )
            found |= self._keep_pairs(backend, kind, self.env.cr.fetchall())
        return found

    def _keep_pairs(self, backend, kind, pairs):
        known = {
            (row.record_a, row.record_b): row
            for row in self.search(
                [
                    ("kind", "=", kind),
                    ("record_a", "in", [pair[0] for pair in pairs]),
                    ("state", "=", "settled"),
                ]
            )
        }
        again = self.browse()
        values = []
        for a, b, key in pairs:
            if (a, b) in known:
                again |= known[a, b]
                continue
            values.append(
                {
                    "backend_id": backend.id,
                    "kind": kind,
                    "key": key,
                    "model": MODELS[kind],
                    "record_a": a,
                    "record_b": b,
                }
            )
        again.write({"state": "todo", "decided_at": False})
        return again | self.create(values)


# What tells two records of a model apart, for people.
IDENTITY = {
    "sale.order": (
        "name",
        "client_order_ref",
        "partner_id",
        "date_order",
        "amount_total",
        "state",
        "create_date",
    ),
    "res.partner": (
        "name",
        "email",
        "phone",
        "street",
        "city",
        "parent_id",
        "create_date",
    ),
    "product.product": (
        "display_name",
        "default_code",
        "barcode",
        "list_price",
        "create_date",
    ),
}


def _same_text(a, b):
    """Both say the same, as keys are compared; an empty one says nothing."""
    a, b = str(a).strip().casefold(), str(b).strip().casefold()
    return a == b and a not in ("", "–")


def _shown(record, name):
    if not record:
        return "–"
    field = record._fields[name]
    value = record[name]
    if value and name in ("name", "display_name"):
        link = Markup('<a href="/odoo/%s/%s">%s</a>')
        return link % (record._name, record.id, value)
    if field.type == "datetime":
        return value and format_datetime(record.env, value) or ""
    if name in ("list_price", "amount_total"):
        return record.currency_id.format(value)
    if field.type == "selection":
        value = dict(field._description_selection(record.env)).get(value)
    return field.convert_to_display_name(value, record) or ""


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    duplicate_count = fields.Integer(
        "Look Made Twice", compute="_compute_duplicate_count"
    )
    duplicate_activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", copy=False
    )

    @api.depends_context("uid")
    def _compute_duplicate_count(self):
        counts = dict(
            self.env["shopify.duplicate"]._read_group(
                [("backend_id", "in", self.ids), ("state", "=", "todo")],
                ["backend_id"],
                ["__count"],
            )
        )
        for backend in self:
            backend.duplicate_count = counts.get(backend, 0)

    @api.model
    def _cron_duplicates(self):
        self._for_each_store(
            lambda backend: backend._look_for_duplicates(),
            [("connected_at", "!=", False)],
        )

    def action_look_for_duplicates(self):
        check_role(self.env, OPERATOR)
        self.check_access("read")
        for backend in self:
            backend.sudo()._look_for_duplicates()
        return self.action_duplicates()

    def action_duplicates(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_duplicate"
        )
        return action | {"domain": [("backend_id", "in", self.ids)]}

    def _look_for_duplicates(self):
        """Settle what is settled, find what is new, and tell the manager of that."""
        self.ensure_one()
        rows = self.env["shopify.duplicate"]
        rows.search([("backend_id", "=", self.id), ("state", "=", "todo")])._recheck()
        new = rows._look(self)
        if new:
            self._tell_of_duplicates(new)
        elif not self.duplicate_count:
            self.duplicate_activity_id.unlink()

    def _tell_of_duplicates(self, new):
        user = self._duplicate_reader()
        if not user:
            return
        text = self.env._(
            "%(count)s new: %(names)s",
            count=len(new),
            names=", ".join(new[:5].mapped("display_name")),
        )
        # Odoo keeps one that was done, archived: that is no longer a reminder.
        if self.duplicate_activity_id.active:
            self.duplicate_activity_id.note = text
            return
        # No e-mail: it is in the overview as well.
        store = self.with_context(mail_activity_quick_update=True)
        self.duplicate_activity_id = store.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Records that look made twice"),
            note=text,
            user_id=user.id,
        )

    def _duplicate_reader(self):
        """A manager of this company: whoever looks after a flow of the store, if he is
        one, else the first."""
        managers = self.env.ref("shopify_connector.group_manager").all_user_ids
        managers = managers.filtered(
            lambda user: user.active and self.company_id in user.company_ids
        )
        owners = self.flow_ids.owner_id & managers
        return (owners or managers.sorted("id"))[:1]
