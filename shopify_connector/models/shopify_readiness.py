"""What each flow of a store still lacks before it starts.

What the shop needs is read from its settings and its newest orders, once a night and by
a button; what Odoo has for it is looked up whenever somebody looks.
"""

from collections import defaultdict
from datetime import timedelta

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import format_datetime

from ..api import scopes as api_scopes
from ..api.errors import ShopifyError
from ..core import gate, readiness
from .readiness_reader import ReadinessReader
from .roles import MANAGER, OPERATOR, USER, check_role
from .shopify_queue import JOB_PRIORITY

READ = "shop/required"
# As far back as Shopify shows orders without the permission for all of them.
DAYS = 60
# Pages of 50 orders each.
MOST_PAGES = 10


class ShopifyReadiness(models.Model):
    _name = "shopify.readiness"
    _description = "What a Shopify Store Has Shown"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    seen = fields.Json(help="core.readiness.Seen: counts by name, no personal data")
    read_at = fields.Datetime()

    _backend_uniq = models.UniqueIndex("(backend_id)", "A store has one such row.")


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    readiness = fields.Html("What Is Ready", compute="_compute_readiness")
    required_text = fields.Char("Orders Looked At", compute="_compute_required_text")
    not_shown = fields.Html(
        "What the Test Doesn't Show",
        compute="_compute_not_shown",
        help="Signing in proves nothing of these; each is ticked once work has shown it.",
    )

    # === READING THE SHOP === #

    @api.model
    def _cron_required(self):
        """Nightly: what the newest orders need."""
        self._for_each_store(lambda backend: backend._enqueue_required())

    def action_read_required(self):
        """Look at the shop's settings and newest orders soon."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        self._enqueue_required()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._(
                    "The newest orders are being looked at. Nothing is changed."
                ),
                "type": "success",
            },
        }

    def _enqueue_required(self):
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            identity_key=f"shopify/required/{self.id}",
            description=f"Shopify {self.name}: what its orders need",
        )._required_job()

    def _required_job(self):
        """Job: read what the shop shows, and make rows for what somebody must choose."""
        if not self._is_working() or not self._is_at_home():
            return
        try:
            with self._client() as client:
                seen = self._read_required(client)
        except ShopifyError as error:
            # The next night reads the same, and more.
            self._note_event("store", error.failure, str(error))
            return
        self._keep_seen(seen)

    def _read_required(self, client):
        """What the shop's settings and newest orders name, as core.readiness.Seen."""
        granted = (self.sudo().granted_scopes or "").split(",")
        since = fields.Datetime.now() - timedelta(days=DAYS)
        variables = {
            "withOrders": not api_scopes.missing(granted, ["read_orders"]),
            "orders": f"created_at:>='{since.isoformat(timespec='seconds')}Z'",
        }
        nodes, after = [], None
        for _page in range(MOST_PAGES):
            answer = client.execute(READ, {**variables, "after": after})
            page = answer.data.get("orders")
            if not page:
                break
            nodes += page["nodes"]
            info = page["pageInfo"]
            after = info["endCursor"] if info["hasNextPage"] else None
            if not after:
                break
        return readiness.collect(answer.data["shop"], nodes, is_whole=not after)

    def _keep_seen(self, seen):
        row = self._seen_row()
        values = {"seen": seen.as_json(), "read_at": fields.Datetime.now()}
        if row:
            row.write(values)
        else:
            row.create({"backend_id": self.id, **values})
        self.env["shopify.mapping.payment"]._ensure(self, list(seen.gateways))
        self.env["shopify.mapping.delivery"]._ensure(self, seen.titles)
        taxes = self.env["shopify.mapping.tax"].sudo()  # a row alone chooses nothing
        for key in seen.taxes:
            taxes._for_key(self, key)
        self._take_only_pricelists(seen)
        self._look_at_gates_soon()

    def _seen_row(self):
        # sudo: the engine's own book, written by nobody else
        return (
            self.env["shopify.readiness"]
            .sudo()
            .search([("backend_id", "in", self.ids)], limit=1)
        )

    # === WHAT IS CERTAIN === #

    def _only_pricelists(self, currencies):
        """{currency: the only active pricelist in it that the company may use}"""
        if not currencies:
            return {}
        # sudo: a connector's manager need not manage prices
        found = (
            self.env["product.pricelist"]
            .sudo()
            .search(
                [
                    ("currency_id.name", "in", list(currencies)),
                    ("company_id", "in", [False, self.company_id.id]),
                ]
            )
            .grouped("currency_id")
        )
        return {
            currency.name: pricelists.sudo(False)
            for currency, pricelists in found.items()
            if len(pricelists) == 1
        }

    def _take_only_pricelists(self, seen):
        """Where orders are kept in the buyer's currency, and one pricelist alone is in
        it, there is nothing to choose."""
        if self.money != "presentment":
            return
        has = (self.pricelist_ids | self.pricelist_id).currency_id.mapped("name")
        for currency, pricelist in self._only_pricelists(
            set(seen.currencies) - set(has)
        ).items():
            self.pricelist_ids += pricelist
            self._note_event(
                "store",
                "found",
                self.env._(
                    "%(pricelist)s is used for orders in %(currency)s: it is the only "
                    "pricelist in it.",
                    pricelist=pricelist.sudo().name,
                    currency=currency,
                ),
            )

    # === READY OR NOT === #

    def _items(self):
        """{flow: what it needs, as core.readiness.Item}"""
        self.ensure_one()
        reader = ReadinessReader(self)
        return reader.items()

    @api.depends("flow_ids.policy", "flow_ids.owner_id", "granted_scopes", "state")
    @api.depends_context("lang")
    def _compute_readiness(self):
        for backend in self:
            backend.readiness = backend._readiness_html()

    @api.depends_context("uid", "lang", "tz")
    def _compute_required_text(self):
        for backend in self:
            backend.required_text = backend._required_text()

    def _required_text(self):
        """How much the counts rest on."""
        row = self._seen_row()
        if not row:
            return self.env._("its orders haven't been looked at yet")
        seen = readiness.Seen.from_json(row.seen)
        facts = {
            "count": seen.orders,
            "days": DAYS,
            "when": format_datetime(self.env, row.read_at, dt_format="short"),
        }
        text = (
            self.env._("%(count)s orders of the last %(days)s days, %(when)s", **facts)
            if seen.is_whole
            else self.env._("the newest %(count)s orders, %(when)s", **facts)
        )
        if seen.has_addresses:
            return text
        return self.env._(
            "%s; Shopify shows no addresses, so their countries aren't known", text
        )

    def _readiness(self):
        """What each flow still lacks: [(flow's label, [what is missing])].

        Looked up, never guessed: an empty list means that nothing known is missing.
        """
        return [(label, gaps) for _flow, label, gaps in self._flow_gaps()]

    def _flow_gaps(self):
        items, labels = self._items(), self._readiness_labels()
        return [
            (flow, label, self._gap_texts(items[flow]))
            for flow, label in labels.items()
        ]

    def _readiness_labels(self):
        rows = {row.flow: row._flow_labels()[0] for row in self.flow_ids}
        return rows | {
            "payments": self.env._("Payments (not in this version yet)"),
            "payouts": self.env._("Payouts (not in this version yet)"),
        }

    def _gap_texts(self, items):
        """What is open, in words; things of one kind together."""
        kinds = defaultdict(list)
        for item in items:
            if item.is_open:
                # Permissions one by one: each is copied from here into Shopify.
                apart = item.key if item.kind == "scope" else ""
                kinds[item.kind, apart].append(item)
        texts = []
        for (kind, _apart), found in kinds.items():
            names = ", ".join(item.label for item in found)
            texts.append(self._gap_text(kind, names, len(found)))
        return texts

    def _gap_text(self, kind, names, count):
        return {
            "connection": names,
            "gate": names,
            "scope": self.env._("permission missing in Shopify: %s", names),
            "pricelist": self.env._("no pricelist in the shop's currency"),
            "warehouse": self.env._("no warehouse"),
            "carrier": self.env._("no delivery method for shipping costs"),
            "tax": self.env._("taxes without an Odoo tax: %s", count),
            "currency": self.env._("no pricelist for orders in %s", names),
            "location": self.env._("no warehouse for %s", names),
            "country": self.env._("countries that Odoo doesn't know: %s", names),
            "variant": self.env._("variants not linked: %s", names),
            "fulfilments_off": self.env._(
                "fulfilments are off: stock stays in review until they run"
            ),
            "mails": self.env._(
                "Odoo mails the customer at each delivery (Inventory → Settings → "
                "Email Confirmation)"
            ),
            "payment": self.env._("no journal for %s", names),
            "owner": self.env._("nobody looks after its stops yet"),
        }[kind]

    def _readiness_html(self):
        """The same for people: a line a flow."""
        lines = []
        for flow, label, gaps in self._flow_gaps():
            said = "; ".join(gaps) or self.env._("ready")
            icon = _ICONS["later" if flow in readiness.LATER else bool(gaps)]
            lines.append(_LINE % (icon, label, said))
        return _LIST % Markup("").join(lines)

    def action_readiness(self):
        """All that the flows need, each with what to do."""
        self.ensure_one()
        check_role(self.env, USER)
        self.check_access("read")
        return self.env["shopify.readiness.item"]._open(self)

    # === WHAT THE TEST DOESN'T SHOW === #

    @api.depends_context("uid", "lang")
    def _compute_not_shown(self):
        for backend in self:
            lines = [
                _LINE
                % (
                    "fa-check text-success" if ok else "fa-circle-o text-muted",
                    label,
                    detail,
                )
                for _key, ok, label, detail in backend._not_shown()
            ]
            backend.not_shown = _LIST % Markup("").join(lines)

    def _not_shown(self):
        """[(key, whether it is shown by now, label, by what or how)]"""
        reader = ReadinessReader(self)
        labels = {
            "company": self.env._("Company"),
            "locations": self.env._("Locations"),
            "taxes": self.env._("Taxes"),
            "retries": self.env._("Retries"),
        }
        until = {
            "company": self.env._(
                "shown by the first order that is brought in: it must stand in %s",
                self.company_id.name,
            ),
            "locations": self.env._(
                "shown when each Shopify location has its stock location in Odoo"
            ),
            "taxes": self.env._(
                "shown when Shopify has charged a tax, and each has its Odoo tax"
            ),
            "retries": self.env._(
                "shown when an order that stopped went through later, and is here once"
            ),
        }
        return [
            (each.key, each.ok, labels[each.key], each.detail or until[each.key])
            for each in readiness.shown(
                first_order=self._first_order_text(),
                locations=reader.shown_locations(),
                taxes=reader.taxes(),
                retry=self._retried_order_text(),
            )
        ]

    def _first_order_text(self):
        # sudo: shown by name only, to whoever looks after the store
        link = (
            self.env["shopify.sale.order"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.id),
                    ("sale_order_id.company_id", "=", self.company_id.id),
                ],
                order="id",
                limit=1,
            )
        )
        if not link:
            return ""
        return self.env._(
            "%(order)s stands in %(company)s",
            order=link.sale_order_id.name,
            company=self.company_id.name,
        )

    def _retried_order_text(self):
        """An order that stopped, came later, and has no double of its name here."""
        self.env.flush_all()
        self.env.cr.execute(_RETRIED, [self.id, self.company_id.id])
        found = self.env.cr.fetchone()
        if not found:
            return ""
        return self.env._(
            "%(name)s stopped, was tried again, and is here once: %(order)s",
            name=found[0],
            order=found[1],
        )


# Of failed attempts few are kept for long; the links and orders are found by index.
_RETRIED = """
    SELECT sale.client_order_ref, sale.name
      FROM shopify_event event
      JOIN shopify_sale_order link ON link.backend_id = event.backend_id
                                  AND link.shopify_gid = event.subject_key
                                  AND link.create_date >= event.create_date
      JOIN sale_order sale ON sale.id = link.sale_order_id
     WHERE event.backend_id = %s AND event.failed AND event.subject_type = 'Order'
       AND event.direction = 'in'
       AND sale.company_id = %s
       AND NOT EXISTS (SELECT FROM sale_order other
                        WHERE other.client_order_ref = sale.client_order_ref
                          AND other.company_id = sale.company_id
                          AND other.partner_id = sale.partner_id
                          AND other.id <> sale.id)
     LIMIT 1
"""
# By whether something lacks.
_ICONS = {
    True: "fa-exclamation-triangle text-warning",
    False: "fa-check text-success",
    "later": "fa-clock-o text-muted",
}
_LINE = Markup('<li><i class="fa fa-fw %s"></i> <b>%s</b>: %s</li>')
_LIST = Markup('<ul class="list-unstyled mb-0">%s</ul>')


class ShopifyEvent(models.Model):
    _inherit = "shopify.event"

    _failed_order = models.Index(
        "(backend_id, subject_key) WHERE failed AND subject_type = 'Order'"
    )


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    lacks_required = fields.Char(
        "Missing Before It Starts",
        compute="_compute_lacks_required",
        help="Without these it can't be switched to Automatic. A flow that runs already "
        "goes on: only the records that need them stop.",
    )

    @api.depends("policy", "owner_id")
    @api.depends_context("uid", "lang")
    def _compute_lacks_required(self):
        for row in self:
            row.lacks_required = False
        for row, text in self._lacking().items():
            row.lacks_required = text

    def _lacking(self):
        """{flow: what it can't start without, in words}; as it is at this moment."""
        found = {}
        for backend, rows in self.grouped("backend_id").items():
            items = backend._items() if backend else {}
            for row in rows:
                lacking = readiness.in_the_way(items.get(row.flow, ()))
                found[row] = "; ".join(backend._gap_texts(lacking))
        return found

    def _may_start(self):
        if not super()._may_start():
            return False
        today = fields.Date.today()
        return (
            gate.is_overridden(self.gate_override_until, today)
            or not self._lacking()[self]
        )

    def _why_not(self):
        parts = [] if self._is_ready() else [super()._why_not()]
        return "; ".join([*parts, *filter(None, [self._lacking()[self]])])

    def action_readiness(self):
        """What this flow needs, each with what to do."""
        self.ensure_one()
        check_role(self.env, USER)
        self.check_access("read")
        return self.env["shopify.readiness.item"]._open(self.backend_id, self.flow)


class ShopifyMappingTax(models.Model):
    _inherit = "shopify.mapping.tax"

    def _release(self):
        """A flow that waits for its taxes may start now."""
        result = super()._release()
        self.filtered("tax_id").backend_id._look_at_gates_soon()
        return result


class ShopifyMappingLocation(models.Model):
    _inherit = "shopify.mapping.location"

    proposal_id = fields.Many2one(
        "stock.warehouse",
        "Would Fit",
        compute="_compute_proposal_id",
        help="The shop has one location and the company one warehouse. Proposed, never "
        "taken by itself.",
    )

    @api.depends("warehouse_id", "is_active", "is_service")
    def _compute_proposal_id(self):
        for backend, rows in self.grouped("backend_id").items():
            only = self._only_pair(backend)
            for row in rows:
                row.proposal_id = only.get(row, False)

    @api.model
    def _only_pair(self, backend):
        """{the store's only location: the company's only warehouse}, or nothing."""
        places = self.search(
            [
                ("backend_id", "=", backend.id),
                ("is_active", "=", True),
                ("is_service", "=", False),
            ],
            limit=2,
        )
        houses = self.env["stock.warehouse"].search(
            [("company_id", "=", backend.company_id.id)], limit=2
        )
        if len(places) != 1 or len(houses) != 1 or places.warehouse_id:
            return {}
        return {places: houses}

    def action_take_proposal(self):
        """Take the warehouse that is proposed; what waited for it goes on."""
        check_role(self.env, MANAGER)
        self.check_access("write")
        for row in self.filtered("proposal_id"):
            row.warehouse_id = row.proposal_id
