"""Connecting: what the test says, what is made once, and nothing twice."""

from ..common import ShopifyHttpCase
from .sync_case import SyncHelpers

# What the emulator doesn't grant by itself.
OPTIONAL = ("write_locations", "write_third_party_fulfillment_orders")
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

        self.assertEqual(len(self.other.definitions), 10)
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
        self.assertEqual(applied["metafieldDefinitionCreate"], 10)
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
        self.assertEqual(len(self.other.definitions), 10)
        self.assertEqual(self.applied()["metafieldDefinitionCreate"], 10)

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
