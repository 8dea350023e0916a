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
