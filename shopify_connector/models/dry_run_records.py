"""What a transaction has made and changed in Odoo so far, told for people.

New records are found by their IDs: within one snapshot, whatever has a higher ID than
the highest before is ours. Of known records the fields that people know are compared.
"""

import re

from odoo.tools import SQL

from .shopify_mark import LINKS

# A number that a preview draws instead of a sequence's, see shopify_dry_run.
NEW = re.compile(r"\(new \d+\)")
# Books of the server itself, and details of a record that is told anyway.
UNTOLD = (
    "base.",
    "bus.",
    "digest.",
    "ir.",
    "mail.",
    "queue.",
    "res.config",
    "res.groups",
    "res.users",
    "shopify.",
    "web",
)
DETAILS = {
    "account.move.line",
    "product.template.attribute.line",
    "product.template.attribute.value",
    "product.value",
    "sale.order.line",
    "stock.move",
    "stock.move.line",
    "stock.quant",
    "stock.reference",
}
# States in which a new record counts as posted or done.
POSTED = {"account.move": "posted", "stock.picking": "done", "account.payment": "paid"}
# Fields that are compared of what a link points to, and of what belongs to it.
FIELDS = {
    "sale.order": (
        "state",
        "partner_id",
        "partner_invoice_id",
        "partner_shipping_id",
        "commitment_date",
        "amount_tax",
        "amount_total",
    ),
    "sale.order.line": ("name", "product_uom_qty", "price_unit", "discount"),
    "stock.picking": ("state", "carrier_tracking_ref"),
    "product.template": ("name", "list_price", "description_sale", "active"),
    "product.product": ("default_code", "barcode", "lst_price", "active"),
    "res.partner": (
        "name",
        "email",
        "phone",
        "street",
        "street2",
        "zip",
        "city",
        "state_id",
        "country_id",
        "vat",
        "active",
    ),
    "stock.warehouse": ("name",),
    "product.tag": ("name",),
}
PARTS = {
    "sale.order": ("partner_id", "order_line", "picking_ids"),
    "product.template": ("product_variant_ids",),
    "res.partner": ("child_ids",),
}


class RecordWatch:
    """Looks at a transaction before and after something is done in it."""

    def __init__(self, env, backend):
        # sudo: to tell of a record that the sync user may write but not read
        self.env = env(su=True)
        self.backend = backend
        self.links = sorted(
            name
            for name in env.registry.descendants(["shopify.binding"], "_inherit")
            if not env[name]._abstract
        )
        self.tops = self._tops()

    # --- What is new ---

    def _watched(self):
        for name, model in self.env.registry.items():
            if model._abstract or model._transient or not model._auto:
                continue
            if model._table_query is not None:
                continue
            if not name.startswith(UNTOLD):
                yield name
        yield from self.links
        yield "shopify.trigger"

    def _tops(self):
        """{model: its highest ID}, one look into each primary key."""
        parts = [
            SQL(
                "SELECT %s::text, coalesce(max(id), 0) FROM %s",
                name,
                SQL.identifier(self.env[name]._table),
            )
            for name in sorted(set(self._watched()))
        ]
        return dict(self.env.execute_query(SQL(" UNION ALL ").join(parts)))

    def made(self):
        """{model: its new records}"""
        self.env.flush_all()
        found = {}
        for name, top in self._tops().items():
            if top > self.tops[name] and name not in DETAILS:
                model = self.env[name].with_context(active_test=False)
                found[name] = model.search([("id", ">", self.tops[name])], order="id")
        return found

    def sections(self):
        """What was made, as sections of a preview."""
        made = self.made()
        records, posted = [], []
        for name, rows in made.items():
            if name.startswith("shopify."):
                continue
            for record in rows:
                is_posted = name in POSTED and record.state == POSTED[name]
                (posted if is_posted else records).append(
                    [f"model:{name}", told(record)]
                )
        bound = [
            [f"model:{name}", link.shopify_gid or "", self._linked(link)]
            for name in self.links
            for link in made.get(name, ())
        ]
        asked = [
            (self._about(trigger), f"flow:{trigger.flow}/{trigger.direction}")
            for trigger in made.get("shopify.trigger", ())
        ]
        asked = sorted(dict.fromkeys(asked))
        return [
            {"kind": kind, "rows": [list(row) for row in rows]}
            for kind, rows in (
                ("records", records),
                ("posted", posted),
                ("bound", bound),
                ("next", asked),
            )
            if rows
        ]

    def _about(self, trigger):
        if trigger.direction != "out":
            return trigger.subject_key
        record = self.env[trigger.subject_type].browse(int(trigger.subject_key))
        return plain(record.display_name or "")

    def _linked(self, link):
        """The record behind it; with its ID, unless that one is new too."""
        record = link._marked_records()[link]
        if not record:
            return ""
        name = plain(record.display_name or "")
        is_new = record.id > self.tops.get(record._name, record.id)
        return name if is_new else f"{name} (ID {record.id})"

    # --- What changed ---

    def values(self, subject):
        """{(model, ID): {field: text}} of what is linked to this subject, and of what
        belongs to it."""
        found = {}
        for record in self._family(subject):
            found[record._name, record.id] = {
                name: value_text(record, name) for name in FIELDS[record._name]
            }
        return found

    def _family(self, subject):
        if subject.type not in LINKS:
            return
        link = self.env[LINKS[subject.type]]._find(self.backend, [subject.key])
        link = link.get(subject.key)
        record = link and link._marked_records()[link]
        if not record or not record.exists() or record._name not in FIELDS:
            return
        record = record.with_context(active_test=False)
        yield record
        for name in PARTS.get(record._name, ()):
            yield from record[name]

    def changes(self, before, after):
        """Rows of a preview: label, from, to."""
        rows = []
        for key, values in after.items():
            old = before.get(key)
            if old is None:
                continue  # it is new, or linked only now
            model, record_id = key
            label = self.env[model].browse(record_id).display_name
            rows += [
                [f"field:{model}:{name}:{label}", old[name], value]
                for name, value in values.items()
                if old[name] != value
            ]
        return rows


def told(record):
    name = plain(record.display_name or "")
    if name == f"{record._name},{record.id}":
        return ""  # it has no name, and its ID will be another
    state = record._fields.get("state")
    if state is not None and state.type == "selection" and record.state:
        name = f"{name}: {value_text(record, 'state')}"
    return name


def plain(text):
    """Without the numbers that a preview draws: they say nothing."""
    return NEW.sub("(new)", text)


def value_text(record, name):
    field, value = record._fields[name], record[name]
    if field.relational:
        return ", ".join(each.display_name or "" for each in value)
    if field.type == "selection":
        labels = dict(field._description_selection(record.env))
        return labels.get(value, value or "")
    if field.type == "boolean":
        return "✓" if value else "✗"
    if field.type in ("float", "monetary"):
        return f"{value:.2f}" if field.type == "monetary" else f"{value:g}"
    return plain(str(value)) if value else ""
