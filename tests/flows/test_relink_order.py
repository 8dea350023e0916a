"""Orders linked by hand: their lines with them, so that what follows finds its lines."""

from odoo.exceptions import UserError

from .stock_case import StockCase
from .sync_case import SyncHelpers
from .test_packs import Packs

WHY = "checked by hand"


class LinkOrderCase(Packs, SyncHelpers, StockCase):
    def setUp(self):
        super().setUp()
        self.bought = self.order([("SHIRT", 2), ("SOCKS", 1)])
        self.sync(self.bought)
        self.made = self.sale_order(self.bought)
        self.gid = self.bought["id"]

    def choose(self, order):
        """As the wizard does, which an item in review opens."""
        link = self.env["shopify.sale.order"]._link_chosen(
            self.backend, self.gid, order, WHY
        )
        self.ask("orders", self.gid)
        self.run_syncs()
        return link

    def unlink_it(self):
        self.link(self.bought)._unlink_chosen(WHY)
        self.run_syncs()
        self.assertFalse(self.link(self.bought))

    def assertFulfilled(self, order):
        self.deliver(order)
        self.run_syncs()
        fulfilled = [
            self.shop.get_object(line)["_fulfilled"]
            for line in self.shop.get_object(self.gid)["lineItems"]
        ]
        self.assertEqual(fulfilled, [2, 1])

    def assertRefused(self, text, order):
        with self.assertRaisesRegex(UserError, text):
            self.choose(order)
        self.assertFalse(self.link(self.bought))


class TestLinkOrder(LinkOrderCase):
    def test_unlinked_order_is_linked_again_and_its_delivery_is_told(self):
        self.unlink_it()

        link = self.choose(self.made)

        self.assertEqual(link.sale_order_id, self.made)
        self.assertEqual(
            link.line_ids.odoo_id, self.made.order_line, "a line without its link"
        )
        self.assertDone(self.gid)
        self.read_again("orders", self.gid)
        self.assertDone(self.gid, "unchanged")
        self.assertEqual(self.marked(self.gid), str(self.made.id))
        self.assertFulfilled(self.made)

    def test_order_relinked_to_its_twin_is_fulfilled_by_the_twins_delivery(self):
        twin = self.made.copy()
        twin.action_confirm()

        self.link(self.bought)._relink(twin, WHY)
        self.run_syncs()

        self.assertFulfilled(twin)

    def test_order_typed_by_hand_before_is_linked_and_fulfilled(self):
        typed = self.made.copy()
        self.unlink_it()
        typed.action_confirm()
        typed.order_line[0].sequence = 99

        link = self.choose(typed)

        shirts = self.product("SHIRT")
        by_variant = {
            line.variant_gid: line.odoo_id.product_id for line in link.line_ids
        }
        self.assertEqual(by_variant[self.variants["SHIRT"]], shirts)
        self.assertFulfilled(typed)

    def test_line_of_another_quantity_is_named(self):
        other = self.made.copy()
        self.unlink_it()
        other.order_line[0].product_uom_qty = 3

        self.assertRefused("no line of .* is 2 × Shirt of the season", other)

    def test_line_that_shopify_does_not_have_is_named(self):
        other = self.made.copy()
        self.unlink_it()
        other.order_line[1].copy({"order_id": other.id, "product_uom_qty": 7})

        self.assertRefused("7 × .*SOCKS.* has no counterpart in Shopify", other)

    def test_lines_that_nothing_tells_apart_are_refused(self):
        other = self.made.copy()
        self.unlink_it()
        line = other.order_line[0]
        line.copy(
            {"order_id": other.id, "price_unit": line.price_unit * 2, "discount": 50.0}
        )

        self.assertRefused("several different lines", other)

    def test_order_with_another_tax_is_refused(self):
        other = self.made.copy()
        self.unlink_it()
        other.order_line[0].tax_ids = False

        self.assertRefused("(?i)total|tax", other)

    def test_order_that_shopify_does_not_have_is_refused(self):
        self.unlink_it()
        self.shop.delete_order(self.gid)

        self.assertRefused("no order in Shopify", self.made)

    def test_shopify_that_does_not_answer_links_nothing(self):
        self.unlink_it()
        self.shop.fault("revoked_token", times=None)
        self.addCleanup(self.shop.clear_faults)

        self.assertRefused("access token", self.made)

    def test_rebuilt_link_without_lines_is_relinked_with_lines(self):
        twin = self.made.copy()
        twin.action_confirm()
        link = self.link(self.bought)
        link.line_ids._as_engine().unlink()

        link._relink(twin, WHY)
        self.run_syncs()

        self.assertEqual(link.line_ids.odoo_id, twin.order_line)
        self.assertFulfilled(twin)

    def test_order_made_anew_in_shopify_takes_over_the_gone_ones_link(self):
        link = self.link(self.bought)
        self.shop.delete_order(self.gid)
        self.read_again("orders", self.gid)
        self.assertTrue(link.gone_at)
        self.bought = self.order([("SHIRT", 2), ("SOCKS", 1)])
        self.gid = self.bought["id"]

        link._relink_gid(self.gid, WHY)
        self.run_syncs()

        self.assertEqual(link.sale_order_id, self.made)
        self.assertEqual(link.line_ids.odoo_id, self.made.order_line)
        self.assertFulfilled(self.made)


class TestRelinkPack(LinkOrderCase):
    def setUp(self):
        super().setUp()
        self.make_variant("LACES", "2.00")
        self.receive(self.products["LACES"], 100)
        self.pack("SHIRT", SOCKS=2, LACES=1)
        self.run_syncs()

    def test_every_component_of_a_packs_line_is_relinked(self):
        self.bought = self.order([("SHIRT", 2)])
        self.gid = self.bought["id"]
        self.sync(self.bought)
        made = self.sale_order(self.bought)
        twin = made.copy()
        twin.action_confirm()
        link = self.link(self.bought)

        link._relink(twin, WHY)
        self.run_syncs()

        self.assertEqual(len(link.line_ids), 3)
        self.assertEqual(link.line_ids.odoo_id, twin.order_line)
        for line in link.line_ids:
            self.assertEqual(line.component_id, line.odoo_id.product_id)
        self.deliver(twin)
        self.run_syncs()
        [line] = self.shop.get_object(self.gid)["lineItems"]
        self.assertEqual(self.shop.get_object(line)["_fulfilled"], 2)

    def test_pack_keeps_its_contents_when_its_main_product_is_another(self):
        other = self.env["product.product"].create(
            {"name": "Other shirt", "default_code": "SHIRT-2", "is_storable": True}
        )
        link = self.variant_link("SHIRT")

        link._relink(other, WHY)
        self.run_syncs()

        ids = [other.id, self.product("SOCKS").id, self.product("LACES").id]
        proof = self.proof(self.variants["SHIRT"])
        self.assertEqual((proof["ids"], proof["quantities"]), (ids, [1, 2, 1]))
        self.assertEqual(self.marked(self.variants["SHIRT"]), str(other.id))

    def test_pack_cannot_become_a_product_that_it_holds_already(self):
        link = self.variant_link("SHIRT")
        before = link.odoo_id
        laces = self.product("LACES")
        self.variant_link("LACES")._unlink_chosen(WHY)

        with self.assertRaisesRegex(UserError, "further one of the pack already"):
            link._relink(laces, WHY)

        self.assertEqual(link.odoo_id, before)
