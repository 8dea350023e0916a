"""Orders: read, planned by core, and made as sale orders with the same totals."""

from datetime import UTC, timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..core import identity, money
from ..core.failures import Failure, NeedsReview
from ..core.order_changes import (
    changed_failure,
    compare_imported,
    digest,
    facts_from_node,
)
from ..core.order_needs import missing
from ..core.orders import (
    OrderPlan,
    OrderPolicy,
    check_totals,
    currency_of,
    exclusion,
    plan_order,
    reading_of,
    unpaid,
)
from ..core.outcome import Change, Outcome
from .order_pairing import match_plan
from .order_reader import read_orders
from .order_steps import CreateOrder, MarkAgain, NoteGone, RestoreLink
from .sale_order_values import Lookup, order_values

# Shopify shows older orders only with the scope read_all_orders.
READABLE_DAYS = 60
TOO_OLD = Failure("order_too_old", {"days": READABLE_DAYS}, ("scope:read_all_orders",))


class ShopifySaleOrder(models.Model):
    _name = "shopify.sale.order"
    _inherit = "shopify.binding"
    _description = "Shopify Order Link"
    _rec_name = "name"

    _shopify_type = "Order"
    _flow = "orders"

    name = fields.Char("Shopify Order", index=True)
    sale_order_id = fields.Many2one(
        "sale.order", "Sales Order", index=True, ondelete="restrict"
    )
    move_id = fields.Many2one(
        "account.move", "Invoice", index="btree_not_null", ondelete="restrict"
    )
    line_ids = fields.One2many(
        "shopify.sale.order.line", "order_link_id", "Line Links", readonly=True
    )
    note = fields.Text("Shopify Note", help="As it stood when the order came in.")
    po_number = fields.Char("PO Number")
    source_name = fields.Char("Source")
    tags = fields.Char()
    is_test = fields.Boolean("Test Order")
    explanation = fields.Json(
        help="[line, why its amount is what it is], as the order came in."
    )

    _one_record = models.Constraint(
        "CHECK (num_nonnulls(sale_order_id, move_id) = 1)",
        "A Shopify order is linked to a sales order or to an invoice.",
    )
    _sale_order_uniq = models.UniqueIndex(
        "(backend_id, sale_order_id)",
        "This sales order stands for another Shopify order of the store already.",
    )
    _move_uniq = models.UniqueIndex(
        "(backend_id, move_id)",
        "This invoice stands for another Shopify order of the store already.",
    )

    # === FETCH === #

    @api.model
    def _fetch(self, backend, client, gids):
        nodes = read_orders(client, gids)
        for gid in self._perhaps_too_old(backend, nodes):
            nodes[gid] = TOO_OLD
        return nodes

    @api.model
    def _shown_since(self, backend):
        """Orders made before may read as null though they are there; None: no order."""
        granted = (backend.sudo().granted_scopes or "").split(",")
        if "read_all_orders" in granted:
            return None
        # A day of grace: Shopify's day and ours may not end together.
        return fields.Datetime.now() - timedelta(days=READABLE_DAYS - 1)

    def _unseen(self):
        return TOO_OLD if self.backend_id._withheld_links(self) else super()._unseen()

    @api.model
    def _perhaps_too_old(self, backend, nodes):
        """Orders that read as null and may be merely withheld: linked ones that are old
        enough, and unlinked ones that were read before. The age of these isn't known."""
        limit = self._shown_since(backend)
        unseen = [gid for gid, node in nodes.items() if node is None]
        if not unseen or not limit:
            return []
        links = self._find(backend, unseen)
        old = [
            gid
            for gid, link in links.items()
            if (link.sale_order_id.date_order or link.create_date) < limit
        ]
        return old + self._stopped_before(backend, set(unseen) - set(links))

    @api.model
    def _stopped_before(self, backend, gids):
        """Those that Shopify showed once and that stand open since."""
        if not gids:
            return []
        # sudo: the engine's own books
        rows = (
            self.env["shopify.sync"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", backend.id),
                    ("direction", "=", "in"),
                    ("subject_type", "=", self._shopify_type),
                    ("subject_key", "in", list(gids)),
                    ("state", "in", ("waiting", "review")),
                    ("remote_updated_at", "!=", False),
                ]
            )
        )
        return rows.mapped("subject_key")

    @api.model
    def _describe(self, gid, node):
        facts = super()._describe(gid, node)
        if isinstance(node, dict):
            total = money.of_bag(node["currentTotalPriceSet"], "shop")
            facts.update(amount=float(total), currency=node["currencyCode"])
        return facts

    @api.model
    def _identity_nodes(self, nodes):
        """An order brings its customer, who has a mark of his own."""
        orders = {gid: node for gid, node in nodes.items() if isinstance(node, dict)}
        customers = [
            node["customer"] for node in orders.values() if node.get("customer")
        ]
        return {
            self._name: orders,
            "shopify.res.partner": {node["id"]: node for node in customers},
        }

    # === PLAN === #

    @api.model
    def _plan(self, backend, nodes):
        owners = getattr(nodes, "owners", {})
        decisions = self._inbound_decisions(
            backend, nodes, owners=owners, may_create=True, archived="update"
        )
        links = self._find(backend, list(nodes))
        policy = self._policy(backend, nodes)
        plans = {
            gid: self._plan_one(backend, nodes[gid], decision, links.get(gid), policy)
            for gid, decision in decisions.items()
        }
        return self._with_lookups(backend, plans, owners)

    @api.model
    def _policy(self, backend, nodes):
        """The store's choices, with the decimals of the currencies at hand."""
        codes = {
            currency_of(node, backend.money)
            for node in nodes.values()
            if isinstance(node, dict)
        }
        currencies = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list(codes))])
        )
        since = backend.orders_since
        return OrderPolicy(
            digits={each.name: each.decimal_places for each in currencies},
            side=backend.money,
            start=since.replace(tzinfo=UTC) if since else None,
            test_orders="import" if backend.import_test_orders else "exclude",
            unpaid=backend.unpaid_orders,
        )

    @api.model
    def _plan_one(self, backend, node, decision, link, policy):
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared after the reads; the next run asks for it.
            return Failure("changed_meanwhile")
        if decision.action == "stop":
            return decision.failure
        if decision.action == "mark_gone":
            return NoteGone(link.id) if link else Outcome("excluded", decision.note)
        if link:
            return self._compare(link, node, decision, policy)
        try:
            if decision.action == "create":
                rule = exclusion(node, policy)
                if rule:
                    return Outcome("excluded", rule)
                return unpaid(node, policy) or plan_order(node, policy)
            plan = plan_order(node, policy)
        except NeedsReview as stop:
            return stop.failure
        return RestoreLink(plan, decision.odoo_id)

    @api.model
    def _with_lookups(self, backend, plans, owners):
        """Bare order plans become orders to make, or stops that name all they lack."""
        to_make = [plan for plan in plans.values() if isinstance(plan, OrderPlan)]
        if not to_make:
            return plans
        lookup = Lookup.of(backend, to_make)
        known = lookup.known()
        for plan in to_make:
            plans[plan.gid] = missing(plan, known) or CreateOrder(plan, lookup, owners)
        return plans

    @api.model
    def _plan_lines(self, link, node, policy):
        """Rebuilt, or chosen by a person: its lines aren't linked yet."""
        try:
            plan = plan_order(node, policy)
        except NeedsReview as stop:
            return stop.failure
        return RestoreLink(plan, link.sale_order_id.id, link.id)

    @api.model
    def _compare(self, link, node, decision, policy):
        """An order that is here already: still what it was? Nothing is applied yet."""
        if link.sale_order_id and not link.content_digest:
            return self._plan_lines(link, node, policy)
        old = link.synced_values or {}
        currency = old.get("currency") or currency_of(node, policy.side)
        # Kept in the currency it came in, whatever the store has chosen since.
        side = "shop" if currency == currency_of(node, "shop") else "presentment"
        reading = reading_of(node, side, policy.digits.get(currency, 2))
        new = facts_from_node(node, currency, reading)
        if digest(new) != link.content_digest:
            differences = compare_imported(old, new)
            if differences:
                return changed_failure(differences)
        if decision.mark_again:
            return MarkAgain(link.id, decision.note)
        return Outcome("unchanged")

    # === APPLY === #

    @api.model
    def _apply(self, backend, plans):
        ends = {}
        creates = {g: p for g, p in plans.items() if isinstance(p, CreateOrder)}
        if creates:
            ends.update(self._create_orders(backend, creates))
        for gid, plan in plans.items():
            if isinstance(plan, RestoreLink):
                ends[gid] = self._restore(backend, plan)
            elif isinstance(plan, NoteGone):
                ends[gid] = self._note_gone(plan)
            elif isinstance(plan, MarkAgain):
                self.browse(plan.link_id)._ask_for_marks("mark differs in Shopify")
                ends[gid] = Outcome("synced", plan.note)
        return ends

    @api.model
    def _create_orders(self, backend, creates):
        """Customers, orders, confirmation, links: each once for the whole batch."""
        people = self.env["shopify.res.partner"]._ensure_for_orders(
            backend,
            [create.plan for create in creates.values()],
            next(iter(creates.values())).owners,
        )
        ends = {gid: end for gid, end in people.items() if isinstance(end, Failure)}
        todo = {gid: create for gid, create in creates.items() if gid not in ends}
        if not todo:
            return ends
        orders = self._new_sale_orders(backend, todo, people)
        self._check_amounts(todo, orders)
        made = [
            (create.plan, order, _in_turn(create, order))
            for create, order in zip(todo.values(), orders, strict=True)
        ]
        if backend.order_confirm == "confirm":
            orders.with_context(shopify_importing=True).action_confirm()
        self._bind_orders(backend, made)
        for (gid, create), order in zip(todo.items(), orders, strict=True):
            note = f"{order.name} = {create.plan.amount_text(create.plan.total)}"
            ends[gid] = Outcome(
                "synced", note, (Change("Sales order", None, order.name),)
            )
        return ends

    @api.model
    def _new_sale_orders(self, backend, creates, people):
        """In the order of `creates`. Quiet: no followers, no log, no mail."""
        quiet = {
            "mail_create_nosubscribe": True,
            "mail_create_nolog": True,
            "mail_notrack": True,
            "mail_auto_subscribe_no_notify": True,
        }
        return (
            self.env["sale.order"]
            .with_context(**quiet)
            .create(
                [
                    order_values(backend, create.plan, create.lookup, people[gid])
                    for gid, create in creates.items()
                ]
            )
        )

    @api.model
    def _check_amounts(self, creates, orders):
        """Raise NeedsReview unless Odoo has come to Shopify's total and tax."""
        for create, order in zip(creates.values(), orders, strict=True):
            check_totals(
                create.plan,
                total=_decimal(order.amount_total),
                tax=_decimal(order.amount_tax),
            )

    @api.model
    def _bind_orders(self, backend, made):
        """made: [(plan, sale order, [(Part, ID of its order line)])]"""
        links = self._bind(
            backend,
            [
                self._link_values(plan) | {"sale_order_id": order.id}
                for plan, order, _pairs in made
            ],
        )
        self._bind_lines(
            backend,
            [
                (link, pairs)
                for (_plan, _order, pairs), link in zip(made, links, strict=True)
            ],
        )
        return links

    @api.model
    def _bind_lines(self, backend, pairs_of):
        """pairs_of: [(order link, [(Part, ID of its order line)])]"""
        self.env["shopify.sale.order.line"]._bind(
            backend,
            [
                {
                    **part.link_values(),
                    "odoo_id": odoo_line,
                    "order_link_id": link.id,
                }
                for link, pairs in pairs_of
                for part, odoo_line in pairs
            ],
        )

    @api.model
    def _link_values(self, plan):
        return {
            "shopify_gid": plan.gid,
            "name": plan.name,
            "synced_values": plan.facts,
            "content_digest": plan.digest,
            "remote_updated_at": plan.updated_at,
            "note": plan.note,
            "po_number": plan.po_number,
            "source_name": plan.source,
            "tags": ", ".join(plan.tags),
            "is_test": plan.is_test,
            "explanation": [list(reason) for reason in plan.explain()],
        }

    @api.model
    def _restore(self, backend, plan):
        """The mark in Shopify proves which order it is; its content must agree too."""
        order = self.env["sale.order"].browse(plan.sale_order_id)
        check_totals(
            plan.plan,
            total=_decimal(order.amount_total),
            tax=_decimal(order.amount_tax),
        )
        lookup = Lookup.of(backend, [plan.plan])
        if any(lookup.lacks(line) for line in plan.plan.lines):
            return missing(plan.plan, lookup.known())
        pairs, difference = match_plan(plan.plan, order, lookup)
        if difference:
            return Failure("changed_in_shopify", {"fields": ["lines"]})
        if plan.link_id:
            return self._restore_lines(backend, plan, pairs)
        self._bind_orders(backend, [(plan.plan, order, pairs)])
        return Outcome("synced", self.env._("Linked again with %s.", order.name))

    @api.model
    def _restore_lines(self, backend, plan, pairs):
        """The order's link is there; now its lines, and what was read of it."""
        link = self.browse(plan.link_id)
        values = self._link_values(plan.plan)
        link._as_engine().write(values)
        if not link.line_ids:
            self._bind_lines(backend, [(link, pairs)])
        link._restore_around(backend, plan.plan)
        return Outcome(
            "synced", self.env._("Lines linked again with %s.", link.sale_order_id.name)
        )

    @api.model
    def _note_gone(self, plan):
        link = self.browse(plan.link_id)
        if link.gone_at:
            return Outcome("unchanged", self.env._("Gone in Shopify."))
        link._as_engine().write({"gone_at": fields.Datetime.now()})
        return Outcome("synced", self.env._("Gone in Shopify; the link is kept."))

    # === WRITE-BACK === #

    @api.model
    def _model_marked(self):
        return "sale.order"

    def _marked_records(self):
        return {link: link.sale_order_id for link in self}

    @api.model
    def _links_of(self, backend, record_ids):
        links = self.search(
            [
                ("backend_id", "=", backend.id),
                ("sale_order_id", "in", list(record_ids)),
            ]
        )
        return {link.sale_order_id.id: link for link in links}


def _in_turn(create, order):
    """The lines of an order that was just made."""
    parts = create.lookup.parts(create.plan)
    lines = zip(parts, order.order_line, strict=True)
    return [(part, odoo_line.id) for part, odoo_line in lines]


def _decimal(amount):
    """A monetary float of Odoo as the text that it is shown by."""
    return Decimal(repr(amount))
