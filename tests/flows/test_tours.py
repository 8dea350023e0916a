"""In a real browser: a store is connected, and a stop is mended with one fix."""

from odoo.tests import new_test_user

from ..common import ShopifyHttpCase


class TestReviewTour(ShopifyHttpCase):
    store_values = {"product_policy": "link_only"}

    def test_operator_links_the_missing_product_and_the_order_comes_in(self):
        self.backend.location_ids.warehouse_id = self.backend.default_warehouse_id
        product = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        order = self.shop.create_order(
            [{"variant": product["variants"][0], "quantity": 1}],
            email="ada@example.com",
        )
        self.env["shopify.trigger"]._insert(
            self.backend, [("orders", "in", "Order", order["id"])], "test"
        )
        self.run_syncs()
        self.assertReview(order["id"], "variant_unmapped")
        belt = self.env["product.product"].create(
            {"name": "Leather belt", "is_storable": True, "taxes_id": False}
        )
        new_test_user(
            self.env,
            "shopify_tour",
            "shopify_connector.group_operator,sales_team.group_sale_salesman",
        )

        self.start_tour(
            "/odoo/shopify-review", "shopify_link_from_review", login="shopify_tour"
        )

        link = self.env["shopify.product.product"].search(
            [("shopify_gid", "=", product["variants"][0])]
        )
        self.assertEqual(link.odoo_id, belt)
        self.run_syncs()
        self.assertDone(order["id"])


class TestConnectTour(ShopifyHttpCase):
    shop_options = {"client_id": "test-client", "client_secret": "test-secret"}

    @classmethod
    def _make_store(cls, shop=None, **values):
        return cls.env["shopify.backend"]

    def test_manager_connects_a_store_step_by_step(self):
        new_test_user(
            self.env,
            "shopify_tour",
            "shopify_connector.group_manager,stock.group_stock_manager",
        )

        self.start_tour(
            "/odoo/shopify-stores", "shopify_connect_store", login="shopify_tour"
        )

        store = self.env["shopify.backend"].search([])
        self.assertEqual(store.state, "connected")
        self.assertEqual(store.shop_domain, self.shop.domain)
        self.assertTrue(store.location_ids)


class TestCopyTour(ShopifyHttpCase):
    def test_manager_says_that_this_database_is_a_copy(self):
        new_test_user(self.env, "shopify_tour", "shopify_connector.group_manager")
        self.env.cr.execute("UPDATE shopify_lease SET database_oid = '1'")
        self.assertFalse(self.backend._is_at_home())

        self.start_tour(
            "/odoo/shopify-stores", "shopify_which_is_live", login="shopify_tour"
        )

        self.assertEqual(self.backend.state, "copy")
        self.assertTrue(self.backend.copy_reads)


class TestMatchingTour(ShopifyHttpCase):
    store_values = {"product_policy": "link_only"}

    def test_operator_decides_five_thousand_rows(self):
        products = [
            self.shop.create_product(f"Thing {n}", [{"sku": f"T-{n}", "price": "1.00"}])
            for n in range(5000)
        ]
        self.env["product.product"].create(
            [{"name": f"Thing {n}", "default_code": f"T-{n}"} for n in range(5000)]
        )
        twin = self.shop.create_product("Twin", [{"sku": "TWIN", "price": "1.00"}])
        _wrong, right = self.env["product.product"].create(
            [
                {"name": "Wrong twin", "default_code": "TWIN"},
                {"name": "Right twin", "default_code": "TWIN"},
            ]
        )
        sample = self.shop.create_product(
            "Sample",
            variants=[{"options": ["S"], "sku": "SAMPLE"}],
            options=["Size"],
        )
        new_test_user(
            self.env,
            "shopify_tour",
            "shopify_connector.group_operator,sales_team.group_sale_salesman",
        )
        scan = self.backend._scan("matching", ["ProductVariant"])
        self.run_syncs()
        self.assertEqual(scan.state, "done", scan.message)

        self.start_tour(
            "/odoo/shopify-matching", "shopify_matching", login="shopify_tour"
        )

        links = self.env["shopify.product.product"]
        self.assertEqual(
            links.search([("shopify_gid", "in", twin["variants"])]).odoo_id, right
        )
        never = self.env["shopify.match.never"].search([])
        self.assertEqual(never.shopify_gid, sample["variants"][0])
        self.assertEqual(never.reason, "a sample")
        run = self.env["shopify.match.run"].search([])
        self.assertEqual((run.total, run.state), (5000, "open"))
        with self.backend._client() as client:
            while run.state == "open":
                run._step(client, float("inf"))
        self.assertEqual((run.state, run.done_count), ("done", 5000))
        gids = [gid for product in products for gid in product["variants"]]
        self.assertEqual(links.search_count([("shopify_gid", "in", gids)]), 5000)
