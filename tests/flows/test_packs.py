"""One variant for several Odoo products, and several variants for one."""

import json

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .order_case import OrderCase
from .stock_case import StockCase


class Packs:
    """`pack(sku, …)` says what else a variant stands for."""

    def variant_link(self, sku):
        return self.env["shopify.product.product"].search(
            [("shopify_gid", "=", self.variants[sku])]
        )

    def product(self, sku):
        return self.env["product.product"].search([("default_code", "=", sku)])

    def pack(self, sku, main=1, **contents):
        wizard = (
            self.env["shopify.pack.wizard"]
            .with_context(default_link_id=self.variant_link(sku).id)
            .create({"main_quantity": main, "reason": "Sold together"})
        )
        wizard.line_ids = [(5, 0, 0)] + [
            (0, 0, {"product_id": self.product(name).id, "quantity": quantity})
            for name, quantity in contents.items()
        ]
        wizard.action_apply()

    def carried(self, sku, key):
        namespace = f"app--{self.shop.app.number}--odoo"
        found = self.shop.metafields.get((self.variants[sku], namespace, key))
        return found and found["value"]

    def shown(self, sale):
        return [
            (line.product_id.default_code, line.product_uom_qty, line.price_total)
            for line in sale.order_line
        ]


class TestPackOrders(Packs, OrderCase):
    def setUp(self):
        super().setUp()
        self.make_variant("LACES", "2.00")
        self.product("SHIRT").list_price = 20.0
        self.product("SOCKS").list_price = 10.0
        self.product("LACES").list_price = 3.33
        self.pack("SHIRT", SOCKS=2, LACES=1)
        self.run_syncs()

    def test_pack_becomes_one_line_for_each_product_with_the_exact_total(self):
        """3 packs at 20.00 by list prices 20.00 + 2 × 10.00 + 3.33."""
        sale = self.imported([("SHIRT", 3)])

        self.assertEqual(
            [
                (each.product_id.default_code, each.product_uom_qty)
                for each in sale.order_line
            ],
            [("SHIRT", 3.0), ("SOCKS", 6.0), ("LACES", 3.0)],
        )
        self.assertEqual(
            [f"{line.price_subtotal:.2f}" for line in sale.order_line],
            ["27.70", "27.69", "4.61"],
        )
        self.assertAmounts(sale, "69.00", "9.00")

    def test_odd_cents_discounts_and_taxes_add_up(self):
        order = self.order(
            [
                {"variant": "SHIRT", "quantity": 1, "price": "19.99"},
                {"variant": "SOCKS", "quantity": 1, "price": "0.01"},
            ],
            discounts=[{"percent": 33, "code": "ODD"}],
        )
        self.sync(order)
        self.assertDone(order["id"])
        sale = self.sale_order(order)

        # 20.00 less 6.60, and 15 % of 13.40.
        self.assertEqual(len(sale.order_line), 4)
        self.assertAmounts(sale, "15.41", "2.01")

    def test_each_line_of_a_pack_is_linked_to_the_same_shopify_line(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)

        links = self.link(order).line_ids.sorted("id")
        [gid] = order["lineItems"]
        self.assertEqual(links.mapped("shopify_gid"), [gid] * 3)
        self.assertEqual(links.mapped("per_pack"), [1, 2, 1])
        self.assertEqual(
            links.component_id.mapped("default_code"), ["SHIRT", "SOCKS", "LACES"]
        )

    def test_reading_the_order_again_changes_nothing(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)
        before = self.shown(self.sale_order(order))
        self.pack("SHIRT", LACES=5)

        self.sync(order)

        self.assertDone(order["id"], "unchanged")
        self.assertEqual(self.shown(self.sale_order(order)), before)

    def test_order_with_a_lost_link_is_linked_again_line_by_line(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)
        sale, link = self.sale_order(order), self.link(order)
        link.line_ids._as_engine().unlink()
        link._as_engine().unlink()

        self.sync(order)

        self.assertEqual(self.sale_order(order), sale)
        self.assertEqual(len(self.link(order).line_ids), 3)

    def test_pack_changed_in_shopify_goes_to_review(self):
        order = self.order([("SHIRT", 3)])
        self.sync(order)
        [line] = order["lineItems"]
        self.shop.edit_order(order["id"], remove=[{"line": line, "quantity": 1}])

        self.sync(order)

        self.assertReview(order["id"], "changed_in_shopify")

    def test_all_ids_and_quantities_stand_in_the_proof(self):
        proof = json.loads(self.carried("SHIRT", "proof"))

        names = ("SHIRT", "SOCKS", "LACES")
        self.assertEqual(proof["ids"], [self.product(name).id for name in names])
        self.assertEqual(proof["quantities"], [1, 2, 1])

    def test_contents_are_guarded_and_kept_in_history(self):
        parts = self.variant_link("SHIRT").component_ids
        with self.assertRaises(UserError):
            parts.sudo().write({"quantity": 9})
        with self.assertRaises(UserError):
            self.variant_link("SHIRT").sudo().write({"main_quantity": 9})
        with self.assertRaises(UserError):
            self.product("SOCKS").unlink()
        event = self.env["shopify.event"].search(
            [("subject_key", "=", self.variants["SHIRT"]), ("kind", "=", "person")]
        )
        self.assertIn("2 × ", event[0].message)
        self.assertIn("Sold together", event[0].message)


class TestPackStock(Packs, StockCase):
    def setUp(self):
        super().setUp()
        self.pack("SHIRT", SOCKS=2)
        self.run_syncs()

    def test_stock_is_the_scarcest_component(self):
        self.assertEqual(self.on_hand("SHIRT"), 50)
        self.assertEqual(self.on_hand("SOCKS"), 100)

        self.receive(self.products["SOCKS"], -3)
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 48)
        self.assertEqual(self.on_hand("SOCKS"), 97)

    def test_sold_pack_is_taken_off_its_components_and_once_off_itself(self):
        self.imported([("SHIRT", 4)])

        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (50, 46))
        self.assertEqual((self.on_hand("SOCKS"), self.available("SOCKS")), (92, 92))

    def test_sold_component_makes_fewer_packs(self):
        self.imported([("SOCKS", 5)])

        self.assertEqual((self.on_hand("SOCKS"), self.available("SOCKS")), (100, 95))
        self.assertEqual(self.available("SHIRT"), 47)

    def test_whole_packs_are_fulfilled_and_the_rest_with_the_next_delivery(self):
        sale = self.imported([("SHIRT", 2)])
        [line] = self.shop.get_object(self.gid(sale))["lineItems"]

        self.deliver(sale, SHIRT=2, SOCKS=3)
        self.run_syncs()
        self.assertEqual(self.shop.get_object(line)["_fulfilled"], 1)

        self.deliver(sale)
        self.run_syncs()
        self.assertEqual(self.shop.get_object(line)["_fulfilled"], 2)
        self.assertEqual(len(self.fulfillments()), 2)
        self.assertEqual((self.on_hand("SHIRT"), self.available("SHIRT")), (48, 48))
        self.assertEqual((self.on_hand("SOCKS"), self.available("SOCKS")), (96, 96))

    def test_pack_sold_at_the_counter_is_taken_off_its_components(self):
        sale = self.counter_sale("SHIRT", 3)
        self.sync(sale)
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 47)
        self.assertEqual(self.on_hand("SOCKS"), 94)


class TestShared(Packs, StockCase):
    def declare(self, sku="SHIRT"):
        wizard = self.env["shopify.shared.wizard"].create(
            {
                "backend_id": self.backend.id,
                "product_id": self.product(sku).id,
                "reason": "Sold in two looks",
            }
        )
        wizard.action_apply()

    def twin(self, sku="SHIRT"):
        """A second variant in Shopify with the same SKU; its GID."""
        product = self.shop.create_product(
            "The same again", [{"sku": sku, "price": "20.00", "stock": 100}]
        )
        self.variants["TWIN"] = product["variants"][0]
        return product["id"]

    def test_second_variant_of_a_product_is_refused_until_declared_shared(self):
        gid = self.twin()
        self.env["shopify.trigger"]._insert(
            self.backend, [("products", "in", "Product", gid)], "test"
        )
        self.run_syncs()
        self.assertFalse(self.variant_link("TWIN"))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            with self.env.cr.savepoint():
                self.link_variant("TWIN", self.product("SHIRT"), gid)

        self.declare()
        self.env["shopify.trigger"]._insert(
            self.backend, [("products", "in", "Product", gid)], "test"
        )
        self.run_syncs()

        twin = self.variant_link("TWIN")
        self.assertEqual(twin.odoo_id, self.product("SHIRT"))
        self.assertTrue(twin.shared_id)
        self.assertFalse(self.variant_link("SHIRT").shared_id)

    def test_only_the_first_carries_the_id_and_both_are_verified(self):
        self.declare()
        self.link_variant("TWIN", self.product("SHIRT"), self.twin())
        self.run_syncs()

        shirt = str(self.product("SHIRT").id)
        self.assertEqual(self.carried("SHIRT", "id"), shirt)
        self.assertIsNone(self.carried("TWIN", "id"))
        self.assertTrue(self.variant_link("TWIN").verified_at)

    def test_stock_goes_to_both_and_a_sale_is_taken_off_both(self):
        self.declare()
        self.link_variant("TWIN", self.product("SHIRT"), self.twin())
        self.run_syncs()
        self.receive(self.products["SHIRT"], -10)
        self.run_syncs()
        self.assertEqual((self.on_hand("SHIRT"), self.on_hand("TWIN")), (90, 90))

        self.imported([(self.variants["TWIN"], 4)])

        self.assertEqual((self.available("SHIRT"), self.available("TWIN")), (86, 86))
        self.assertEqual((self.on_hand("SHIRT"), self.on_hand("TWIN")), (86, 90))

    def test_undo_is_refused_while_two_links_stand(self):
        self.declare()
        self.link_variant("TWIN", self.product("SHIRT"), self.twin())
        declaration = self.env["shopify.shared.product"].search([])
        undo = self.env["shopify.shared.wizard"].create(
            {"declaration_id": declaration.id, "reason": "No more"}
        )
        with self.assertRaises(UserError):
            undo.action_apply()

        self.variant_link("SHIRT")._as_engine().unlink()
        self.assertFalse(self.variant_link("TWIN").shared_id)
        undo.action_apply()
        self.assertFalse(declaration.exists())

    def test_only_managers_declare(self):
        user = self.env.ref("shopify_connector.group_operator")
        operator = self.env["res.users"].create(
            {"name": "Op", "login": "op@x", "group_ids": [(6, 0, user.ids)]}
        )
        with self.assertRaises(AccessError):
            self.env["shopify.shared.product"].with_user(operator)._declare(
                self.backend, self.product("SHIRT"), "x"
            )
