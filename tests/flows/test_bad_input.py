"""What comes in broken or empty: a clear reason, nothing lost, and the rest goes on."""

from odoo.exceptions import UserError, ValidationError

from ...api import operations
from ...models.shopify_binding import Nodes
from ...models.sync_subject import Subject
from ..common import ShopifyCase
from .nullable import nullable_paths, with_null
from .sync_case import SyncCase

WITHHELD = ("level1", "none")


class TestWrongSignIn(ShopifyCase):
    """Connecting says what is wrong, and leaves the store as it was."""

    def new_store(self, **values):
        shop = self.other
        return self.env["shopify.backend"].create(
            {
                "name": "Second",
                "shop_domain": shop.domain,
                "client_id": shop.app.client_id,
                "client_secret": shop.app.client_secret,
                **values,
            }
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.emulator.add_shop("second", currency="USD")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.other.restore, self.other.save())

    def assertRefused(self, store, *words):
        try:
            store.action_connect()
        except UserError as error:
            text = str(error)
        else:
            self.fail("it connected")
        for word in words:
            self.assertIn(word, text)
        self.assertNotIn("Traceback", text)
        for secret in (store.client_secret, store.access_token):
            if secret:
                self.assertNotIn(secret, text)
        self.assertEqual(store.state, "draft")
        self.assertFalse(store.shop_gid)
        self.assertFalse(store.location_ids)
        self.assertFalse(store.pricelist_id)
        self.assertEqual(list(self.other.mutations_applied), [])

    def test_wrong_token(self):
        store = self.new_store(auth_kind="token", access_token="shpat_0123456789")

        self.assertRefused(store, "refuses the credentials", "access token")

    def test_wrong_secret(self):
        store = self.new_store(client_secret="not the secret")

        self.assertRefused(store, "refuses the credentials", "client ID or secret")

    def test_unknown_client(self):
        store = self.new_store(client_id="no such app")

        self.assertRefused(store, "refuses the credentials", "client ID or secret")

    def test_domain_of_no_shop(self):
        store = self.new_store(shop_domain="nobody-here.myshopify.com")

        self.assertRefused(store, "nobody-here.myshopify.com")

    def test_domain_that_is_none_of_shopifys_is_refused_before_any_request(self):
        for domain in (
            "evil.example.com",
            "shop.myshopify.com.evil.example.com",
            "http://127.0.0.1:8069",
            "",
            "a b.myshopify.com",
        ):
            with self.assertRaises(ValidationError):
                self.new_store(shop_domain=domain)

    def test_frozen_and_locked_shops_say_so(self):
        for status in (402, 403, 423):
            self.other.switch(shop_status=status)
            self.addCleanup(self.other.switch, shop_status=200)
            with self.env.cr.savepoint() as savepoint:
                store = self.new_store()
                self.assertRefused(store, self.other.domain)
                savepoint.rollback()

    def test_shop_that_was_replaced_under_its_domain_is_not_taken_for_the_old_one(self):
        store = self.new_store()
        store.action_connect()
        store.shop_gid = "gid://shopify/Shop/1"

        with self.assertRaisesRegex(UserError, "another shop"):
            store.action_connect()


class TestBadAnswers(SyncCase):
    def setUp(self):
        super().setUp()
        self.bought = self.order([("SHIRT", 1)])

    def assertWaitsAndThenComes(self, code):
        self.sync(self.bought)
        row = self.row(self.bought["id"])
        self.assertEqual((row.state, row.reason_code), ("waiting", code))
        self.assertNoOrder(self.bought)

        self.shop.clear_faults()
        self.flow("orders").action_resume()
        self.time_passes(row)
        self.wake()
        self.run_syncs()

        self.assertDone(self.bought["id"])
        self.assertAmounts(self.sale_order(self.bought), "23.00", "3.00")

    def test_unreadable_answers_are_read_again(self):
        for kind in ("garbage", "half_json", "internal_error"):
            with self.subTest(kind):
                self.bought = self.order([("SHIRT", 1)])
                self.shop.fault(kind, operation="OrdersImport", times=None)
                self.assertWaitsAndThenComes("shopify_down")

    def test_cut_connections_are_tried_again(self):
        for kind in ("reset_before", "truncate"):
            with self.subTest(kind):
                self.bought = self.order([("SHIRT", 1)])
                self.shop.fault(kind, operation="OrdersImport", times=None)
                self.sync(self.bought)
                self.assertEqual(self.row(self.bought["id"]).state, "waiting")
                self.assertEqual(self.row(self.bought["id"]).nature, "temporary")
                self.shop.clear_faults()

    def test_token_that_ended_early_is_renewed_and_nobody_notices(self):
        self.shop.fault("revoked_token", times=1)

        self.sync(self.bought)

        self.assertDone(self.bought["id"])
        self.assertFalse(self.flow("orders").paused_at)

    def test_newer_api_version_stops_writes_and_reads_go_on(self):
        self.shop.fault("version", times=None)

        self.sync(self.bought)

        self.assertDone(self.bought["id"])
        row = self.row(self.bought["id"], "mark")
        self.assertNotEqual(row.state, "done")
        self.assertIsNone(self.marked(self.bought["id"]))

    def test_text_that_the_database_cannot_hold_stops_alone(self):
        bad = self.order([("SHIRT", 1)], note="before\x00after")
        good = self.order([("SOCKS", 1)], note="Grüße 🎁 " * 40)

        self.sync(bad, good)

        self.assertDone(good["id"])
        row = self.row(bad["id"])
        self.assertIn(row.state, ("review", "done"))
        self.assertTrue(row.state == "done" or row.message)

    def test_webhook_for_something_that_never_existed_is_left_out(self):
        gone = "gid://shopify/Order/999"
        self.ask("orders", gone)
        self.ask("products", "gid://shopify/Product/999")
        self.ask("customers", "gid://shopify/Customer/999")
        self.trigger(self.bought)

        self.run_syncs()

        self.assertDone(self.bought["id"])
        for gid in (gone, "gid://shopify/Product/999", "gid://shopify/Customer/999"):
            self.assertDone(gid, "excluded")


class TestNulls(SyncCase):
    """Whatever Shopify may send as null is null once; nothing of it is a defect."""

    def whole_order(self):
        product = self.env["product.product"].create(
            {"name": "Extra", "type": "service", "taxes_id": False}
        )
        self.backend.write(
            {"custom_product_id": product.id, "tip_product_id": product.id}
        )
        customer = self.shop.create_customer(
            email="ada@example.com",
            first_name="Ada",
            last_name="Byron",
            phone="+15551234567",
            addresses=[{"address1": "1 Main Street", "city": "Springfield"}],
        )
        return self.order(
            [
                {
                    "variant": "SHIRT",
                    "quantity": 2,
                    "discounts": [{"amount": "1.00", "each": True, "title": "Sale"}],
                },
                {"title": "Engraving", "price": "4.00"},
            ],
            customer=customer["id"],
            shipping=[{"title": "Post", "price": "4.90"}],
            discounts=[{"percent": 10, "code": "TEN"}],
            billing_address={
                "firstName": "Ada",
                "lastName": "Byron",
                "company": "Engines",
                "address1": "2 Side Street",
                "city": "Springfield",
                "zip": "62701",
                "provinceCode": "IL",
                "countryCodeV2": "US",
            },
            note="Ring twice",
            tags=["vip"],
            poNumber="PO 1",
        )

    def assertNoDefect(self, model, flow, typename, document, node):
        """Each nullable place set to null in turn; the engine plans and writes it, and
        all is taken back."""
        document = (operations.FOLDER / f"{document}.graphql").read_text()
        sync = self.env["shopify.sync"]._as_sync_user(self.backend)
        backend = self.backend.with_env(sync.env)
        bad, tried = {}, 0
        for path in nullable_paths(document, typename):
            changed = with_null(node, path)
            if changed is None:
                continue
            tried += 1
            subject = Subject(flow, "in", typename, node["id"], causes=("test",))
            nodes = Nodes({node["id"]: changed}, {})
            with self.env.cr.savepoint() as savepoint:
                ends = sync._write_in(
                    sync.env[model], backend, nodes, {node["id"]: subject}
                )
                savepoint.rollback()
            self.env.invalidate_all()
            [(end, _facts)] = ends.values()
            if getattr(end, "code", "") == "defect":
                lines = end.params["traceback"].strip().splitlines()
                bad[".".join(path)] = " | ".join(lines[-4:])
        self.assertEqual(bad, {})
        return tried

    def fetched(self, model, gid):
        with self.backend._client() as client:
            return self.env[model]._fetch(self.backend, client, [gid])[gid]

    def test_order(self):
        node = self.fetched("shopify.sale.order", self.whole_order()["id"])

        tried = self.assertNoDefect(
            "shopify.sale.order", "orders", "Order", "orders/import", node
        )

        self.assertGreater(tried, 40)

    def test_linked_order(self):
        order = self.whole_order()
        self.sync(order)
        self.assertDone(order["id"])
        node = self.fetched("shopify.sale.order", order["id"])

        self.assertNoDefect(
            "shopify.sale.order", "orders", "Order", "orders/import", node
        )

    def test_product(self):
        shirt = self.shop.create_product(
            title="Blouse",
            options=["Size"],
            variants=[
                {"options": ["S"], "sku": "A", "barcode": "4006381333931", "weight": 1},
                {"options": ["M"], "sku": "B"},
            ],
        )
        node = self.fetched("shopify.product.template", shirt["id"])

        tried = self.assertNoDefect(
            "shopify.product.template", "products", "Product", "products/import", node
        )

        self.assertGreaterEqual(tried, 5)

    def test_customer(self):
        customer = self.shop.create_customer(
            email="eve@example.com",
            first_name="Eve",
            last_name="Holt",
            phone="+15557654321",
            addresses=[
                {"company": "Holt", "address1": "1 Main", "city": "Springfield"}
            ],
        )
        node = self.fetched("shopify.res.partner", customer["id"])

        tried = self.assertNoDefect(
            "shopify.res.partner", "customers", "Customer", "customers/import", node
        )

        self.assertGreater(tried, 10)

    def test_withheld_personal_data_stops_nobody_for_good(self):
        """Shopify shows customers' data only to apps it has approved for them."""
        customer = self.shop.create_customer(email="eve@example.com", first_name="Eve")
        for level in WITHHELD:
            with self.subTest(level):
                self.shop.switch(protected_customer_data=level)
                order = self.order([("SHIRT", 1)], customer=customer["id"])
                mug = self.mug(sku=f"MUG-{level}", title=level)
                self.ask("customers", customer["id"])
                self.ask("products", mug["id"])
                self.sync(order)

                self.assertDone(mug["id"])
                for item in (order, customer):
                    row = self.row(item["id"])
                    self.assertNotEqual(row.reason_code, "defect")
                    self.assertTrue(row.state == "done" or row.message)

    def test_order_without_any_address_or_contact(self):
        order = self.order(
            [("SHIRT", 1)], email=None, shipping_address=None, billing_address=None
        )
        good = self.order([("SOCKS", 1)])

        self.sync(order, good)

        self.assertDone(good["id"])
        row = self.row(order["id"])
        self.assertNotEqual(row.reason_code, "defect")
        self.assertTrue(row.state == "done" or row.message)

    def test_customer_without_anything(self):
        nobody = self.shop.create_customer()

        self.read_again("customers", nobody["id"])

        row = self.row(nobody["id"])
        self.assertNotEqual(row.reason_code, "defect")
