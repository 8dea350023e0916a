"""What a record's story is told from: its subjects, their History, writes and amounts.

The number of queries is the same for every record; the newest steps are told.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from odoo import SUPERUSER_ID
from odoo.fields import Domain

from ..core import explain
from ..core.gid import GidError, parse
from .roles import OPERATOR, has_role
from .shopify_mark import LINKS
from .sync_subject import RELEASED

STEPS = 300
ITSELF, CUSTOMER, PRODUCT = "itself", "customer", "product"
DELIVERY, ORDER, STOCK = "delivery", "order", "stock"
EVENT_FIELDS = (
    "kind flow direction subject_type subject_key record_name cause caused_by_id"
    " outcome failed message reason_params changes happened_at asked_at request_id"
    " write_uuids create_date"
).split()


@dataclass
class Topic:
    """Who the story is about. subjects: {(type, key): relation}. record: in Odoo, None
    where there is none. orders: links whose amounts are told."""

    subjects: dict = field(default_factory=dict)
    record: object = None
    orders: object = None

    def add(self, relation, pairs):
        for pair in pairs:
            self.subjects.setdefault(pair, relation)

    def keys(self, *relations):
        """Domain of what is about these, for History and syncs alike."""
        by_type = {}
        for (kind, key), relation in self.subjects.items():
            if relation in relations:
                by_type.setdefault(kind, []).append(key)
        return Domain.OR(
            Domain("subject_type", "=", kind) & Domain("subject_key", "in", keys)
            for kind, keys in by_type.items()
        )


class ExplainReader:
    """Reads for one reader: History by his rules, which records belong together past
    them, since that is no secret; what stands in these he reads by his own rights."""

    def __init__(self, env):
        self.env = env
        self.stores = env["shopify.backend"].search([])

    # === WHO IT IS ABOUT === #

    def of_record(self, record):
        """Raises AccessError where the reader may not see the record."""
        record.check_access("read")
        # sudo: see the class
        found = getattr(self, f"_of_{record._name.replace('.', '_')}")(record.sudo())
        found.record = record
        return self._only_mine(found)

    def of_subject(self, kind, key):
        """Of a subject's record if it has one, else of the subject alone."""
        record = self._record_of(kind, key)
        if record is not None and hasattr(
            self, f"_of_{record._name.replace('.', '_')}"
        ):
            return self.of_record(record)
        topic = Topic(record=record)
        topic.add(ITSELF, [(kind, key)])
        topic.add(PRODUCT, self._waited_for(kind, key))
        return topic

    def _record_of(self, kind, key):
        """The Odoo record of a subject that the reader may see, or None."""
        if kind in LINKS:
            # sudo: see the class
            links = self.env[LINKS[kind]].sudo()
            link = links.search(
                [("shopify_gid", "=", key), ("backend_id", "in", self.stores.ids)],
                limit=1,
            )
            record = link._marked_records().get(link) if link else None
        elif kind in self.env and key.isdigit():
            record = self.env[kind].browse(int(key)).sudo().exists()
        else:
            record = None
        if not record:
            return None
        record = self.env[record._name].browse(record.id)
        return record if record._filtered_access("read") else None

    def _waited_for(self, kind, key):
        """What an open subject waits for is part of its story."""
        rows = self.env["shopify.sync"].search(
            [
                ("subject_type", "=", kind),
                ("subject_key", "=", key),
                ("backend_id", "in", self.stores.ids),
            ]
        )
        gids = [each.partition(":")[2] for each in rows.wait_ids.mapped("key")]
        return _pairs(gid for gid in gids if gid.startswith("gid:"))

    def _base(self, record):
        topic = Topic()
        topic.add(ITSELF, [(record._name, str(record.id))])
        topic.add(ITSELF, _pairs(self._gids(record.shopify_binding_ids)))
        return topic

    def _gids(self, links):
        """Of the reader's stores."""
        mine = links.filtered(lambda link: link.backend_id in self.stores)
        return [gid for gid in mine.mapped("shopify_gid") if gid]

    def _of_sale_order(self, order):
        topic = self._base(order)
        topic.orders = order.shopify_binding_ids
        drafts = self.env["shopify.draft.order"].sudo()
        drafts = drafts.search([("odoo_id", "=", order.id)])
        topic.add(ITSELF, _pairs(self._gids(drafts)))
        deliveries = order.picking_ids
        topic.add(DELIVERY, [("stock.picking", str(key)) for key in deliveries.ids])
        people = order.partner_id | order.partner_id.commercial_partner_id
        topic.add(CUSTOMER, _pairs(self._gids_of_people(people)))
        topic.add(PRODUCT, self._pairs_of_products(order.order_line.product_id))
        return topic

    def _gids_of_people(self, people):
        return [
            *self._gids(people.shopify_binding_ids),
            *self._gids(people.shopify_company_ids),
            *self._gids(people.shopify_company_location_ids),
        ]

    def _pairs_of_products(self, products):
        links = products.shopify_binding_ids
        links = links.filtered(lambda link: link.backend_id in self.stores)
        gids = [*links.mapped("shopify_gid"), *links.mapped("product_gid")]
        return _pairs(gid for gid in gids if gid)

    def _of_account_move(self, move):
        orders = self.env["shopify.sale.order"].sudo()
        made = orders.search([("move_id", "=", move.id)])
        links = made | orders._of_invoices(move)
        topic = Topic(orders=links)
        topic.add(ITSELF, _pairs(self._gids(links)))
        for order in links.sale_order_id:
            for pair, relation in self._of_sale_order(order).subjects.items():
                topic.add(relation, [pair])
        return topic

    def _of_stock_picking(self, picking):
        topic = self._base(picking)
        topic.add(ORDER, _pairs(self._gids(picking.sale_id.shopify_binding_ids)))
        return topic

    def _of_res_partner(self, partner):
        topic = self._base(partner)
        topic.add(ITSELF, _pairs(self._gids_of_people(partner)))
        return topic

    def _of_product_template(self, template):
        topic = self._base(template)
        variants = template.with_context(active_test=False).product_variant_ids
        topic.add(ITSELF, self._pairs_of_products(variants))
        topic.add(STOCK, self._levels(variants))
        return topic

    def _of_product_product(self, variant):
        topic = self._base(variant)
        topic.add(ITSELF, self._pairs_of_products(variant))
        topic.add(STOCK, self._levels(variant))
        return topic

    def _levels(self, variants):
        levels = self.env["shopify.stock.level"].sudo()
        found = levels.search([("product_id", "in", variants.ids)])
        return [("shopify.stock.level", str(key)) for key in found.ids]

    def _only_mine(self, topic):
        if topic.orders:
            topic.orders = topic.orders.filtered(lambda o: o.backend_id in self.stores)
        return topic

    # === WHAT HAPPENED === #

    def steps(self, topic):
        """-> (core.explain's steps, whether older ones were left out)"""
        relations = {*topic.subjects.values()}
        rows, is_cut = self._rows(topic.keys(*relations - {*explain.NARROW}))
        events = self._events(topic, rows)
        came_in = explain.window(sorted(events, key=lambda event: event.id))
        if came_in and relations & {*explain.NARROW}:
            began, ended = came_in
            domain = topic.keys(*explain.NARROW) & Domain("create_date", ">=", began)
            if ended != datetime.max:
                domain &= Domain("create_date", "<=", ended)
            rows, cut = self._rows(domain)
            events += self._events(topic, rows)
            is_cut = is_cut or cut
        return explain.tell(events), is_cut

    def _rows(self, domain):
        rows = self.env["shopify.event"].search(
            Domain("backend_id", "in", self.stores.ids) & domain,
            order="id desc",
            limit=STEPS + 1,
        )
        return rows[:STEPS], len(rows) > STEPS

    def _events(self, topic, rows):
        # sudo: values are taken out again below, for those who may not see them
        facts = rows.sudo().read(EVENT_FIELDS)
        writes = self._writes(facts)
        shows_values = has_role(self.env, OPERATOR)
        causes = {row["id"]: (row["cause"] or "").split(", ") for row in facts}
        appeared = self._appeared(causes)
        technical = {SUPERUSER_ID, *self.stores.sudo().sync_user_id.ids}
        return [
            explain.Event(
                id=row["id"],
                at=row["create_date"],
                kind=row["kind"],
                type=row["subject_type"] or "",
                key=row["subject_key"] or "",
                record=row["record_name"] or row["subject_key"] or "",
                relation=topic.subjects.get(
                    (row["subject_type"], row["subject_key"]), ITSELF
                ),
                direction=row["direction"] or "",
                causes=tuple(_kind_of(each) for each in causes[row["id"]]),
                appeared=appeared[row["id"]],
                by=_person(row["caused_by_id"], technical),
                outcome=row["outcome"] or "",
                failed=row["failed"],
                message=row["message"] or "",
                params=row["reason_params"] or None,
                changes=_changes(row["changes"], shows_values),
                happened_at=row["happened_at"] or None,
                asked_at=row["asked_at"] or None,
                request_id=row["request_id"] or "",
                writes=tuple(
                    writes[key] for key in row["write_uuids"] or () if key in writes
                ),
            )
            for row in facts
        ]

    def _appeared(self, causes):
        """{event ID: what had appeared, in words}; a look-up for each different thing."""
        keys = {
            event_id: [
                each.removeprefix(RELEASED) for each in some if _is_release(each)
            ]
            for event_id, some in causes.items()
        }
        words = {
            key: self.env["shopify.sync"]._appeared(key)
            for key in dict.fromkeys(key for some in keys.values() for key in some)
        }
        return {
            event_id: ", ".join(words[key] for key in some)
            for event_id, some in keys.items()
        }

    def _writes(self, facts):
        """{uuid: Write}"""
        uuids = {key for row in facts for key in row["write_uuids"] or ()}
        # sudo: the book belongs to operators; only outcomes are taken from it
        book = self.env["shopify.mutation"].sudo()
        rows = book.search_fetch(
            [("uuid", "in", sorted(uuids))],
            ["uuid", "operation", "state", "request_id", "error"],
        )
        return {
            row.uuid: explain.Write(
                row.operation, row.state, row.request_id or "", row.error or ""
            )
            for row in rows
        }

    def is_known(self, topic):
        """Whether anything was ever noted about it."""
        about = Domain("backend_id", "in", self.stores.ids) & topic.keys(ITSELF)
        return any(
            self.env[model].search_count(about, limit=1)
            for model in ("shopify.sync", "shopify.event")
        )

    # === WHERE IT STANDS === #

    def open_rows(self, topic):
        """What of it waits for something or somebody, the most harmful first."""
        own = topic.keys(
            *({*topic.subjects.values()} - {ORDER, STOCK, *explain.NARROW})
        )
        return self.env["shopify.sync"].search(
            Domain("backend_id", "in", self.stores.ids)
            & Domain("state", "in", ("review", "waiting"))
            & own,
            order="state, weight desc, id",
            limit=20,
        )

    # === AMOUNTS === #

    def amounts(self, topic):
        """[(order link, core.explain's Amounts)] of orders that the reader may see."""
        links = topic.orders or self.env["shopify.sale.order"].sudo()
        may = self.env["sale.order"].browse(links.sale_order_id.ids)
        may = may._filtered_access("read") if may.has_access("read") else may.browse()
        return [
            (link, self._amounts_of(link))
            for link in links
            if link.sale_order_id.id in may.ids
            and (link.synced_values or {}).get("total")
        ]

    def _amounts_of(self, link):
        order = link.sale_order_id
        lines = [
            explain.LineFacts(
                gid=line.shopify_gid,
                kind=line.kind or "",
                amounts=line.amounts or None,
                odoo=Decimal(repr(line.odoo_id.price_total)),
            )
            for line in link.line_ids.sorted("id")
        ]
        return explain.amounts(
            lines,
            Decimal(link.synced_values["total"]),
            order.currency_id.decimal_places,
            Decimal(repr(order.amount_total)),
        )


def _pairs(gids):
    """[(type, GID)]; what is no Shopify ID is left out."""
    found = []
    for gid in gids:
        try:
            found.append((parse(gid).type, gid))
        except GidError:
            continue
    return found


def _person(user, technical):
    """The name of a person; "" for the connector itself."""
    return user[1] if user and user[0] not in technical else ""


def _is_release(cause):
    return cause.startswith(RELEASED)


def _kind_of(cause):
    """Without what it names: "released:tax:…" is "released"."""
    return cause.partition(":")[0]


def _changes(kept, shown):
    changes = tuple(tuple(change) for change in kept or ())
    return changes if shown or not changes else None
