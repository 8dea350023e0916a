"""Connect a store, step by step; it can be left and taken up again."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.roles import MANAGER, check_role
from ..models.shopify_gate import WISH

STEPS = [
    ("store", "Which store?"),
    ("test", "Test"),
    ("land", "Where it lands"),
    ("people", "Who looks after it"),
    ("ready", "What is ready"),
]
ORDER = [step for step, _label in STEPS]
# What the store keeps of the first step; secrets only when they were typed anew.
PLAIN = ("shop_domain", "auth_kind", "client_id")
SECRETS = ("client_secret", "access_token")


class ShopifyConnectWizard(models.TransientModel):
    _name = "shopify.connect.wizard"
    _description = "Connect a Shopify Store"

    step = fields.Selection(STEPS, required=True, default="store", readonly=True)
    backend_id = fields.Many2one("shopify.backend", "Store")
    is_connected = fields.Boolean(compute="_compute_known")
    has_secret = fields.Boolean(compute="_compute_known")
    has_token = fields.Boolean(compute="_compute_known")

    shop_domain = fields.Char(
        "Shopify Domain",
        help="my-store, or my-store.myshopify.com, or a pasted address.",
    )
    domain_problem = fields.Char(compute="_compute_domain_problem")
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
    unpaid_orders = fields.Selection(related="backend_id.unpaid_orders", readonly=False)
    product_policy = fields.Selection(
        related="backend_id.product_policy", readonly=False
    )
    match_by = fields.Selection(related="backend_id.match_by", readonly=False)
    orders_since = fields.Datetime(related="backend_id.orders_since", readonly=False)
    # Not related: a related list would link its rows to the store anew when it is saved,
    # and links are guarded. Rows are edited in place.
    location_ids = fields.One2many(
        "shopify.mapping.location",
        string="Locations",
        compute="_compute_rows",
        inverse="_inverse_edited",
    )
    flow_ids = fields.One2many(
        "shopify.flow",
        string="Flows",
        compute="_compute_rows",
        inverse="_inverse_edited",
    )
    tax_ids = fields.One2many(
        "shopify.mapping.tax",
        string="Taxes",
        compute="_compute_rows",
        inverse="_inverse_tax_ids",
    )
    readiness = fields.Html(related="backend_id.readiness")
    not_shown = fields.Html(related="backend_id.not_shown")

    @api.model
    def default_get(self, fields_list):
        """Taken up again: what the store knows is filled in, and its first steps skipped
        when they are done."""
        values = super().default_get(fields_list)
        backend = self.env["shopify.backend"].browse(values.get("backend_id"))
        if backend:
            values.update({name: backend[name] for name in PLAIN})
            values["company_id"] = backend.company_id.id
            values["step"] = "land" if backend.state == "connected" else "store"
        return values

    @api.depends("backend_id")
    def _compute_known(self):
        for wizard in self:
            backend = wizard.backend_id
            wizard.is_connected = bool(backend.shop_gid)
            wizard.has_secret = bool(backend.client_secret)
            wizard.has_token = bool(backend.access_token)

    @api.depends("backend_id")
    def _compute_rows(self):
        for wizard in self:
            wizard.location_ids = wizard.backend_id.location_ids
            wizard.flow_ids = wizard.backend_id.flow_ids
            wizard.tax_ids = wizard.backend_id.tax_ids

    def _inverse_edited(self):
        """The rows themselves are written already; there is nothing to keep here."""

    def _inverse_tax_ids(self):
        for wizard in self:
            typed = wizard.tax_ids.filtered(lambda row: not row.id)
            wizard.backend_id.tax_ids.create(
                [
                    {
                        "backend_id": wizard.backend_id.id,
                        "title": row.title,
                        "rate": row.rate,
                        "included": row.included,
                        "channel_liable": row.channel_liable,
                        "tax_id": row.tax_id.id,
                    }
                    for row in typed
                ]
            )

    @api.depends("shop_domain")
    @api.depends_context("lang")
    def _compute_domain_problem(self):
        for wizard in self:
            wizard.domain_problem = wizard._problem_of_domain()

    def _problem_of_domain(self):
        if not self.shop_domain:
            return False
        try:
            self.env["shopify.backend"]._normal_domain(self.shop_domain)
        except ValidationError as error:
            return error.args[0]
        return False

    @api.onchange("shop_domain")
    def _onchange_shop_domain(self):
        """`my-store` becomes `my-store.myshopify.com` as soon as it is typed."""
        if self.shop_domain and not self._problem_of_domain():
            self.shop_domain = self.env["shopify.backend"]._normal_domain(
                self.shop_domain
            )

    @api.depends("check_ids.ok")
    def _compute_failed(self):
        for wizard in self:
            wizard.failed = any(
                check.key == "sign_in" and not check.ok for check in wizard.check_ids
            )

    # === STEPS === #

    def action_next(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        if self.step == "store":
            self._leave_store()
        elif self.step == "test":
            self._leave_test()
        self.step = ORDER[ORDER.index(self.step) + 1]
        return self._again()

    def action_back(self):
        self.ensure_one()
        self.step = ORDER[max(0, ORDER.index(self.step) - 1)]
        return self._again()

    def action_test(self):
        """Run the checks again, after something was mended."""
        check_role(self.env, MANAGER)
        self._run_checks()
        return self._again()

    def action_done(self):
        """Close the wizard; what is switched on starts working."""
        check_role(self.env, MANAGER)
        if self.backend_id.state == "connected":
            self.backend_id.action_sync_now()
        return self.backend_id.action_open_form()

    def action_scan(self):
        """Read the store for Matching, and go there."""
        check_role(self.env, MANAGER)
        return self.backend_id.action_scan()

    def action_readiness(self):
        """All that the flows need, each with what to do."""
        return self.backend_id.action_readiness()

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
        if not self.shop_domain:
            raise UserError(self.env._("Enter the store's Shopify domain."))
        domain = self.env["shopify.backend"]._normal_domain(self.shop_domain)
        self._check_credentials()
        backend = self.backend_id or self._store_of(domain)
        values = self._typed_values()
        if backend:
            backend.write(values)
        else:
            backend = backend.create(
                {
                    "name": domain.removesuffix(".myshopify.com"),
                    "company_id": self.company_id.id,
                    **values,
                }
            )
        # The store keeps the secrets; a second copy here would outlive their renewal.
        self.write(
            {
                "backend_id": backend.id,
                "shop_domain": domain,
                **dict.fromkeys(SECRETS, False),
            }
        )
        self._run_checks()

    def _check_credentials(self):
        if self.auth_kind == "token" and not (self.access_token or self.has_token):
            raise UserError(self.env._("Paste the access token."))
        if not (self.client_secret or self.has_secret):
            raise UserError(
                self.env._("Paste the client secret: webhooks are signed with it.")
            )
        if self.auth_kind == "client_credentials" and not self.client_id:
            raise UserError(self.env._("Paste the client ID."))

    def _store_of(self, domain):
        """A store that was begun for this domain, if there is one."""
        found = self.backend_id.search([("shop_domain", "=", domain)], limit=1)
        if found.state == "connected":
            raise UserError(
                self.env._(
                    "%s is connected already. Open it in Configuration → Stores.",
                    found.name,
                )
            )
        return found

    def _typed_values(self):
        values = {name: self[name] for name in PLAIN}
        values.update({name: self[name] for name in SECRETS if self[name]})
        if not self.is_connected:
            values["company_id"] = self.company_id.id
        return values

    def _run_checks(self):
        checks = self.backend_id._test_connection()
        self.check_ids.unlink()
        self.check_ids = [(0, 0, check) for check in checks]

    def _leave_test(self):
        if self.failed:
            raise UserError(
                self.env._(
                    "Signing in doesn't work yet: mend that first, then test again."
                )
            )
        self.backend_id.action_connect()
        self.backend_id._scan_once()
        self.backend_id._enqueue_required()

    def write(self, vals):
        """Automatic, chosen here before all is linked, is kept as a wish: the flow
        reviews until its gate opens."""
        return super(ShopifyConnectWizard, self.with_context(**{WISH: True})).write(
            vals
        )


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
