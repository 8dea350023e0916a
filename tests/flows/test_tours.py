"""In a real browser: a store is connected, a stop is mended with one fix, and the rest
of what people do at the review desk."""

from unittest.mock import patch

from odoo.tests import new_test_user

from odoo.addons.sale.models.sale_order import SaleOrder

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


def broken(_orders):
    raise KeyError("loyalty_card")


class TestDeskTours(ShopifyHttpCase):
    """Orders for a belt that isn't linked, and for a hat that meets a defect."""

    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        self.backend.location_ids.warehouse_id = self.backend.default_warehouse_id
        self.someone("shopify_tour", "operator")
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        hat = self.shop.create_product("Hat", [{"sku": "HAT", "price": "9.00"}])
        self.belt, self.hat = belt["variants"][0], hat["variants"][0]
        product = self.env["product.product"].create(
            {"name": "Hat", "is_storable": True, "taxes_id": False}
        )
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": self.hat,
                    "odoo_id": product.id,
                    "product_gid": hat["id"],
                    "label": "HAT",
                }
            ],
        )

    def someone(self, login, role):
        more = "sales_team.group_sale_salesman_all_leads"
        groups = f"shopify_connector.group_{role},{more}"
        return new_test_user(self.env, login, groups)

    def sync(self, variant, count=1):
        """Orders of a variant, read. -> their sync rows"""
        orders = [
            self.shop.create_order(
                [{"variant": variant, "quantity": 1}], email="ada@example.com"
            )
            for _each in range(count)
        ]
        subjects = [("orders", "in", "Order", order["id"]) for order in orders]
        self.env["shopify.trigger"]._insert(self.backend, subjects, "test")
        self.run_syncs()
        gids = [order["id"] for order in orders]
        return self.env["shopify.sync"].search(
            [("subject_key", "in", gids), ("direction", "=", "in")]
        )

    def meet_a_defect(self, count):
        with patch.object(SaleOrder, "action_confirm", broken):
            rows = self.sync(self.hat, count)
        self.assertEqual(rows.mapped("reason_code"), ["defect"] * count)
        return rows

    def test_operator_retries_a_group_hands_another_over_and_postpones_it(self):
        colleague = self.someone("colleague", "operator")
        colleague.name = "Colleague"
        hats, belts = self.meet_a_defect(3), self.sync(self.belt)

        self.start_tour(
            "/odoo/shopify-review", "shopify_answer_causes", login="shopify_tour"
        )

        self.env.invalidate_all()
        self.assertEqual(belts.owner_id, colleague)
        self.assertEqual(belts.state, "waiting")
        self.run_syncs()
        self.assertEqual(set(hats.mapped("state")), {"done"})
        self.assertEqual(belts.state, "waiting")

    def test_operator_finds_a_cause_by_a_pasted_admin_address(self):
        self.meet_a_defect(1)
        self.sync(self.belt)

        self.start_tour(
            "/odoo/shopify-review", "shopify_find_by_address", login="shopify_tour"
        )

    def test_operator_resumes_a_paused_flow_from_the_overview(self):
        rows = self.meet_a_defect(5)
        orders = self.backend.flow_ids.filtered(lambda flow: flow.flow == "orders")
        self.assertEqual(orders.paused_reason, "defect")

        self.start_tour(
            "/odoo/shopify-overview", "shopify_resume", login="shopify_tour"
        )

        self.env.invalidate_all()
        self.assertFalse(orders.paused_at)
        self.run_syncs()
        self.assertEqual(set(rows.mapped("state")), {"done"})

    def test_operator_previews_a_retry_and_has_the_stop_explained(self):
        row = self.meet_a_defect(1)
        before = self.env["sale.order"].search_count([])

        self.start_tour(
            f"/odoo/shopify-stops/{row.id}",
            "shopify_preview_and_explain",
            login="shopify_tour",
        )

        self.assertEqual(self.env["sale.order"].search_count([]), before)
        self.assertEqual(row.state, "review")

    def test_user_sees_what_stopped_but_may_neither_fix_nor_configure(self):
        self.someone("shopify_looker", "user")
        row = self.sync(self.belt)

        self.start_tour(
            "/odoo/shopify-review", "shopify_user_looks", login="shopify_looker"
        )

        self.assertEqual(row.state, "review")


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
