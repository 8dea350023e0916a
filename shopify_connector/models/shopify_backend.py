"""A store: where it is, who works for it, its choices, and the doors to its engine.

No flow logic here: a flow lives with its record type.
"""

import hashlib
import logging
import os
import secrets
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..api import domain as shop_domain
from ..api.client import Client
from ..api.throttle import LONGEST_WAIT
from ..core import gid
from ..core.failures import NeedsReview
from .shopify_flow import FLOWS

_logger = logging.getLogger(__name__)

# Server parameters (Settings → Technical → System Parameters), in seconds or days.
PARAMETERS = {
    "connect_timeout": 5.0,
    "read_timeout": 60.0,
    "intent_max_age": 5.0,
    "verdict_wait": 60.0,
    "lease_interval": 600.0,
    "history_days": 180.0,
    "bodies_days": 0.0,
}

ROWS_A_LOT = 5000
# What the worksheet shows and what the gate counts by stays, however old.
_OLD_SCANS = """
    SELECT id FROM shopify_scan
     WHERE state IN ('done', 'failed', 'cancelled')
       AND coalesce(done_at, started_at) <
           now() AT TIME ZONE 'UTC' - make_interval(days => %s)
       AND id <> ALL(%s::int[])
       AND id NOT IN (SELECT max(id) FROM shopify_scan
                       WHERE state = 'done' GROUP BY backend_id, purpose)
       AND id NOT IN (SELECT max(scan.id) FROM shopify_scan_part part
                        JOIN shopify_scan scan ON scan.id = part.scan_id
                       WHERE scan.state = 'done'
                         AND scan.purpose IN ('matching', 'audit')
                         AND part.state = 'compared'
                       GROUP BY scan.backend_id, part.shopify_type)
"""
_OLD_TAKEOVERS = """
    SELECT id FROM shopify_takeover
     WHERE state IN ('draft', 'checked', 'done') AND write_date <
           now() AT TIME ZONE 'UTC' - make_interval(days => %s)
"""


class ShopifyBackend(models.Model):
    _name = "shopify.backend"
    _description = "Shopify Store"
    _order = "name"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    shop_domain = fields.Char(
        "Shopify Domain", required=True, help="For example my-store.myshopify.com"
    )
    state = fields.Selection(
        [
            ("draft", "Not connected"),
            ("connected", "Connected"),
            ("hold", "On hold"),
            ("copy", "Copy"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    hold_reason = fields.Char(readonly=True, copy=False)
    hold_message = fields.Char(readonly=True, copy=False)
    held_at = fields.Datetime("On Hold Since", readonly=True, copy=False)

    # --- signing in; secrets are for managers and never leave the server ---
    auth_kind = fields.Selection(
        [
            ("client_credentials", "App with client ID and secret"),
            ("token", "Access token"),
        ],
        "Connect With",
        required=True,
        default="client_credentials",
    )
    client_id = fields.Char("Client ID", groups="shopify_connector.group_manager")
    client_secret = fields.Char(groups="shopify_connector.group_manager", copy=False)
    access_token = fields.Char(groups="shopify_connector.group_manager", copy=False)
    webhook_key = fields.Char(
        groups="shopify_connector.group_manager",
        copy=False,
        default=lambda self: secrets.token_urlsafe(24),
        help="Part of this store's own webhook address. Only the body of a webhook is "
        "signed, so the address says which store it is for.",
    )

    # --- what Shopify said when connected ---
    shop_gid = fields.Char(readonly=True, copy=False)
    app_gid = fields.Char(readonly=True, copy=False)
    plan_name = fields.Char("Plan", readonly=True, copy=False)
    shop_currency_id = fields.Many2one("res.currency", readonly=True, copy=False)
    shop_timezone = fields.Char(readonly=True, copy=False)
    granted_scopes = fields.Char(readonly=True, copy=False)
    connected_at = fields.Datetime(readonly=True, copy=False)
    api_version_seen = fields.Char(readonly=True, copy=False)

    # --- where it lands ---
    sync_user_id = fields.Many2one(
        "res.users",
        required=True,
        default=lambda self: self.env.ref(
            "shopify_connector.user_sync", raise_if_not_found=False
        ),
        help="Syncs run as this user; what it may not do stops with that reason.",
    )
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed())
    pricelist_id = fields.Many2one("product.pricelist", check_company=True)
    pricelist_ids = fields.Many2many(
        "product.pricelist",
        string="Pricelists for Other Currencies",
        check_company=True,
        help="One a currency, for orders kept in the buyer's currency.",
    )
    default_warehouse_id = fields.Many2one("stock.warehouse", check_company=True)
    delivery_carrier_id = fields.Many2one("delivery.carrier", "Delivery Method")
    tip_product_id = fields.Many2one("product.product", "Product for Tips")
    custom_product_id = fields.Many2one("product.product", "Product for Custom Lines")
    duty_product_id = fields.Many2one("product.product", "Product for Duties")
    fee_product_id = fields.Many2one("product.product", "Product for Fees")

    # --- choices ---
    flow_ids = fields.One2many("shopify.flow", "backend_id", "Flows")
    location_ids = fields.One2many(
        "shopify.mapping.location", "backend_id", "Locations"
    )
    orders_since = fields.Datetime(
        "Import Orders From",
        help="Orders placed earlier are left out. By default the moment of connecting.",
    )
    order_confirm = fields.Selection(
        [("draft", "Leave as quotation"), ("confirm", "Confirm")],
        "Imported Orders",
        required=True,
        default="confirm",
    )
    unpaid_orders = fields.Selection(
        [("wait", "Wait until paid"), ("import", "Import like paid ones")],
        required=True,
        default="wait",
        help="Orders whose payment is pending, expired or voided. Authorised and partly "
        "paid ones count as paid.",
    )
    money = fields.Selection(
        [("shop", "The shop's currency"), ("presentment", "The buyer's currency")],
        "Order Currency",
        required=True,
        default="shop",
    )
    import_test_orders = fields.Boolean(
        help="Test orders are left out unless this is set."
    )
    product_policy = fields.Selection(
        [
            ("link_only", "Link to existing products only"),
            ("create", "Create products that Odoo lacks"),
        ],
        "New Products",
        required=True,
        default="link_only",
    )
    match_by = fields.Selection(
        [
            ("sku,barcode", "SKU, then barcode"),
            ("barcode,sku", "Barcode, then SKU"),
            ("sku", "SKU"),
            ("barcode", "Barcode"),
        ],
        "Match Variants By",
        required=True,
        default="sku,barcode",
    )
    stock_buffer = fields.Float(
        help="Pieces never offered in Shopify, for what several channels sell at once."
    )
    last_webhook_at = fields.Datetime(readonly=True, copy=False)

    _domain_uniq = models.UniqueIndex(
        "(shop_domain) WHERE active", "This Shopify store is set up already."
    )

    @api.constrains("pricelist_ids")
    def _check_pricelist_ids(self):
        for backend in self:
            counts = Counter(p.currency_id.name for p in backend.pricelist_ids)
            twice = [name for name, count in counts.items() if count > 1]
            if twice:
                raise ValidationError(
                    self.env._(
                        "Choose one pricelist a currency; there are several for %s.",
                        ", ".join(sorted(twice)),
                    )
                )

    # === MAKING === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["shop_domain"] = self._normal_domain(vals.get("shop_domain"))
        backends = super().create(vals_list)
        backends._open_companies()
        self.env["shopify.flow"].create(
            [
                {"backend_id": backend.id, "flow": flow}
                for backend in backends
                for flow, _label in FLOWS
                if flow not in backend.flow_ids.mapped("flow")
            ]
        )
        return backends

    def write(self, vals):
        if "shop_domain" in vals:
            vals = {**vals, "shop_domain": self._normal_domain(vals["shop_domain"])}
            changed = self.filtered(lambda b: b.shop_domain != vals["shop_domain"])
            if changed.filtered("shop_gid"):
                raise UserError(
                    self.env._(
                        "A connected store keeps its domain: its links belong to that "
                        "shop. Set up another store instead."
                    )
                )
        if "company_id" in vals and self.filtered("shop_gid"):
            raise UserError(self.env._("A connected store keeps its company."))
        result = super().write(vals)
        if {"company_id", "sync_user_id"} & set(vals):
            self._open_companies()
        self._release_settings(vals)
        return result

    def _release_settings(self, vals):
        """What waited for a choice that is made now goes on."""
        keys = [f"setting:{name}" for name, value in vals.items() if value]
        if vals.get("pricelist_id") or vals.get("pricelist_ids"):
            pricelists = self.pricelist_id | self.pricelist_ids
            keys += [
                f"pricelist:{name}" for name in pricelists.currency_id.mapped("name")
            ]
        for backend in self if keys else ():
            backend._release(keys)

    def _open_companies(self):
        """Let the connector's own user work in these stores' companies. A user that
        somebody chose gets no rights by itself: what it lacks is said."""
        own = self.env.ref("shopify_connector.user_sync", raise_if_not_found=False)
        for backend in self.filtered(lambda b: b.sync_user_id == own):
            # sudo: users belong to administrators
            own.sudo().company_ids |= backend.company_id

    @api.model
    def _normal_domain(self, text):
        try:
            return shop_domain.normalise(text)
        except shop_domain.DomainError as error:
            raise ValidationError(str(error)) from error

    @api.model
    def _parameter(self, name):
        """A server parameter as a number; see PARAMETERS."""
        # sudo: server parameters are closed to ordinary users, these aren't secret
        text = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param(f"shopify_connector.{name}")
        )
        return float(text) if text else PARAMETERS[name]

    def _flow_policy(self, flow):
        """What the flow does now: as chosen, but review while its gate is shut."""
        # sudo: any user's act may concern a flow
        return self.sudo().flow_ids.filtered(lambda f: f.flow == flow)._effective()

    # === TALKING === #

    def _is_at_home(self):
        """Whether this database lives where it did when the store was connected. A copy
        holds the store before it sends a single request. One that a manager called a
        copy stays at home: it reads, and its client can't write."""
        if self.sudo().state == "copy":
            return True
        problem = self.env["shopify.lease"]._local_problem(self)
        if problem:
            self._hold("store_on_hold", problem)
        return not problem

    def _client(self, longest_wait=LONGEST_WAIT, refused=None):
        """The one door to this store, for the length of one job.

        longest_wait: seconds to wait for points. A drain says 0: it waits before it
        claims anything, never within a batch. refused: see api/client; a preview's list.
        """
        store = self.sudo()  # the sync user may not read secrets, but works with them
        return Client(
            shop=store.shop_domain,
            token=self.env["shopify.token"]._provider(store),
            base_url=self._base_url(),
            bucket=self.env["shopify.bucket"]._of(store),
            connect_timeout=self._parameter("connect_timeout"),
            read_timeout=self._parameter("read_timeout"),
            longest_wait=longest_wait,
            read_only=store.state == "copy",
            refused=refused,
        )

    @api.model
    def _base_url(self):
        """Where requests go instead of Shopify, from the server's environment only."""
        return os.environ.get("SHOPIFY_CONNECTOR_API_URL") or None

    def _admin_url(self, shopify_gid):
        """Page of a record in Shopify's admin, or False where there is none."""
        self.ensure_one()
        try:
            return gid.admin_url(self.shop_domain, shopify_gid)
        except ValueError:
            return False

    def _check_may_write(self):
        """Raise unless this database may write to the shop now."""
        if self.sudo().state != "connected":
            raise NeedsReview(
                "store_on_hold",
                problem=self.sudo().hold_message or self.env._("it is not connected"),
            )

    def _hold(self, code, message):
        """Stop all work for these stores, for a reason that a person must clear."""
        # A copy stays one: nothing is written from it anyway.
        self.sudo().filtered(lambda store: store.state != "copy").write(
            {
                "state": "hold",
                "hold_reason": code,
                "hold_message": message,
                "held_at": fields.Datetime.now(),
            }
        )
        for backend in self:
            backend._note_event("store", code, message)

    def _note_event(self, kind, outcome, message):
        self.env["shopify.event"].sudo().create(
            {
                "backend_id": self.id,
                "kind": kind,
                "outcome": outcome,
                "message": message,
                "caused_by_id": self.env.uid,
            }
        )

    def _advisory_key(self, what):
        """A lock number for something of this store, the same in every worker."""
        text = f"shopify_connector/{self.id}/{what}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], signed=True)

    # === RETENTION === #

    @api.model
    def _cron_retention(self):
        """Drop history after its time, and what was written of settled Shopify writes:
        both may hold personal data."""
        days = int(self._parameter("history_days"))
        self.env["shopify.event"]._gc(days)
        self.env["shopify.mutation"]._trim(days)
        self.env["shopify.claim"]._gc(days)
        self._drop_old_scans(days)

    @api.model
    def _drop_old_scans(self, days):
        """Rows first, in lots: a scan may have a hundred thousand, each cascading."""
        self.env.flush_all()
        self.env.cr.execute(_OLD_SCANS, [days, self._shown_scans().ids])
        scans = [row[0] for row in self.env.cr.fetchall()]
        self.env.cr.execute(_OLD_TAKEOVERS, [days])
        runs = [row[0] for row in self.env.cr.fetchall()]
        for table, column, ids in (
            ("shopify_match", "scan_id", scans),
            ("shopify_audit_finding", "scan_id", scans),
            ("shopify_scan", "id", scans),
            ("shopify_takeover_line", "takeover_id", runs),
        ):
            self._delete_in_lots(table, column, ids)
        self.env.invalidate_all()
        # Few, and their files go with them. sudo: of every store
        self.env["shopify.takeover"].sudo().browse(runs).unlink()

    @api.model
    def _shown_scans(self):
        return self.env["shopify.scan"].sudo()._newest()  # sudo: of every store

    @api.model
    def _delete_in_lots(self, table, column, ids):
        count = ROWS_A_LOT
        while ids and count == ROWS_A_LOT:
            self.env.cr.execute(
                f"DELETE FROM {table} WHERE id IN"
                f" (SELECT id FROM {table} WHERE {column} = ANY(%s) LIMIT %s)",
                [ids, ROWS_A_LOT],
            )
            count = self.env.cr.rowcount
            self.env["ir.cron"]._commit_progress(count)
