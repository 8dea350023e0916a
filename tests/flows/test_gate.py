"""Gates: what must be linked before a flow runs by itself, and what happens when not."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import shopify_gate
from odoo.addons.shopify_connector.models.shopify_gate import WISH

from .test_scan import ScanCase


class TestGate(ScanCase):
    def setUp(self):
        super().setUp()
        self.backend.flow_ids.policy = "review"
        self.depend_on_gates()

    def depend_on_gates(self):
        """As in a store that nobody let through."""
        self.backend.flow_ids.write(
            {"gate_override_reason": False, "gate_override_until": False}
        )

    def link_products(self):
        """Let the import link what the set-up made."""
        self.set_policy("products", "automatic")
        links = self.env["shopify.product.product"].search(
            [("backend_id", "=", self.backend.id)]
        )
        self.read_again("products", *links.mapped("product_gid"))
        self.map_places()

    def map_places(self):
        places = self.backend.location_ids.filtered(lambda row: not row.location_id)
        for place in places:
            place.warehouse_id = self.env["stock.warehouse"].create(
                {"name": place.name, "code": f"G{place.id}"[-5:]}
            )

    def look(self):
        self.backend._look_at_gates()
        self.env.invalidate_all()

    def ready_store(self):
        """Read, all linked, orders and stock automatic."""
        self.link_products()
        self.scan()
        self.look()
        self.set_policy("orders", "automatic")
        self.set_policy("stock", "automatic")

    def gate(self, name):
        self.look()
        flow = self.flow(name)
        return flow.gate_state, flow.gate_blocking

    def store_events(self, outcome):
        return self.env["shopify.event"].search(
            [("backend_id", "=", self.backend.id), ("outcome", "=", outcome)]
        )

    # --- before anything was read ---

    def test_store_that_was_never_read_is_refused_for_orders_and_stock(self):
        for name in ("orders", "stock"):
            with self.assertRaisesRegex(UserError, "not matched yet"):
                self.set_policy(name, "automatic")
            self.assertEqual(self.flow(name).policy, "review")
        for name in ("products", "customers", "fulfilments"):
            self.set_policy(name, "automatic")
            self.assertEqual(self.backend._flow_policy(name), "automatic")

    def test_wish_is_kept_and_comes_true_when_the_last_one_is_linked(self):
        stock = self.flow("stock")
        stock.with_context(**{WISH: True}).policy = "automatic"
        self.assertEqual((stock.policy, stock.automatic_when_ready), ("review", True))
        self.link_products()
        self.scan()
        self.look()
        self.assertEqual(stock.policy, "automatic")
        self.assertFalse(stock.automatic_when_ready)
        self.assertIn("runs by itself", self.store_events("gate opened").message)

    def test_who_chooses_review_takes_the_wish_back(self):
        stock = self.flow("stock")
        stock.with_context(**{WISH: True}).policy = "automatic"
        stock.policy = "review"
        self.assertFalse(stock.automatic_when_ready)

    # --- coverage ---

    def test_coverage_counts_linked_of_known_and_names_what_blocks(self):
        self.link_products()
        lamp = self.shop.create_product(
            "Lamp",
            [
                {"sku": "LAMP", "options": ["S"]},
                {"sku": "LAMP-2", "options": ["L"]},
            ],
            options=["Size"],
        )
        self.scan()
        self.assertEqual(self.gate("orders"), ("closed", 2))
        self.assertIn("2 of 4 variants linked", self.flow("orders").gate_text)
        self.assertIn("2 block automatic orders", self.flow("orders").gate_text)
        self.assertIn("2 block automatic stock", self.backend.gate_summary)
        # The flow may make it by itself, and no order waits for it.
        self.assertEqual(self.gate("products"), ("open", 0))
        self.assertEqual(self.gate("fulfilments"), ("open", 0))
        self.read_again("products", lamp["id"])
        self.assertEqual(self.gate("orders"), ("open", 0))

    def test_number_opens_exactly_the_rows_behind_it(self):
        self.link_products()
        lamp = self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        scan = self.scan()
        self.look()
        action = self.flow("orders").action_gate_rows()
        rows = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(rows.mapped("shopify_gid"), lamp["variants"])
        self.assertEqual(rows.match_id, self.found(scan, lamp["variants"][0]))
        self.assertEqual(rows.action_open()["res_id"], rows.match_id.id)

    def test_draft_product_and_one_that_is_never_linked_block_nothing(self):
        self.link_products()
        self.shop.create_product("Draft", [{"sku": "DRAFT"}], status="DRAFT")
        lamp = self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        self.scan()
        self.assertEqual(self.gate("orders"), ("closed", 1))
        self.env["shopify.match.never"].create(
            {
                "backend_id": self.backend.id,
                "shopify_type": "ProductVariant",
                "shopify_gid": lamp["variants"][0],
                "reason": "A gift",
            }
        )
        self.assertEqual(self.gate("orders"), ("open", 0))

    def test_location_without_warehouse_blocks_stock_only(self):
        self.link_products()
        self.scan()
        self.backend.location_ids[0].warehouse_id = False
        self.assertEqual(self.gate("stock"), ("closed", 1))
        self.assertEqual(self.gate("orders"), ("open", 0))

    def test_two_candidates_block_products_until_somebody_decides(self):
        self.link_products()
        one, other = self.odoo_product("LAMP"), self.odoo_product("LAMP")
        lamp = self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        self.scan()
        self.assertEqual(self.gate("products")[0], "closed")
        other.default_code = "OTHER"
        self.read_again("products", lamp["id"])
        self.assertEqual(self.variant_link(lamp), self.variant_link(lamp).exists())
        self.set_policy("products", "review")
        row = self.row(lamp["id"])
        row.action_accept()
        self.run_syncs()
        self.assertEqual(self.variant_link(lamp).odoo_id, one)
        self.assertEqual(self.gate("products"), ("open", 0))

    # --- holding ---

    def test_new_variant_that_stops_holds_stock_and_its_link_lets_it_go_on(self):
        self.ready_store()
        owner = new_test_user(
            self.env, "gate_owner", "shopify_connector.group_operator"
        )
        self.flow("stock").owner_id = owner
        self.backend.product_policy = "link_only"
        lamp = self.shop.create_product("Lamp", [{"sku": "LAMP", "stock": 5}])
        self.read_again("products", lamp["id"])
        self.assertReview(lamp["id"], "product_unmapped")
        self.assertEqual(self.gate("stock")[0], "closed")
        stock = self.flow("stock")
        self.assertEqual(stock.policy, "automatic")
        self.assertEqual(self.backend._flow_policy("stock"), "review")
        self.assertTrue(stock.is_held)
        self.assertIn("Stock waits in Review", self.backend.gate_banner)
        self.assertEqual(self.backend.activity_ids.user_id, owner)
        self.assertEqual(len(self.store_events("gate closed")), 3)
        self.look()
        self.assertEqual(len(self.store_events("gate closed")), 3)
        self.odoo_product("LAMP")
        self.set_policy("products", "review")
        self.read_again("products", lamp["id"])
        self.row(lamp["id"]).action_accept()
        self.run_syncs()
        self.assertEqual(self.gate("stock"), ("open", 0))
        self.assertEqual(self.backend._flow_policy("stock"), "automatic")
        self.assertFalse(self.backend.gate_banner)
        self.assertFalse(self.backend.activity_ids)

    def test_what_waited_only_for_the_gate_goes_on_when_it_opens(self):
        self.ready_store()
        self.flow("orders").gate_state = "closed"
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        self.assertReview(order["id"], "to_accept")
        self.flow("orders").is_held = True
        self.look()
        self.run_syncs()
        self.assertDone(order["id"])

    def test_all_that_waited_goes_on_lot_by_lot(self):
        self.ready_store()
        self.flow("orders").gate_state = "closed"
        orders = [self.order([("SHIRT", 1)]) for _each in range(3)]
        self.sync(*orders)
        self.flow("orders").is_held = True
        with patch.object(shopify_gate, "TRIGGERS_A_LOT", 2):
            self.look()
        self.run_syncs()
        for order in orders:
            self.assertDone(order["id"])

    def test_record_that_only_just_came_shuts_no_gate(self):
        self.ready_store()
        lamp = self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        self.env["shopify.sync"].sudo().create(
            {
                "backend_id": self.backend.id,
                "flow": "products",
                "direction": "in",
                "drain_group": "records",
                "subject_type": "Product",
                "subject_key": lamp["id"],
                "state": "waiting",
                "next_attempt_at": fields.Datetime.now() + timedelta(hours=2),
            }
        )
        self.assertEqual(self.gate("orders"), ("open", 0))
        self.env.cr.execute(
            "UPDATE shopify_sync SET create_date = create_date - interval '2 hours'"
            " WHERE subject_key = %s",
            [lamp["id"]],
        )
        self.assertEqual(self.gate("orders"), ("closed", 1))

    def test_links_that_change_have_one_job_look_again(self):
        self.ready_store()
        self.env["queue.job"].search([("method_name", "=", "_gate_job")]).unlink()
        links = self.env["shopify.product.product"].search(
            [("backend_id", "=", self.backend.id)]
        )
        for link in links:
            link._as_engine().write({"gone_at": fields.Datetime.now()})
        self.env.cr.flush()
        jobs = self.env["queue.job"].search([("method_name", "=", "_gate_job")])
        self.assertEqual(len(jobs), 1)

    # --- letting through ---

    def test_override_needs_reason_and_day_is_noted_and_ends_by_itself(self):
        stock = self.flow("stock")
        with self.assertRaises(ValidationError):
            stock.gate_override_until = fields.Date.today()
        stock.write(
            {
                "gate_override_reason": "Only gifts are missing",
                "gate_override_until": fields.Date.today(),
                "policy": "automatic",
            }
        )
        self.assertEqual(self.backend._flow_policy("stock"), "automatic")
        self.assertEqual(stock.gate_override_user_id, self.env.user)
        self.assertIn(
            "Only gifts are missing", self.store_events("gate overridden")[:1].message
        )
        with self.freeze_days(1):
            self.assertEqual(self.backend._flow_policy("stock"), "review")
            self.look()
            self.assertTrue(stock.is_held)

    def freeze_days(self, days):
        from freezegun import freeze_time

        return freeze_time(fields.Datetime.now() + timedelta(days=days))

    def test_threshold_lets_the_last_ones_be(self):
        self.link_products()
        self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        self.scan()
        with self.assertRaises(UserError):
            self.set_policy("orders", "automatic")
        self.flow("orders").gate_threshold = 60
        self.set_policy("orders", "automatic")
        self.assertEqual(self.backend._flow_policy("orders"), "automatic")

    # --- roles, cost ---

    def test_only_managers_let_through_and_users_see_what_is_missing(self):
        operator = new_test_user(
            self.env, "gate_operator", "shopify_connector.group_operator"
        )
        user = new_test_user(self.env, "gate_user", "shopify_connector.group_user")
        stock = self.flow("stock")
        with self.assertRaises(AccessError):
            stock.with_user(operator).action_gate_override()
        with self.assertRaises(AccessError):
            stock.with_user(operator).write(
                {
                    "gate_override_reason": "Hurry",
                    "gate_override_until": fields.Date.today(),
                }
            )
        self.link_products()
        self.shop.create_product("Lamp", [{"sku": "LAMP"}])
        self.scan()
        action = self.flow("orders").with_user(user).action_gate_rows()
        rows = self.env[action["res_model"]].with_user(user).search(action["domain"])
        self.assertEqual(rows.mapped("why"), ["Only in Shopify"])

    def test_a_look_costs_the_same_whatever_the_store_holds(self):
        self.ready_store()
        self.look()
        before = self.count_queries(self.backend._look_at_gates)
        for number in range(20):
            self.shop.create_product(f"More {number}", [{"sku": f"MORE-{number}"}])
        self.scan()
        self.look()
        self.env.invalidate_all()
        self.assertLessEqual(
            self.count_queries(self.backend._look_at_gates), before + 1
        )

    def count_queries(self, act):
        self.env.flush_all()
        start = self.env.cr.sql_log_count
        act()
        self.env.flush_all()
        return self.env.cr.sql_log_count - start
