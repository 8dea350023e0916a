"""Webhooks: only what is signed for this store's own address counts, and as a hint."""

import json

from odoo.addons.queue_job.job import Job

from ..common import ShopifyHttpCase
from ..emulator.webhooks import signature
from .sync_case import SyncHelpers

SIGNED = "X-Shopify-Hmac-Sha256"
PRODUCT = {"id": 4711, "admin_graphql_api_id": "gid://shopify/Product/4711"}


class WebhookCase(SyncHelpers, ShopifyHttpCase):
    def address(self, topic, backend=None):
        backend = backend or self.backend
        return f"/shopify/webhook/{backend.id}/{backend.webhook_key}/{topic}"

    def post(
        self, topic="products_update", payload=PRODUCT, url=None, raw=None, **headers
    ):
        """The status of a delivery; signed with the store's secret unless told."""
        body = raw if raw is not None else json.dumps(payload).encode()
        sent = {
            "Content-Type": "application/json",
            SIGNED: signature(self.shop.app.client_secret, body),
            "X-Shopify-Shop-Domain": self.backend.shop_domain,
            "X-Shopify-Webhook-Id": "delivery-1",
        }
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.url_open(
            url or self.address(topic),
            data=body,
            headers={name: value for name, value in sent.items() if value is not None},
        )
        self.env.invalidate_all()
        return answer.status_code

    def deliver(self):
        """Let the shop send what it has to tell."""
        with self.allow_requests(all_requests=True):
            self.shop.deliver_webhooks()
        self.env.invalidate_all()

    def keys(self):
        return self.triggers().mapped("subject_key")

    def store_events(self, outcome):
        return self.env["shopify.event"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("kind", "=", "store"),
                ("outcome", "=", outcome),
            ]
        )


class TestWebhookDoor(WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_shop = cls.emulator.add_shop("othershop")

    def other_store(self):
        """Another store of the same app, so its deliveries are signed alike."""
        secret = self.backend.client_secret
        return self._make_store(self.other_shop, client_secret=secret)

    def test_signed_delivery_inserts_one_trigger_and_wakes_a_drain(self):
        self.assertEqual(self.post(), 200)

        trigger = self.triggers()
        self.assertEqual(
            (trigger.flow, trigger.direction, trigger.subject_type, trigger.cause),
            ("products", "in", "Product", "webhook products_update"),
        )
        self.assertEqual(trigger.subject_key, PRODUCT["admin_graphql_api_id"])
        self.assertEqual(trigger.delivery_id, "delivery-1")
        self.assertEqual(len(self.jobs("records")), 1)
        self.assertTrue(self.backend.last_webhook_at)

    def test_signature_is_over_the_raw_bytes(self):
        spaced = (
            b'{ "id" : 4711,\n  "admin_graphql_api_id": "gid://shopify/Product/4711"}'
        )

        self.assertEqual(self.post(raw=spaced), 200)
        signed_otherwise = signature(
            self.backend.client_secret, json.dumps(json.loads(spaced)).encode()
        )
        refused = self.post(
            raw=spaced,
            X_Shopify_Hmac_Sha256=signed_otherwise,
            X_Shopify_Webhook_Id="delivery-2",
        )

        self.assertEqual(refused, 401)
        self.assertEqual(len(self.triggers()), 1)

    def test_wrong_or_missing_signature_is_refused_and_nothing_stored(self):
        before = self.env["shopify.event"].search_count([])
        body = json.dumps(PRODUCT).encode()
        for given in (signature("another secret", body), "", "no base64 §", None):
            self.assertEqual(self.post(X_Shopify_Hmac_Sha256=given), 401)

        self.assertEqual(self.keys(), [])
        self.assertFalse(self.jobs("records"))
        self.assertFalse(self.backend.last_webhook_at)
        self.assertEqual(self.env["shopify.event"].search_count([]), before)

    def test_delivery_for_one_store_is_refused_at_the_address_of_another(self):
        other = self.other_store()

        status = self.post(url=self.address("products_update", other))

        self.assertEqual(status, 401)
        for store in (self.backend, other):
            self.assertFalse(
                self.env["shopify.trigger"].search([("backend_id", "=", store.id)])
            )

    def test_delivery_is_refused_at_the_other_stores_number_with_its_own_key(self):
        other = self.other_store()
        mixed = self.address("products_update").replace(
            f"/{self.backend.id}/", f"/{other.id}/"
        )

        self.assertEqual(self.post(url=mixed, X_Shopify_Shop_Domain=None), 401)

        for store in (self.backend, other):
            self.assertFalse(
                self.env["shopify.trigger"].search([("backend_id", "=", store.id)])
            )

    def test_wrong_key_and_unknown_store_are_refused_alike(self):
        address = self.address("products_update")
        wrong_key = address.replace(self.backend.webhook_key, "guessed")
        no_store = address.replace(f"/{self.backend.id}/", "/987654/")

        self.assertEqual(self.post(url=wrong_key), 401)
        self.assertEqual(self.post(url=no_store), 401)
        self.assertEqual(self.keys(), [])

    def test_changed_secret_and_key_count_from_the_next_delivery(self):
        old = self.address("products_update")
        self.assertEqual(self.post(), 200)

        self.backend.webhook_key = "another-key"
        self.assertEqual(self.post(url=old, X_Shopify_Webhook_Id="delivery-2"), 401)
        self.assertEqual(self.post(X_Shopify_Webhook_Id="delivery-3"), 200)
        self.backend.client_secret = "another secret"
        self.assertEqual(self.post(X_Shopify_Webhook_Id="delivery-4"), 401)

        self.assertEqual(
            self.triggers().mapped("delivery_id"), ["delivery-1", "delivery-3"]
        )

    def test_delivery_for_a_deleted_store_is_refused(self):
        other = self.other_store()
        address = self.address("themes_publish", other)
        self.assertEqual(self.post(url=address, X_Shopify_Shop_Domain=None), 200)

        other.unlink()

        self.assertEqual(self.post(url=address, X_Shopify_Shop_Domain=None), 401)

    def test_drain_is_stored_as_queue_job_itself_would_store_it(self):
        drain = self.backend._new_drain("records")
        drain.store()
        Job.store(same := self.backend._new_drain("records"))

        rows = []
        for job in (drain, same):
            self.env.cr.execute(
                "SELECT to_jsonb(queue_job) FROM queue_job WHERE uuid = %s", [job.uuid]
            )
            rows.append(self.env.cr.fetchone()[0])
        differing = {name for name in rows[0] if rows[0][name] != rows[1][name]}
        self.assertEqual(differing, {"id", "uuid", "date_created"})

    def test_too_large_a_body_is_refused_before_it_is_looked_at(self):
        body = b'{"id": 4711, "note": "' + b"x" * (2 * 1024 * 1024) + b'"}'

        self.assertEqual(self.post(raw=body), 413)

        self.assertEqual(self.keys(), [])

    def test_malformed_bodies_answer_400_and_leave_an_event_each(self):
        bodies = [
            b"not json",
            b"[]",
            b"{}",
            b'{"admin_graphql_api_id": "gid://shopify/Order/1"}',
            b'{"id": "seven"}',
            b"[" * 100000,
            b"\xff\xfe",
        ]
        for body in bodies:
            self.assertEqual(self.post(raw=body), 400, body[:40])

        self.assertEqual(self.keys(), [])
        self.assertEqual(len(self.store_events("webhook_malformed")), len(bodies))

    def test_duplicate_delivery_counts_once(self):
        for _copy in range(3):
            self.assertEqual(self.post(), 200)

        self.assertEqual(len(self.triggers()), 1)
        self.assertEqual(len(self.jobs("records")), 1)

    def test_topic_that_nobody_reads_is_answered_and_forgotten(self):
        self.assertEqual(self.post("themes_publish", {"id": 1}), 200)

        self.assertEqual(self.keys(), [])

    def test_topic_of_a_flow_that_is_off_is_answered_and_forgotten(self):
        self.set_policy("products", "off")

        self.assertEqual(self.post(), 200)

        self.assertEqual(self.keys(), [])

    def test_store_without_a_secret_accepts_nothing(self):
        self.backend.client_secret = False

        refused = self.post(X_Shopify_Hmac_Sha256=signature("", b"{}"), raw=b"{}")

        self.assertEqual(refused, 401)

    def test_get_is_refused(self):
        answer = self.url_open(self.address("products_update"))

        self.assertEqual(answer.status_code, 405)
        self.assertEqual(self.keys(), [])


class TestWebhookFromShopify(WebhookCase):
    """The shop itself sends; subscriptions are those that connecting made."""

    def test_new_product_arrives_by_its_webhook(self):
        mug = self.mug()
        self.deliver()
        self.assertEqual(self.keys(), [mug["id"]])
        self.run_syncs()

        self.assertDone(mug["id"])
        self.assertTrue(self.product_link(mug))

    def test_deliveries_hold_ids_and_times_only(self):
        self.shop.create_customer(
            email="ada@example.com", first_name="Ada", last_name="Byron"
        )
        self.mug()

        bodies = [one["body"] for one in self.shop.webhook_deliveries()]

        self.assertEqual(len(bodies), 2)
        for body in bodies:
            self.assertLessEqual(
                set(json.loads(body)), {"id", "admin_graphql_api_id", "updated_at"}
            )

    def test_three_deliveries_out_of_order_end_as_one_sync_row(self):
        self.shop.plan_webhooks(reorder=True, copies=2, seed=3)
        mug = self.mug()
        self.shop.edit_product(mug["id"], title="Mug for tea")
        self.shop.edit_product(mug["id"], title="Mug for coffee")
        self.addCleanup(self.shop.clear_webhook_plans)

        self.deliver()
        self.assertEqual(self.keys(), [mug["id"]] * 3)
        self.run_syncs()
        self.deliver()
        self.run_syncs()

        self.assertEqual(len(self.row(mug["id"])), 1)
        self.assertEqual(self.product_link(mug).odoo_id.name, "Mug for coffee")
        self.assertEqual(
            self.env["product.template"].search_count([("name", "like", "Mug for")]), 1
        )
        self.assertFalse(self.triggers())

    def test_own_write_back_comes_home_and_changes_nothing(self):
        mug = self.mug()
        self.deliver()
        self.run_syncs()
        self.start_counting()

        self.deliver()
        self.assertEqual(set(self.keys()), {mug["id"]})
        self.run_syncs()
        self.deliver()

        self.assertDone(mug["id"], "unchanged")
        self.assertEqual(self.written(), {})
        self.assertFalse(self.triggers())

    def test_uninstalling_holds_the_store_and_keeps_its_links(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.shop.uninstall_app()
        self.addCleanup(self.reinstall)
        later = self.mug(sku="CUP", title="Cup")

        self.deliver()
        self.ask("products", later["id"])
        self.run_syncs()

        self.assertEqual(
            (self.backend.state, self.backend.hold_reason), ("hold", "app_uninstalled")
        )
        self.assertEqual(len(self.store_events("app_uninstalled")), 1)
        self.assertTrue(self.product_link(mug))
        # Nothing was tried, and what is to be done still stands there.
        self.assertFalse(self.row(later["id"]))
        self.assertIn(later["id"], self.keys())

    def reinstall(self):
        self.shop.reinstall_app()

    def test_granted_scope_releases_what_waited_for_it(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        mug = self.mug()
        self.shop.set_scopes([s for s in granted if "inventory" not in s])
        self.read_again("products", mug["id"])
        row = self.row(mug["id"])
        self.assertEqual(row.reason_code, "scope_missing")
        self.assertEqual(row.wait_ids.mapped("key"), ["scope:read_inventory"])
        self.deliver()
        self.run_syncs()
        self.assertNotIn("read_inventory", self.backend.granted_scopes.split(","))

        self.shop.set_scopes(granted)
        self.deliver()
        self.run_syncs()

        self.assertIn("read_inventory", self.backend.granted_scopes.split(","))
        self.assertDone(mug["id"])
        self.assertEqual(self.row(mug["id"]), row)
