"""Connecting: what the test says, what is made once, and nothing twice."""

from datetime import datetime
from unittest.mock import patch

from odoo import fields

from odoo.addons.shopify_connector.api.errors import RejectedError
from odoo.addons.shopify_connector.models import shopify_webhooks as webhooks

from ..common import ShopifyHttpCase
from .sync_case import SyncHelpers

HOOK = "WebhookSubscription"

# What the emulator doesn't grant by itself.
OPTIONAL = (
    "write_locations",
    "write_third_party_fulfillment_orders",
    "write_draft_orders",
)
MADE = (
    "product.pricelist",
    "delivery.carrier",
    "product.template",
    "shopify.mapping.location",
    "shopify.flow",
    "res.currency",
)


class ConnectCase(SyncHelpers, ShopifyHttpCase):
    """`self.store` is a second store, not connected yet, of a shop in euros."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.emulator.add_shop("second", currency="EUR", plan="Basic")
        cls.other.webhook_mode("manual")
        cls.scopes = sorted(cls.other.app.scopes)

    def setUp(self):
        super().setUp()
        self.kept = self.other.save()
        self.other.set_bucket(points=1000.0)
        self.addCleanup(self.other.restore, self.kept)
        self.addCleanup(self.other.set_scopes, self.scopes)
        self.store = self._make_store(self.other)

    def checks(self):
        """{key: [(ok, detail)]} of the connection test."""
        found = {}
        with self.allow_requests(all_requests=True):
            checks = self.store._test_connection()
        for check in checks:
            found.setdefault(check["key"], []).append((check["ok"], check["detail"]))
        return found

    def applied(self):
        names = list(self.other.mutations_applied)
        return {name: names.count(name) for name in sorted(set(names))}

    def made(self):
        counts = {
            model: self.env[model].with_context(active_test=False).search_count([])
            for model in MADE
        }
        definitions = len(self.other.definitions)
        webhooks = len(self.other.of_type("WebhookSubscription"))
        return counts | {"definitions": definitions, "webhooks": webhooks}


class TestConnectionTest(ConnectCase):
    def test_says_what_was_found_and_changes_nothing(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.other.set_scopes([*self.scopes, *OPTIONAL])
        before = self.made()

        checks = self.checks()

        self.assertEqual(
            {key: [ok for ok, _detail in rows] for key, rows in checks.items()},
            {
                "sign_in": [True],
                "version": [True],
                "plan": [True],
                "currency": [True],
                "scopes": [True],
                "webhooks": [True],
            },
        )
        self.assertEqual(checks["plan"][0][1], "Basic")
        self.assertEqual(checks["currency"][0][1], "EUR")
        self.assertEqual(checks["version"][0][1], "2026-10")
        self.assertEqual(self.made(), before)
        self.assertEqual(self.applied(), {})
        self.assertEqual(self.store.state, "draft")

    def test_missing_scopes_are_named_with_what_stays_off(self):
        lacking = ("write_inventory", "write_customers")
        self.other.set_scopes(
            [s for s in (*self.scopes, *OPTIONAL) if s not in lacking]
        )

        rows = self.checks()["scopes"]

        self.assertEqual({ok for ok, _detail in rows}, {False})
        self.assertEqual(
            sorted(detail for _ok, detail in rows),
            [
                "write_customers missing: Odoo ID on customers stays off",
                "write_inventory missing: Push stock stays off",
            ],
        )

    def test_another_api_version_is_noticed(self):
        self.other.fault("version", times=None)
        self.addCleanup(self.other.clear_faults)

        self.assertEqual(self.checks()["version"], [(False, "2027-01")])

    def test_failed_sign_in_is_the_only_check(self):
        self.store.client_secret = "not the secret"

        checks = self.checks()

        self.assertEqual(list(checks), ["sign_in"])
        [(ok, detail)] = checks["sign_in"]
        self.assertFalse(ok)
        self.assertIn("refuses the credentials", detail)
        self.assertNotIn("not the secret", detail)


class TestConnect(ConnectCase):
    def test_what_the_shop_is_and_needs_is_there_afterwards(self):
        self.env.ref("base.EUR").active = False

        self.store.action_connect()

        shop = self.other.of_type("Shop")[0]
        self.assertEqual(self.store.state, "connected")
        self.assertEqual(self.store.shop_gid, shop["id"])
        self.assertEqual(self.store.plan_name, "Basic")
        self.assertEqual(self.store.shop_timezone, shop["ianaTimezone"])
        self.assertEqual(self.store.api_version_seen, "2026-10")
        self.assertEqual(self.store.granted_scopes.split(","), self.scopes)
        euro = self.env.ref("base.EUR")
        self.assertTrue(euro.active)
        self.assertEqual(self.store.shop_currency_id, euro)
        self.assertEqual(self.store.pricelist_id.currency_id, euro)
        self.assertEqual(self.store.pricelist_id.company_id, self.company)
        product = self.store.delivery_carrier_id.product_id
        self.assertEqual((product.type, product.list_price), ("service", 0.0))
        self.assertFalse(product.sale_ok)
        self.assertFalse(product.taxes_id)
        self.assertTrue(self.store.lang)
        self.assertEqual(self.store.orders_since, self.store.connected_at)
        self.assertEqual(
            self.store.location_ids.mapped("shopify_gid"),
            [row["id"] for row in self.other.of_type("Location")],
        )

    def test_definitions_and_webhooks_are_made_once_each(self):
        self.store.action_connect()

        self.assertEqual(len(self.other.definitions), 12)
        webhooks = self.other.of_type("WebhookSubscription")
        topics = [row["topic"] for row in webhooks]
        self.assertEqual(len(topics), len(set(topics)))
        self.assertTrue(
            {"ORDERS_CREATE", "PRODUCTS_UPDATE", "APP_UNINSTALLED"} <= set(topics)
        )
        own = f"/shopify/webhook/{self.store.id}/{self.store.webhook_key}/"
        for row in webhooks:
            self.assertIn(own + row["topic"].lower(), row["uri"])
        applied = self.applied()
        self.assertEqual(applied["metafieldDefinitionCreate"], 12)
        self.assertEqual(applied["webhookSubscriptionCreate"], len(topics))

    def test_connecting_again_makes_nothing(self):
        self.store.action_connect()
        made, applied = self.made(), self.applied()
        carrier, pricelist = self.store.delivery_carrier_id, self.store.pricelist_id
        since = self.store.orders_since

        self.store.action_connect()

        self.assertEqual(self.made(), made)
        # Only the lease is taken anew.
        again = self.applied()
        self.assertEqual(again.pop("metafieldsSet"), applied.pop("metafieldsSet") + 1)
        self.assertEqual(again, applied)
        self.assertEqual(self.store.delivery_carrier_id, carrier)
        self.assertEqual(self.store.pricelist_id, pricelist)
        self.assertEqual(self.store.orders_since, since)

    def test_choices_that_were_made_are_kept(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        mine = self.env["product.pricelist"].create(
            {"name": "Mine", "currency_id": euro.id, "company_id": self.company.id}
        )
        self.store.write({"pricelist_id": mine.id, "orders_since": "2026-01-01"})

        self.store.action_connect()

        self.assertEqual(self.store.pricelist_id, mine)
        self.assertEqual(f"{self.store.orders_since:%Y-%m-%d}", "2026-01-01")

    def test_half_done_connection_is_finished_by_the_next(self):
        self.other.fault("reset_after", operation="MetafieldsDefinitionCreate", skip=3)
        self.addCleanup(self.other.clear_faults)
        try:
            with self.env.cr.savepoint():
                self.store.action_connect()
        except Exception as error:
            self.assertNotIn("Traceback", str(error))
            self.env.invalidate_all()
        self.assertEqual(self.store.state, "draft")

        self.store.action_connect()

        self.assertEqual(self.store.state, "connected")
        self.assertEqual(len(self.other.definitions), 12)
        self.assertEqual(self.applied()["metafieldDefinitionCreate"], 12)

    def test_missing_scope_leaves_out_what_needs_it_and_connects(self):
        self.other.set_scopes([s for s in self.scopes if "customers" not in s])

        self.store.action_connect()

        self.assertEqual(self.store.state, "connected")
        topics = {row["topic"] for row in self.other.of_type("WebhookSubscription")}
        self.assertNotIn("CUSTOMERS_UPDATE", topics)
        self.assertIn("PRODUCTS_UPDATE", topics)
        self.assertNotIn("CUSTOMER", {owner for owner, _n, _key in self.definitions()})

        self.other.set_scopes(self.scopes)
        self.env.flush_all()
        self.env["shopify.backend"]._cron_check()

        topics = {row["topic"] for row in self.other.of_type("WebhookSubscription")}
        self.assertIn("CUSTOMERS_UPDATE", topics)
        self.assertIn("CUSTOMER", {owner for owner, _n, _key in self.definitions()})

    def definitions(self):
        return list(self.other.definitions)

    def test_flow_that_is_off_gets_no_webhooks_until_it_is_on(self):
        flow = self.store.flow_ids.filtered(lambda row: row.flow == "customers")
        flow.policy = "off"
        self.store.action_connect()
        topics = {row["topic"] for row in self.other.of_type("WebhookSubscription")}
        self.assertNotIn("CUSTOMERS_CREATE", topics)

        flow.policy = "automatic"
        self.env.flush_all()
        self.env["shopify.backend"]._cron_heal()

        topics = {row["topic"] for row in self.other.of_type("WebhookSubscription")}
        self.assertIn("CUSTOMERS_CREATE", topics)

    def test_dead_subscription_is_mended_and_what_was_missed_is_read(self):
        self.store.action_connect()
        dead = [
            row
            for row in self.other.of_type("WebhookSubscription")
            if row["topic"] == "PRODUCTS_CREATE"
        ]
        self.other.delete(dead[0])
        mug = self.other.create_product(title="Mug", variants=[{"sku": "MUG"}])
        self.env.flush_all()

        self.env["shopify.backend"]._cron_heal()
        self.run_syncs()

        topics = [row["topic"] for row in self.other.of_type("WebhookSubscription")]
        self.assertEqual(topics.count("PRODUCTS_CREATE"), 1)
        row = self.env["shopify.sync"].search(
            [("backend_id", "=", self.store.id), ("subject_key", "=", mug["id"])]
        )
        self.assertEqual(row.filtered(lambda r: r.direction == "in").state, "done")


class TestSubscriptions(ConnectCase):
    def setUp(self):
        super().setUp()
        self.store.action_connect()
        self.env.flush_all()

    def heal(self):
        self.env.flush_all()
        self.env["shopify.backend"]._cron_heal()

    def hooks(self):
        return {(row["topic"], row["uri"]) for row in self.other.of_type(HOOK)}

    def subscribe(self, topic, uri):
        """By our app, but not by this store."""
        client_id = self.other.app.client_id
        values = {"includeFields": [], "filter": None, "format": "JSON", "name": None}
        return self.other.add(
            HOOK, topic=topic, uri=uri, _app=client_id, _failures=0, **values
        )

    def move_to(self, address):
        self.env["ir.config_parameter"].set_param("web.base.url", address)

    def test_address_taken_by_a_faster_worker_is_no_error(self):
        before = self.hooks()
        dead = next(row for row in self.other.of_type(HOOK))
        kept = dict(dead)
        self.other.delete(dead)
        # The other worker subscribes after this one has looked.
        read = webhooks.read_subscriptions
        looks = []

        def look(client):
            found = read(client)
            if not looks:
                self.other.add(HOOK, **kept)
            looks.append(1)
            return found

        with patch.object(webhooks, "read_subscriptions", look):
            with self.store._client() as client:
                self.store._ensure_webhooks(client)

        self.assertEqual(self.hooks(), before)
        self.assertEqual(len(self.other.of_type(HOOK)), len(before))
        self.assertEqual(len(looks), 2)

    def test_refused_subscription_that_is_not_there_is_an_error(self):
        self.move_to("http://erp.example.com")  # Shopify takes https only

        with self.store._client() as client, self.assertRaises(RejectedError):
            self.store._ensure_webhooks(client)

    def test_subscriptions_at_the_former_address_are_deleted(self):
        before = self.hooks()
        self.move_to("https://erp.example.com")

        self.heal()

        after = self.hooks()
        self.assertEqual(len(after), len(before))
        start = f"https://erp.example.com/shopify/webhook/{self.store.id}/"
        self.assertEqual({uri.startswith(start) for _topic, uri in after}, {True})

    def test_subscriptions_with_a_former_key_are_deleted(self):
        former = self.store.webhook_key
        self.store.webhook_key = "a-new-key"

        self.heal()

        self.assertFalse([uri for _topic, uri in self.hooks() if former in uri])

    def test_what_is_not_certainly_ours_is_never_deleted(self):
        store, key = self.store.id, self.store.webhook_key
        others = {
            ("ORDERS_CREATE", "https://hooks.example.com/orders"),
            ("ORDERS_CREATE", f"https://live/shopify/webhook/{store}/k/orders_create"),
            (
                "ORDERS_CREATE",
                f"https://live/shopify/webhook/{store}/{key}/orders_create",
            ),
        }
        for topic, uri in others:
            self.subscribe(topic, uri)
        self.move_to("https://erp.example.com")

        self.heal()

        self.assertLessEqual(others, self.hooks())

    def test_copy_that_took_over_deletes_nothing_of_the_original(self):
        before = self.hooks()
        # As the copy holds it: noted where the original lives.
        self.store.webhook_addresses = [
            {**entry, "place": ["1", "1"]} for entry in self.store.webhook_addresses
        ]
        self.move_to("https://staging.example.com")

        self.heal()

        self.assertLessEqual(before, self.hooks())

    def test_copy_on_hold_deletes_nothing(self):
        before = self.hooks()
        self.move_to("https://staging.example.com")
        self.env.cr.execute("UPDATE shopify_lease SET database_oid = '1'")

        self.heal()

        self.assertEqual(self.hooks(), before)

    def test_topics_that_no_flow_wants_are_unsubscribed(self):
        flow = self.store.flow_ids.filtered(lambda row: row.flow == "customers")
        flow.policy = "off"

        self.heal()

        topics = {topic for topic, _uri in self.hooks()}
        self.assertFalse({t for t in topics if t.startswith("CUSTOMERS")})
        self.assertIn("ORDERS_CREATE", topics)

    def test_second_round_deletes_and_makes_nothing(self):
        self.move_to("https://erp.example.com")
        self.heal()
        applied = self.applied()

        self.heal()

        for name in ("webhookSubscriptionDelete", "webhookSubscriptionCreate"):
            self.assertEqual(self.applied()[name], applied[name])


class TestApiVersion(ConnectCase):
    def setUp(self):
        super().setUp()
        self.store.action_connect()

    def warning_on(self, *day):
        now = datetime(*day, 12)
        self.env.invalidate_all()
        with patch.object(fields.Datetime, "now", lambda *_args: now):
            return self.store.api_version_warning

    def test_end_of_the_version_is_said_ninety_days_before(self):
        self.assertFalse(self.warning_on(2027, 7, 2))
        self.assertIn("10/01/2027", self.warning_on(2027, 7, 3))

    def test_version_that_shopify_no_longer_supports_is_said(self):
        offered = [{"handle": "2026-10", "displayName": "2026-10", "supported": False}]
        with self.store._client() as client:
            self.store._note_api_version(client, {"publicApiVersions": offered})
        self.assertIn(
            "no longer supports API version 2026-10", self.warning_on(2026, 12, 1)
        )

    def test_answer_in_another_version_is_said_by_the_next_check(self):
        self.other.fault("version", times=None)
        self.addCleanup(self.other.clear_faults)
        self.env.flush_all()
        self.store._recheck_access()

        self.assertIn("2027-01 instead of 2026-10", self.warning_on(2026, 12, 1))

        self.other.clear_faults()
        self.store._recheck_access()

        self.assertFalse(self.warning_on(2026, 12, 1))
