"""What the overview says of a store: its counts, each with the rows behind it."""

from datetime import datetime, time

from markupsafe import Markup
from pytz import UTC, timezone

from odoo import api, fields, models

from ..api import scopes as api_scopes
from .roles import MANAGER, OPERATOR, check_role

OPEN_STATES = ("review", "waiting")


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    orders_today_count = fields.Integer(
        "Orders Today", compute="_compute_overview", help="Brought into Odoo today."
    )
    waiting_count = fields.Integer("Waiting", compute="_compute_overview")
    review_count = fields.Integer("To Review", compute="_compute_overview")
    cause_count = fields.Integer(
        "Causes", compute="_compute_overview", help="One fix releases all of one cause."
    )
    variant_link_count = fields.Integer(
        "Variants Linked", compute="_compute_variant_counts"
    )
    variant_open_count = fields.Integer(
        "Variants Not Linked", compute="_compute_variant_counts"
    )
    tax_ids = fields.One2many("shopify.mapping.tax", "backend_id", "Taxes")
    paused_message = fields.Char("Paused", compute="_compute_paused_message")
    switched_on = fields.Char("Flows On", compute="_compute_switched_on")
    api_url_override = fields.Char(
        "Instead of Shopify", compute="_compute_api_url_override"
    )
    readiness = fields.Html("What Is Ready", compute="_compute_readiness")

    # === COUNTS === #

    @api.depends_context("uid")
    def _compute_overview(self):
        rows = self.env["shopify.sync"]
        today = self._today_start()
        orders = dict(
            self.env["shopify.sale.order"]._read_group(
                [("backend_id", "in", self.ids), ("create_date", ">=", today)],
                ["backend_id"],
                ["__count"],
            )
        )
        waiting = dict(
            rows._read_group(
                [("backend_id", "in", self.ids), ("state", "=", "waiting")],
                ["backend_id"],
                ["__count"],
            )
        )
        review = {
            backend: (count, causes)
            for backend, count, causes in rows._read_group(
                [("backend_id", "in", self.ids), ("state", "=", "review")],
                ["backend_id"],
                ["__count", "cause_key:count_distinct"],
            )
        }
        for backend in self:
            count, causes = review.get(backend, (0, 0))
            backend.orders_today_count = orders.get(backend, 0)
            backend.waiting_count = waiting.get(backend, 0)
            backend.review_count = count
            backend.cause_count = causes

    def _today_start(self):
        """The user's midnight, as the UTC time that the database holds."""
        zone = timezone(self.env.user.tz or "UTC")
        midnight = datetime.combine(datetime.now(zone).date(), time.min)
        return zone.localize(midnight).astimezone(UTC).replace(tzinfo=None)

    @api.depends_context("uid")
    def _compute_variant_counts(self):
        linked = dict(
            self.env["shopify.product.product"]._read_group(
                [("backend_id", "in", self.ids), ("gone_at", "=", False)],
                ["backend_id"],
                ["__count"],
            )
        )
        for backend in self:
            waits = self.env["shopify.sync.wait"]._read_group(
                backend._open_waits("variant"), [], ["key:count_distinct"]
            )
            backend.variant_link_count = linked.get(backend, 0)
            backend.variant_open_count = waits[0][0]

    def _open_waits(self, kind):
        return [
            ("sync_id.backend_id", "=", self.id),
            ("sync_id.state", "in", OPEN_STATES),
            ("key", "=like", f"{kind}:%"),
        ]

    @api.depends("flow_ids.paused_at", "flow_ids.paused_message")
    @api.depends_context("lang")
    def _compute_paused_message(self):
        for backend in self:
            paused = backend.flow_ids.filtered("paused_at")
            backend.paused_message = (
                self.env._(
                    "%(flows)s paused: %(reason)s",
                    flows=", ".join(paused._flow_labels()),
                    reason=paused[0].paused_message or "",
                )
                if paused
                else False
            )

    @api.depends("flow_ids.policy")
    @api.depends_context("lang")
    def _compute_switched_on(self):
        for backend in self:
            running = backend.flow_ids.filtered(lambda flow: flow.policy != "off")
            backend.switched_on = ", ".join(running._flow_labels())

    @api.depends_context("uid")
    def _compute_api_url_override(self):
        self.api_url_override = self._base_url() or False

    # === READY OR NOT === #

    @api.depends("flow_ids.policy", "flow_ids.owner_id", "granted_scopes", "state")
    @api.depends_context("lang")
    def _compute_readiness(self):
        for backend in self:
            backend.readiness = backend._readiness_html()

    def _readiness(self):
        """What each flow still lacks: [(flow's label, [what is missing])].

        Looked up, never guessed: an empty list means that nothing known is missing.
        """
        self.ensure_one()
        general = []
        if self.state == "draft":
            general.append(self.env._("the store is not connected yet"))
        elif self.state == "hold":
            general.append(self.hold_message or self.env._("the store is on hold"))
        return [
            (row._flow_labels()[0], general + self._flow_gaps(row))
            for row in self.flow_ids
        ]

    def _flow_gaps(self, row):
        # The texts of `scopes` are the client's own; only names of permissions go in.
        granted = (self.granted_scopes or "").split(",")
        gaps = [
            self.env._("permission missing in Shopify: %s", scope)
            for entry in api_scopes.blocked(granted, [row.flow])
            if entry.feature.essential and entry.feature.flow == row.flow
            for scope in entry.scopes
        ]
        gaps += getattr(self, f"_gaps_{row.flow}", list)()
        if not row.owner_id:
            gaps.append(self.env._("nobody looks after its stops yet"))
        return list(dict.fromkeys(gaps))

    def _gaps_orders(self):
        gaps = []
        if not self.pricelist_id:
            gaps.append(self.env._("no pricelist in the shop's currency"))
        if not self.default_warehouse_id:
            gaps.append(self.env._("no warehouse"))
        if not self.delivery_carrier_id:
            gaps.append(self.env._("no delivery method for shipping costs"))
        untaxed = self.env["shopify.mapping.tax"].search_count(
            [("backend_id", "=", self.id), ("tax_id", "=", False)]
        )
        waited = self._count_waits("tax")
        if untaxed or waited:
            gaps.append(
                self.env._("taxes without an Odoo tax: %s", max(untaxed, waited))
            )
        return gaps + self._gaps_variants()

    def _gaps_products(self):
        return self._gaps_variants()

    def _gaps_stock(self):
        gaps = []
        without = [row.name for row in self._locations_without_warehouse()]
        if without:
            gaps.append(self.env._("no warehouse for %s", ", ".join(without)))
        if self._flow_policy("fulfilments") == "off":
            gaps.append(
                self.env._("fulfilments are off: stock stays in review until they run")
            )
        return gaps + self._gaps_variants()

    def _gaps_fulfilments(self):
        gaps = []
        without = [row.name for row in self._locations_without_warehouse()]
        if without:
            gaps.append(self.env._("no warehouse for %s", ", ".join(without)))
        # sudo: a company's settings, shown to whoever looks after the store
        if self.company_id.sudo().stock_move_email_validation:
            gaps.append(
                self.env._(
                    "Odoo mails the customer at each delivery (Inventory → Settings → "
                    "Email Confirmation)"
                )
            )
        return gaps

    def _gaps_variants(self):
        waiting = self._count_waits("variant")
        return [self.env._("variants not linked: %s", waiting)] if waiting else []

    def _count_waits(self, kind):
        waits = self.env["shopify.sync.wait"]
        return waits._read_group(self._open_waits(kind), [], ["key:count_distinct"])[0][
            0
        ]

    def _locations_without_warehouse(self):
        return self.env["shopify.mapping.location"].search(
            [
                ("backend_id", "=", self.id),
                ("is_active", "=", True),
                ("is_service", "=", False),
                ("warehouse_id", "=", False),
            ]
        )

    def _readiness_html(self):
        """The same for people: a line a flow."""
        lines = []
        for label, gaps in self._readiness():
            if gaps:
                said, icon = "; ".join(gaps), "fa-exclamation-triangle text-warning"
            else:
                said, icon = self.env._("ready"), "fa-check text-success"
            lines.append(
                Markup('<li><i class="fa fa-fw %s"></i> <b>%s</b>: %s</li>')
                % (icon, label, said)
            )
        return Markup('<ul class="list-unstyled mb-0">%s</ul>') % Markup("").join(lines)

    # === BUTTONS === #

    def action_resume_flows(self):
        """Run all paused flows of these stores again."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        self.flow_ids.filtered("paused_at").action_resume()

    def action_connect_wizard(self):
        """Connect, or connect again, step by step; what is known is filled in."""
        check_role(self.env, MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a store"),
            "res_model": "shopify.connect.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.id} if self else {},
        }

    def _open_rows(self, action, filters):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"shopify_connector.{action}"
        )
        action["context"] = {"search_default_backend_id": self.id, **filters}
        return action

    def action_open_review(self):
        return self._open_rows(
            "action_review", {"search_default_review": 1, "search_default_by_cause": 1}
        )

    def action_open_waiting(self):
        return self._open_rows(
            "action_review", {"search_default_waiting": 1, "search_default_by_cause": 1}
        )

    def action_open_orders_today(self):
        return self._open_rows("action_order_links", {"search_default_today": 1})

    def action_open_variants(self):
        return self._open_rows("action_variant_links", {})

    def action_open_history(self):
        return self._open_rows("action_event", {})

    def action_open_writes(self):
        return self._open_rows("action_mutation", {})

    def action_open_form(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_open_shopify(self):
        self.ensure_one()
        handle = self.shop_domain.removesuffix(".myshopify.com")
        return {
            "type": "ir.actions.act_url",
            "url": f"https://admin.shopify.com/store/{handle}",
            "target": "new",
        }


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    def _flow_labels(self):
        labels = dict(self._fields["flow"]._description_selection(self.env))
        return [labels.get(row.flow, row.flow) for row in self]
