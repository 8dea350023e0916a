"""Connecting a store: sign in, look at what is there, prepare what the engine needs."""

import hashlib
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..api import probe, version
from ..api import scopes as api_scopes
from ..api.errors import (
    ShopifyError,
)
from ..core import failures, identity
from ..core.failures import NeedsReview
from .remote_failure import remote_failure
from .roles import MANAGER, check_role
from .shopify_access import CONNECTION_CODES
from .shopify_flow import FLOWS

# Where a mark may stand, by the owner types of metafield definitions.
# With the scope without which Shopify doesn't even show the definitions.
OWNER_TYPES = {
    "PRODUCT": "read_products",
    "PRODUCTVARIANT": "read_products",
    "CUSTOMER": "read_customers",
    "ORDER": "read_orders",
    # Reading drafts alone brings nothing: see shopify_draft_order.
    "DRAFTORDER": "write_draft_orders",
    "COLLECTION": "read_products",
    "LOCATION": "read_locations",
    "COMPANY": "read_customers",
    "COMPANY_LOCATION": "read_customers",
}
# Not there in a shop without companies (B2B).
COMPANY_TYPES = ("COMPANY", "COMPANY_LOCATION")
DEFINITIONS = {
    "id": {"name": "Odoo ID", "type": "id"},
    "proof": {"name": "Odoo proof", "type": "json"},
}
ACCESS = "MERCHANT_READ"
# Seconds that a person connecting a store is kept waiting for points.
PATIENCE = 20.0


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    # === TEST === #

    def _test_connection(self):
        """Sign in and look around; nothing is changed on either side.

        Returns a list of checks, each {key, ok, label, detail}, for people to read.
        """
        self.ensure_one()
        checks = []
        try:
            with self._client() as client:
                answer = client.execute("shop/connect", {})
        except ShopifyError as error:
            message = failures.render(remote_failure(self, error))
            return [_check("sign_in", False, self.env._("Sign in"), message)]
        shop = answer.data["shop"]
        installation = answer.data["currentAppInstallation"]
        granted = [scope["handle"] for scope in installation["accessScopes"]]
        checks.append(
            _check("sign_in", True, self.env._("Signed in"), shop["name"] or "")
        )
        checks.append(
            _check(
                "version",
                not client.version_changed,
                self.env._("API version"),
                client.version_seen or version.API_VERSION,
            )
        )
        checks.append(
            _check("plan", True, self.env._("Plan"), shop["plan"]["publicDisplayName"])
        )
        currency = self._currency(shop["currencyCode"])
        checks.append(
            _check(
                "currency",
                bool(currency and currency.active),
                self.env._("Currency"),
                shop["currencyCode"],
            )
        )
        checks += self._scope_checks(granted)
        checks.append(self._webhook_check())
        return checks

    def _webhook_check(self):
        """Whether this Odoo answers at the address that Shopify will be given. Without
        it everything still arrives, by schedule."""
        label = self.env._("Webhooks reach this Odoo")
        address = self.get_base_url()
        nonce = secrets.token_hex(16)
        seconds = probe.seconds_to_answer(
            f"{address}/shopify/webhook/probe",
            nonce,
            self._probe_answer(nonce.encode()),
        )
        if seconds is None:
            detail = self.env._(
                "Nothing answers at %s: changes will arrive by schedule only. Check the "
                "web address of this Odoo (web.base.url), its proxy and dbfilter.",
                address,
            )
            return _check("webhooks", False, label, detail)
        detail = self.env._(
            "answered in %(seconds).1f s at %(address)s",
            seconds=seconds,
            address=address,
        )
        return _check("webhooks", True, label, detail)

    @api.model
    def _probe_answer(self, nonce):
        database = self.env["shopify.mark"]._database()
        return hashlib.sha256(nonce + database.encode()).hexdigest()

    def _scope_checks(self, granted):
        blocked = api_scopes.blocked(granted, [flow for flow, _label in FLOWS])
        if not blocked:
            return [_check("scopes", True, self.env._("Scopes"), ", ".join(granted))]
        return [
            _check(
                "scopes",
                False,
                self.env._("Scopes"),
                self.env._(
                    "%(scopes)s missing: %(feature)s stays off",
                    scopes=", ".join(entry.scopes),
                    feature=entry.feature.label,
                ),
            )
            for entry in blocked
        ]

    @api.model
    def _currency(self, code):
        return (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", code)], limit=1)
        )

    # === CONNECT === #

    def action_connect(self):
        """Sign in, note what the shop is, prepare it, and start working.

        Safe to press again: everything is looked at before it is made.
        """
        check_role(self.env, MANAGER)
        self.check_access("write")
        for backend in self:
            backend._check_may_connect()
            try:
                # Some forty requests at once: a person waits for points meanwhile.
                with backend._client(longest_wait=PATIENCE) as client:
                    backend._connect(client)
            except ShopifyError as error:
                raise UserError(
                    failures.render(remote_failure(backend, error), backend.name)
                ) from error
            except NeedsReview as stop:
                raise UserError(str(stop)) from stop
        return True

    def _connect(self, client):
        answer = client.execute("shop/connect", {})
        shop = answer.data["shop"]
        installation = answer.data["currentAppInstallation"]
        if self.shop_gid and self.shop_gid != shop["id"]:
            raise UserError(
                self.env._(
                    "%(domain)s is another shop now (%(now)s, was %(was)s). Its links "
                    "would all be wrong. Set up a new store for it.",
                    domain=self.shop_domain,
                    now=shop["id"],
                    was=self.shop_gid,
                )
            )
        currency = self._currency(shop["currencyCode"])
        if not currency:
            raise UserError(
                self.env._("Odoo doesn't know the currency %s.", shop["currencyCode"])
            )
        self._ensure_currency(currency)
        now = fields.Datetime.now()
        self.write(
            {
                "state": "connected",
                "hold_reason": False,
                "hold_message": False,
                "shop_gid": shop["id"],
                "app_gid": installation["app"]["id"],
                "plan_name": shop["plan"]["publicDisplayName"],
                "shop_currency_id": currency.id,
                "shop_timezone": shop["ianaTimezone"],
                "granted_scopes": ",".join(
                    sorted(scope["handle"] for scope in installation["accessScopes"])
                ),
                "connected_at": self.connected_at or now,
                "orders_since": self.orders_since or now,
                "default_warehouse_id": self.default_warehouse_id.id
                or self._first_warehouse().id,
                "lang": self.lang or self.env.lang or self.env.user.lang,
            }
        )
        self._note_api_version(client, answer.data)
        self._ensure_pricelist(currency)
        self._ensure_delivery_carrier()
        self.env["shopify.lease"]._take(self, client)
        self._note_companies(client)
        self._ensure_definitions(client)
        self.env["shopify.mapping.location"]._refresh(self, client)
        self._ensure_webhooks(client)
        self._resume_paused(CONNECTION_CODES)
        self._note_event(
            "store", "connected", self.env._("Connected to %s", shop["name"])
        )

    def _first_warehouse(self):
        return self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id)], limit=1
        )

    def _ensure_currency(self, currency):
        if not currency.active:
            # sudo: activating a currency belongs to settings managers; the shop sells
            # in it, so nothing works without.
            currency.sudo().active = True

    def _ensure_pricelist(self, currency):
        """One pricelist a shop currency: an order's currency follows its pricelist."""
        if self.pricelist_id.currency_id == currency:
            return
        # sudo: a connector's manager need not manage prices
        pricelists = self.env["product.pricelist"].sudo()
        name = self.env._(
            "Shopify %(store)s (%(currency)s)", store=self.name, currency=currency.name
        )
        self.pricelist_id = pricelists.search(
            [("name", "=", name), ("company_id", "=", self.company_id.id)], limit=1
        ) or pricelists.create(
            {"name": name, "currency_id": currency.id, "company_id": self.company_id.id}
        )

    def _ensure_delivery_carrier(self):
        if self.delivery_carrier_id:
            return
        # sudo: as above; a service product for the shipping line, nothing priced
        carriers = self.env["delivery.carrier"].sudo()
        product = (
            self.env["product.product"]
            .sudo()
            .create(
                {
                    "name": self.env._("Shipping (Shopify)"),
                    "type": "service",
                    "list_price": 0.0,
                    "sale_ok": False,
                    "purchase_ok": False,
                    "taxes_id": False,
                    "invoice_policy": "order",
                }
            )
        )
        self.delivery_carrier_id = carriers.create(
            {
                "name": self.env._("Shopify shipping"),
                "product_id": product.id,
                "delivery_type": "fixed",
                "fixed_price": 0.0,
                "company_id": self.company_id.id,
            }
        )

    # === METAFIELD DEFINITIONS === #

    def _ensure_definitions(self, client):
        """Make the definitions of our marks, and mend them if somebody changed them."""
        granted = (self.sudo().granted_scopes or "").split(",")
        for owner_type, scope in OWNER_TYPES.items():
            if api_scopes.missing(granted, [scope]):
                continue  # nothing of this type is synced; once granted, it is made
            if owner_type in COMPANY_TYPES and not self.sudo().has_companies:
                continue
            found = client.execute(
                "metafields/definitions", {"ownerType": owner_type}
            ).data["metafieldDefinitions"]["nodes"]
            by_key = {node["key"]: node for node in found}
            for key, wanted in DEFINITIONS.items():
                self._ensure_definition(
                    client, owner_type, key, wanted, by_key.get(key)
                )

    def _ensure_definition(self, client, owner_type, key, wanted, found):
        subject = f"store/definition/{owner_type}.{key}"
        mutation = self.env["shopify.mutation"]
        settled = [row.uuid for row in mutation._open_for(self, [subject])]
        definition = {
            "namespace": identity.NAMESPACE,
            "key": key,
            "ownerType": owner_type,
            "name": wanted["name"],
            "access": {"admin": ACCESS},
        }
        if found is None:
            operation = "metafields/definition_create"
            variables = {"definition": {**definition, "type": wanted["type"]}}
        elif found["type"]["name"] != wanted["type"]:
            problem = self.env._(
                "%(key)s has the type %(type)s instead of %(wanted)s; delete it in "
                "Shopify and connect again",
                key=key,
                type=found["type"]["name"],
                wanted=wanted["type"],
            )
            raise NeedsReview(
                "mark_definition_altered", owner_type=owner_type, problem=problem
            )
        elif found["access"]["admin"] != ACCESS:
            operation = "metafields/definition_update"
            variables = {"definition": definition}
        else:
            mutation._close(settled)
            return
        uuid, _answer = mutation._perform(self, client, operation, variables, [subject])
        mutation._close([*settled, uuid])


def _check(key, ok, label, detail):
    return {"key": key, "ok": ok, "label": label, "detail": detail}
