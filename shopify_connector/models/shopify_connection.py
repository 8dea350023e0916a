"""Connecting a store: sign in, look at what is there, prepare what the engine needs."""

import hmac
import json
import math
import secrets

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.queue_job.exception import RetryableJobError

from ..api import probe, version
from ..api import scopes as api_scopes
from ..api.errors import (
    AccessDeniedError,
    AuthError,
    ShopifyError,
    TransientError,
)
from ..core import failures, identity
from ..core.failures import Failure, NeedsReview
from ..core.webhooks import subjects_of, wanted_topics
from .remote_failure import remote_failure
from .roles import MANAGER, check_role
from .shopify_flow import FLOWS

# Where a mark may stand, by the owner types of metafield definitions.
# With the scope without which Shopify doesn't even show the definitions.
OWNER_TYPES = {
    "PRODUCT": "read_products",
    "PRODUCTVARIANT": "read_products",
    "CUSTOMER": "read_customers",
    "ORDER": "read_orders",
    "LOCATION": "read_locations",
}
DEFINITIONS = {
    "id": {"name": "Odoo ID", "type": "id"},
    "proof": {"name": "Odoo proof", "type": "json"},
}
ACCESS = "MERCHANT_READ"
FOR_WEBHOOK = [
    "company_id",
    "name",
    "shop_domain",
    "webhook_key",
    "client_secret",
    "last_webhook_at",
]


# Reasons that a working connection ends.
CONNECTION_CODES = frozenset(
    {
        "sign_in_failed",
        "store_unreachable",
        "store_on_hold",
        "app_uninstalled",
        "scope_missing",
        "company_access_missing",
        "api_version_changed",
    }
)
# Until the next try when Shopify doesn't answer and names no time.
REST_SECONDS = 30


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
        seconds = probe.seconds_to_answer(
            f"{address}/shopify/webhook/probe", secrets.token_hex(16)
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
            try:
                with backend._client() as client:
                    backend._connect(client)
            except ShopifyError as error:
                raise UserError(
                    failures.render(remote_failure(backend, error), backend.name)
                ) from error
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
                "api_version_seen": client.version_seen,
                "default_warehouse_id": self.default_warehouse_id.id
                or self._first_warehouse().id,
                "lang": self.lang or self.env.lang or self.env.user.lang,
            }
        )
        self._ensure_pricelist(currency)
        self._ensure_delivery_carrier()
        self.env["shopify.lease"]._take(self, client)
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
            raise UserError(
                self.env._(
                    "The metafield definition %(key)s of %(owner)s has the type %(type)s "
                    "instead of %(wanted)s. Delete it in Shopify and connect again.",
                    key=key,
                    owner=owner_type,
                    type=found["type"]["name"],
                    wanted=wanted["type"],
                )
            )
        elif found["access"]["admin"] != ACCESS:
            operation = "metafields/definition_update"
            variables = {"definition": definition}
        else:
            mutation._close(settled)
            return
        uuid, _answer = mutation._perform(self, client, operation, variables, [subject])
        mutation._close([*settled, uuid])

    # === WEBHOOKS === #

    def _webhook_url(self, topic):
        # sudo: the key is a secret that only this address holds
        key = self.sudo().webhook_key
        return f"{self.get_base_url()}/shopify/webhook/{self.id}/{key}/{topic.lower()}"

    def _ensure_webhooks(self, client):
        """Subscribe to what is wanted, once each, and mend what died or was changed.

        Returns the topics that had to be mended.
        """
        nodes = client.execute("webhooks/list", {}).data["webhookSubscriptions"][
            "nodes"
        ]
        ours = {}
        for node in nodes:
            ours.setdefault((node["topic"], node["uri"]), node)
        granted = set((self.sudo().granted_scopes or "").split(","))
        scopes = granted | {scope.replace("write_", "read_", 1) for scope in granted}
        flows = {flow for flow, _label in FLOWS if self._flow_policy(flow) != "off"}
        mended = []
        for wanted in wanted_topics(flows, scopes):
            url = self._webhook_url(wanted.topic)
            fields_wanted = list(wanted.include_fields)
            found = ours.get((wanted.topic, url))
            if found and set(found["includeFields"]) == set(fields_wanted):
                self._close_open_writes(f"store/webhook/{wanted.topic}")
                continue
            subscription = {"uri": url, "includeFields": fields_wanted}
            self._subscribe(client, wanted.topic, subscription, found)
            mended.append(wanted.topic)
        return mended

    def _close_open_writes(self, subject):
        """What such a write should bring about was just read as being there."""
        mutation = self.env["shopify.mutation"]
        mutation._close([row.uuid for row in mutation._open_for(self, [subject])])

    def _subscribe(self, client, topic, subscription, found):
        mutation = self.env["shopify.mutation"]
        subject = f"store/webhook/{topic}"
        settled = [row.uuid for row in mutation._open_for(self, [subject])]
        if found:
            operation = "webhooks/update"
            variables = {"id": found["id"], "webhookSubscription": subscription}
        else:
            operation = "webhooks/create"
            variables = {"topic": topic, "webhookSubscription": subscription}
        uuid, _answer = mutation._perform(self, client, operation, variables, [subject])
        mutation._close([*settled, uuid])

    @api.model
    def _cron_heal(self):
        """Every 15 minutes: subscriptions that died, definitions that were altered."""
        self._for_each_store(lambda backend: backend._heal())

    def _heal(self):
        with self._client() as client:
            try:
                if not self._may_work(client):
                    return
            except RetryableJobError:
                return  # Shopify can't be asked just now; in 15 minutes again
            mended = self._ensure_webhooks(client)
            self._ensure_definitions(client)
        if mended:
            self._note_event(
                "store",
                "webhooks mended",
                self.env._("Subscribed again: %s", ", ".join(mended)),
            )
            # What happened while they were dead told nobody.
            self._enqueue_reconcile(hours=72)

    # === LEASE === #

    def _may_work(self, client):
        """Whether this database, as the sync user, may work for the store now. If not,
        the store or its flows rest, with the reason, and nothing is claimed.

        Raises RetryableJobError while Shopify can't be asked for a passing reason.
        """
        user = self.sudo().sync_user_id
        if self.sudo().company_id not in user.company_ids:
            self._pause_all(
                Failure(
                    "company_access_missing",
                    {
                        "company": self.sudo().company_id.display_name,
                        "user": user.display_name,
                    },
                )
            )
            return False
        self._resume_paused({"company_access_missing"}, only_paused=True)
        try:
            problem = self.env["shopify.lease"]._problem(self, client)
        except TransientError as error:
            wait = max(1, math.ceil(getattr(error, "retry_after", REST_SECONDS)))
            raise RetryableJobError(
                str(error), seconds=wait, ignore_retry=True
            ) from error
        except ShopifyError as error:
            self._pause_all(remote_failure(self.sudo(), error))
            return False
        if problem:
            self._hold("store_on_hold", problem)
        return not problem

    def action_take_lease(self):
        """A manager says: this database is the living one."""
        check_role(self.env, MANAGER)
        self.check_access("write")
        for backend in self:
            with backend._client() as client:
                self.env["shopify.lease"]._take(backend, client)
            backend.write(
                {"state": "connected", "hold_reason": False, "hold_message": False}
            )
            backend._note_event(
                "store", "lease taken", self.env._("This database writes to the store.")
            )
            backend._resume_paused(CONNECTION_CODES)
            backend._enqueue_due()

    # === SIGNATURES === #

    @api.model
    def _for_webhook(self, store_id):
        """The store of a webhook's address, if there is one, with what its answer needs
        in one query: the sender waits for it."""
        found = self.with_context(active_test=False).search_fetch(
            [("id", "=", store_id)], FOR_WEBHOOK
        )
        return self.browse(found.ids)

    def _webhook_secrets(self):
        # sudo: verified before any user is known
        return [secret for secret in (self.sudo().client_secret,) if secret]

    def _take_webhook(self, topic, body, delivery_id):
        """Insert what a verified delivery asks for. Returns the HTTP status to answer."""
        if topic == "APP_UNINSTALLED":
            self._enqueue_check()
            return 200
        try:
            subjects = subjects_of(topic, json.loads(body))
        except (ValueError, RecursionError, NeedsReview) as problem:
            self._note_event("store", "webhook_malformed", f"{topic}: {problem}"[:500])
            return 400
        self._webhook_seen(fields.Datetime.now())
        self.env["shopify.trigger"]._insert(
            self,
            self._webhook_subjects(subjects),
            f"webhook {topic.lower()}",
            delivery_id=delivery_id,
        )
        return 200

    def _webhook_subjects(self, subjects):
        """What the engine should look at for the subjects that a webhook names."""
        found = []
        for flow, direction, shopify_type, gid in subjects:
            if shopify_type == "Shop":
                self._enqueue_check()
            elif shopify_type == "InventoryItem":
                found += self.env["shopify.stock.level"]._subjects_of_item(self, gid)
            else:
                found.append((flow, direction, shopify_type, gid))
        return found

    def _webhook_seen(self, now):
        """Note, at most once a minute, that webhooks reach this Odoo."""
        last = self.last_webhook_at
        if not last or (now - last).total_seconds() > 60:
            # Past a running worker's locks, or the webhook's answer would wait for it.
            self.env.cr.execute(
                "UPDATE shopify_backend SET last_webhook_at = %s WHERE id ="
                " (SELECT id FROM shopify_backend WHERE id = %s"
                " FOR NO KEY UPDATE SKIP LOCKED)",
                [now, self.id],
            )

    def _enqueue_check(self):
        """The app's scopes changed, or it was removed: sign in again soon and see what
        is allowed. A webhook is a hint; it may be older than the next installation."""
        self.with_user(SUPERUSER_ID).with_delay(
            priority=5, identity_key=f"shopify/check/{self.id}"
        )._recheck_access()

    def _recheck_access(self):
        """Job: sign in anew. Refused after an uninstalled app: the store is on hold."""
        if not self._is_at_home():
            return
        try:
            with self._client() as client:
                self._check_scopes(client)
        except AccessDeniedError as error:
            self._note_event("store", error.failure, str(error))
        except AuthError:
            self._hold(
                "app_uninstalled",
                self.env._(
                    "Shopify refuses us since the app was removed there. Links are kept."
                ),
            )

    def _check_scopes(self, client):
        """Read which scopes are granted now; release what waited for them."""
        answer = client.execute("shop/connect", {})
        installation = answer.data["currentAppInstallation"]
        granted = sorted(scope["handle"] for scope in installation["accessScopes"])
        if ",".join(granted) != self.granted_scopes:
            self.granted_scopes = ",".join(granted)
            # What a new scope allows must be there before what waited for it goes on.
            self._heal()
            self._release([f"scope:{scope}" for scope in granted])
            self._resume_paused({"scope_missing"})
        self._resume_paused({"sign_in_failed", "store_unreachable"}, only_paused=True)
        return granted

    def _is_webhook_key(self, key):
        return hmac.compare_digest(
            (self.sudo().webhook_key or "").encode(), key.encode()
        )


def _check(key, ok, label, detail):
    return {"key": key, "ok": ok, "label": label, "detail": detail}
