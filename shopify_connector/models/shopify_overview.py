"""What the overview says of a store: its counts, each with the rows behind it."""

from datetime import datetime, time

from pytz import UTC, timezone

from odoo import api, fields, models

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
    switched_on = fields.Char("Flows On", compute="_compute_switched_on")
    api_url_override = fields.Char(
        "Instead of Shopify", compute="_compute_api_url_override"
    )

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

    @api.depends("flow_ids.policy")
    @api.depends_context("lang")
    def _compute_switched_on(self):
        for backend in self:
            running = backend.flow_ids.filtered(lambda flow: flow.policy != "off")
            backend.switched_on = ", ".join(running._flow_labels())

    @api.depends_context("uid")
    def _compute_api_url_override(self):
        self.api_url_override = self._base_url() or False

    def _count_waits(self, kind):
        waits = self.env["shopify.sync.wait"]
        return waits._read_group(self._open_waits(kind), [], ["key:count_distinct"])[0][
            0
        ]

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
        return self._open_rows("action_cause", {"search_default_person": 1})

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
