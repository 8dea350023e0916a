"""Connect a store, step by step; it can be left and taken up again."""

from odoo import api, fields, models
from odoo.exceptions import UserError

STEPS = [
    ("store", "Which store?"),
    ("test", "Test"),
    ("land", "Where it lands"),
    ("people", "Who looks after it"),
    ("ready", "What is ready"),
]


class ShopifyConnectWizard(models.TransientModel):
    _name = "shopify.connect.wizard"
    _description = "Connect a Shopify Store"

    step = fields.Selection(STEPS, required=True, default="store")
    backend_id = fields.Many2one("shopify.backend", "Store")
    shop_domain = fields.Char("Shopify Domain")
    auth_kind = fields.Selection(
        [
            ("client_credentials", "App with client ID and secret (recommended)"),
            ("token", "Access token"),
        ],
        "Connect With",
        required=True,
        default="client_credentials",
    )
    client_id = fields.Char("Client ID")
    client_secret = fields.Char(
        help="In Shopify's Dev Dashboard: your app → Settings → Credentials. For a "
        "legacy app the API secret key: webhooks are signed with it."
    )
    access_token = fields.Char()
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    check_ids = fields.One2many("shopify.connect.check", "wizard_id", "Checks")
    failed = fields.Boolean(compute="_compute_failed")
    default_warehouse_id = fields.Many2one(
        related="backend_id.default_warehouse_id", readonly=False
    )
    pricelist_id = fields.Many2one(related="backend_id.pricelist_id", readonly=False)
    delivery_carrier_id = fields.Many2one(
        related="backend_id.delivery_carrier_id", readonly=False
    )
    lang = fields.Selection(related="backend_id.lang", readonly=False)
    order_confirm = fields.Selection(related="backend_id.order_confirm", readonly=False)
    product_policy = fields.Selection(
        related="backend_id.product_policy", readonly=False
    )
    match_by = fields.Selection(related="backend_id.match_by", readonly=False)
    orders_since = fields.Datetime(related="backend_id.orders_since", readonly=False)
    location_ids = fields.One2many(
        related="backend_id.location_ids", readonly=False, string="Locations"
    )
    flow_ids = fields.One2many(related="backend_id.flow_ids", readonly=False)
    readiness = fields.Html(compute="_compute_readiness")

    @api.depends("check_ids.ok")
    def _compute_failed(self):
        for wizard in self:
            wizard.failed = bool(
                wizard.check_ids.filtered(lambda c: c.key == "sign_in" and not c.ok)
            )

    @api.depends("step", "backend_id")
    def _compute_readiness(self):
        for wizard in self:
            wizard.readiness = (
                wizard.backend_id._readiness_html() if wizard.backend_id else False
            )

    # === STEPS === #

    def action_next(self):
        self.ensure_one()
        getattr(self, f"_leave_{self.step}")()
        order = [step for step, _label in STEPS]
        self.step = order[order.index(self.step) + 1]
        return self._again()

    def action_back(self):
        self.ensure_one()
        order = [step for step, _label in STEPS]
        self.step = order[max(0, order.index(self.step) - 1)]
        return self._again()

    def action_test(self):
        """Run the checks again, after something was mended."""
        self._run_checks()
        return self._again()

    def action_done(self):
        """Close the wizard; what is switched on starts working."""
        self.backend_id.action_sync_now()
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.backend",
            "res_id": self.backend_id.id,
            "view_mode": "form",
        }

    def _again(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a store"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _leave_store(self):
        values = {
            "shop_domain": self.shop_domain,
            "auth_kind": self.auth_kind,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "access_token": self.access_token,
            "company_id": self.company_id.id,
        }
        if not self.shop_domain:
            raise UserError(self.env._("Enter the store's Shopify domain."))
        if self.auth_kind == "token" and not self.access_token:
            raise UserError(self.env._("Paste the access token."))
        if not self.client_secret or (
            self.auth_kind == "client_credentials" and not self.client_id
        ):
            raise UserError(
                self.env._("Paste the client ID and the secret: webhooks need it too.")
            )
        if self.backend_id:
            self.backend_id.write(values)
        else:
            domain = self.backend_id._normal_domain(self.shop_domain)
            existing = self.backend_id.search([("shop_domain", "=", domain)], limit=1)
            if existing.state == "connected":
                raise UserError(
                    self.env._("%s is connected already: see Stores.", existing.name)
                )
            if existing:
                existing.write(values)
            self.backend_id = existing or self.backend_id.create(
                {"name": domain.removesuffix(".myshopify.com"), **values}
            )
        self.shop_domain = self.backend_id.shop_domain
        self._run_checks()

    def _run_checks(self):
        self.check_ids.unlink()
        self.check_ids = [(0, 0, check) for check in self.backend_id._test_connection()]

    def _leave_test(self):
        if self.failed:
            raise UserError(
                self.env._("Signing in doesn't work yet: mend that first, then test again.")
            )
        self.backend_id.action_connect()

    def _leave_land(self):
        """Nothing more to do: the fields are the store's own."""

    def _leave_people(self):
        """Nothing more to do: the flows are the store's own."""


class ShopifyConnectCheck(models.TransientModel):
    _name = "shopify.connect.check"
    _description = "Connect a Shopify Store: Check"

    wizard_id = fields.Many2one(
        "shopify.connect.wizard", required=True, ondelete="cascade"
    )
    key = fields.Char()
    ok = fields.Boolean()
    label = fields.Char()
    detail = fields.Char()
