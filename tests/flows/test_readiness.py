"""Required mappings: what a flow needs is read, listed with what it stops, and asked for
before it starts."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import shopify_readiness
from odoo.addons.shopify_connector.models.shopify_gate import WISH

from .order_case import TAX, OrderCase

GST = {"title": "GST", "rate": "0.05"}
EXPRESS = {"title": "Express", "code": "EXP", "price": "12.00"}


class ReadinessCase(OrderCase):
    store_values = {"product_policy": "create", "money": "shop"}

    def setUp(self):
        super().setUp()
        self.run_syncs()
        self.backend.flow_ids.owner_id = self.env.user
        self.orders = self.backend.flow_ids.filtered(lambda row: row.flow == "orders")

    def look(self):
        """What the nightly job does."""
        self.backend._required_job()
        self.env.invalidate_all()

    def items(self, flow, kind):
        found = [item for item in self.backend._items()[flow] if item.kind == kind]
        return {item.key: item for item in found}

    def lines(self, flow=None, **values):
        action = self.backend.action_readiness()
        rows = self.env[action["res_model"]].search(action["domain"])
        if flow:
            values["flow"] = flow
        return rows.filtered(
            lambda row: all(row[name] == value for name, value in values.items())
        )

    def gaps(self, label="Orders"):
        return dict(self.backend._readiness())[label]


class TestRead(ReadinessCase):
    def test_orders_tell_gateways_ways_of_sending_taxes_and_places(self):
        self.order([("SHIRT", 1)], gateway="Klarna", shipping=[EXPRESS])
        self.order([("SHIRT", 1)], gateway="Klarna", taxes=[GST])
        self.order([("SHIRT", 1)], gateway="gift_card")

        self.look()

        seen = self.backend._seen_row().seen
        self.assertEqual(seen["orders"], 3)
        self.assertEqual(seen["gateways"], {"Klarna": 2, "gift_card": 1})
        self.assertEqual(seen["deliveries"], {"shopify|EXP": 1})
        self.assertEqual(
            seen["taxes"], {"GST|0.05|excluded": 1, "Sales Tax|0.15|excluded": 2}
        )
        self.assertEqual(seen["countries"], {"US": 3})
        self.assertEqual(seen["states"], {"US-IL": 3})
        gateways = self.env["shopify.mapping.payment"].search(
            [("backend_id", "=", self.backend.id)]
        )
        self.assertEqual(gateways.mapped("gateway"), ["Klarna", "gift_card"])
        self.assertFalse(gateways.journal_id)
        self.assertEqual(
            self.backend.tax_ids.filtered(lambda row: not row.tax_id).mapped("title"),
            ["GST"],
        )

    def test_looking_twice_makes_no_second_row_and_keeps_what_was_chosen(self):
        self.order([("SHIRT", 1)], gateway="Klarna", shipping=[EXPRESS])
        self.look()
        express = self.env["shopify.mapping.delivery"].search([])
        self.assertEqual(express.used_carrier_id, self.backend.delivery_carrier_id)
        express.carrier_id = self.backend.delivery_carrier_id.copy()
        self.assertEqual(express.used_carrier_id, express.carrier_id)
        self.look()

        self.assertEqual(self.env["shopify.mapping.delivery"].search([]), express)
        self.assertTrue(express.carrier_id)
        self.assertEqual(
            self.env["shopify.mapping.payment"].search_count(
                [("gateway", "=", "Klarna")]
            ),
            1,
        )

    def test_without_the_right_to_read_orders_settings_are_read_alone(self):
        self.order([("SHIRT", 1)])
        app = self.shop.app
        self.addCleanup(setattr, app, "scopes", app.scopes)
        app.scopes = app.scopes - {"read_orders", "write_orders", "read_all_orders"}
        self.backend.granted_scopes = "read_products"

        self.look()

        seen = self.backend._seen_row().seen
        self.assertEqual(seen["orders"], 0)
        self.assertEqual(seen["offered_countries"], ["DE", "US"])

    def test_what_the_counts_rest_on_is_said(self):
        self.assertEqual(
            self.backend.required_text, "its orders haven't been looked at yet"
        )
        for _each in range(3):
            self.order([("SHIRT", 1)], shipping=[EXPRESS])
        self.shop.switch(protected_customer_data="level1")
        with patch.object(shopify_readiness, "MOST_PAGES", 1):
            self.look()
        self.assertIn("3 orders of the last 60 days", self.backend.required_text)
        self.assertIn("no addresses", self.backend.required_text)
        self.assertEqual(self.backend._seen_row().seen["countries"], {})

    def test_orders_are_read_page_by_page_up_to_a_limit(self):
        for _each in range(52):
            self.order([("SHIRT", 1)])
        self.look()
        self.assertEqual(self.backend._seen_row().seen["orders"], 52)
        with patch.object(shopify_readiness, "MOST_PAGES", 1):
            self.look()
        self.assertEqual(self.backend._seen_row().seen["orders"], 50)
        self.assertIn("the newest 50 orders", self.backend.required_text)

    def test_shop_that_does_not_answer_leaves_what_was_seen(self):
        self.order([("SHIRT", 1)], gateway="Klarna")
        self.look()
        self.shop.fault("internal_error", operation="ShopRequired", times=None)

        self.backend._required_job()

        self.assertEqual(self.backend._seen_row().seen["gateways"], {"Klarna": 1})

    def test_button_reads_soon_and_is_for_operators(self):
        user = new_test_user(self.env, "ready_user", "shopify_connector.group_user")
        with self.assertRaises(AccessError):
            self.backend.with_user(user).action_read_required()
        self.order([("SHIRT", 1)], gateway="Klarna")
        self.backend.action_read_required()
        self.run_syncs()
        self.assertIn("1 orders of the last 60 days", self.backend.required_text)
        self.assertIn("Klarna", self.items("payments", "payment"))


class TestCertain(ReadinessCase):
    store_values = {"product_policy": "create", "money": "presentment"}

    def pricelist(self, name="Canada"):
        currency = self.env.ref("base.CAD")
        currency.active = True
        return self.env["product.pricelist"].create(
            {
                "name": name,
                "currency_id": currency.id,
                "company_id": self.company.id,
            }
        )

    def place_order(self):
        self.order([("SHIRT", 1)], presentment_currency="CAD", rate="1.5")

    def test_only_pricelist_of_a_currency_is_taken_and_said(self):
        pricelist = self.pricelist()
        self.place_order()

        self.look()

        self.assertEqual(self.backend.pricelist_ids, pricelist)
        self.assertEqual(self.items("orders", "currency")["CAD"].state, "found")
        event = self.env["shopify.event"].search(
            [("backend_id", "=", self.backend.id), ("outcome", "=", "found")]
        )
        self.assertEqual(
            event.message,
            "Canada is used for orders in CAD: it is the only pricelist in it.",
        )

    def test_one_of_two_pricelists_is_a_persons_choice_and_needed_to_start(self):
        self.pricelist()
        self.pricelist("Canada, wholesale")
        self.place_order()

        self.look()

        self.assertFalse(self.backend.pricelist_ids)
        item = self.items("orders", "currency")["CAD"]
        self.assertEqual((item.state, item.required), ("missing", True))
        self.assertIn("no pricelist for orders in CAD", self.orders.lacks_required)


class TestItems(ReadinessCase):
    def test_line_says_how_many_orders_are_concerned_and_that_nothing_uses_it_yet(self):
        for _each in range(2):
            self.order([("SHIRT", 1)], gateway="Klarna", taxes=[GST])
        self.order([("SHIRT", 1)], gateway="Klarna")
        self.look()

        tax = self.lines("orders", kind="tax", state="missing")
        self.assertEqual(tax.label, "GST 5 %")
        self.assertEqual(tax.blocks, "orders with this tax (2 of the 3 looked at)")
        self.assertTrue(tax.is_required)
        klarna = self.lines(kind="payment")
        self.assertEqual(klarna.orders, 3)
        self.assertEqual(
            klarna.blocks, "nothing yet: used when payments are switched on"
        )

    def test_each_line_opens_what_to_do(self):
        self.backend.flow_ids.owner_id = False
        self.backend.location_ids[:1].warehouse_id = False
        self.shop.edit_shop(shipsToCountries=["US", "XK"])
        self.order([("SHIRT", 1)], gateway="Klarna", taxes=[GST], shipping=[EXPRESS])
        self.look()
        self.env["res.country"].search([("code", "=", "XK")]).code = "QZ"
        expected = {
            "tax": "shopify.mapping.tax",
            "location": "shopify.mapping.location",
            "payment": "shopify.mapping.payment",
            "delivery": "shopify.mapping.delivery",
            "country": "res.country",
            "owner": "shopify.flow",
            "pricelist": "shopify.backend",
        }
        for kind, model in expected.items():
            with self.subTest(kind=kind):
                line = self.lines(kind=kind)[:1]
                self.assertTrue(line)
                self.assertEqual(line.action_open()["res_model"], model)

    def test_proposed_tax_is_taken_with_one_press_by_a_manager(self):
        gst = self.make_tax("GST 5", 5.0)
        self.order([("SHIRT", 1)], taxes=[GST])
        self.look()
        line = self.lines("orders", kind="tax", state="proposed")
        self.assertEqual(line.value, "GST 5")
        operator = new_test_user(
            self.env, "ready_operator", "shopify_connector.group_operator"
        )
        with self.assertRaises(AccessError):
            line.with_user(operator).sudo(False).action_take()

        line.action_take()

        self.assertIn(gst, self.backend.tax_ids.tax_id)
        self.assertEqual(line.state, "found")
        self.assertFalse(self.lines("orders", kind="tax", state="proposed"))

    def test_only_location_is_proposed_for_the_only_warehouse_and_not_taken(self):
        place = self.backend.location_ids
        self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id), ("id", "!=", self.warehouse.id)]
        ).active = False
        place.warehouse_id = False

        line = self.lines("stock", kind="location")

        self.assertEqual((line.state, line.value), ("proposed", self.warehouse.name))
        self.assertFalse(place.warehouse_id)
        line.action_take()
        self.assertEqual(place.warehouse_id, self.warehouse)

    def test_only_bank_in_the_shops_currency_is_proposed_for_a_gateway(self):
        journals = self.env["account.journal"]
        journals.search([("type", "in", ("bank", "cash"))]).active = False
        bank = journals.create(
            {
                "name": "Dollar bank",
                "code": "DBK",
                "type": "bank",
                "company_id": self.company.id,
                "currency_id": self.backend.shop_currency_id.id,
            }
        )
        self.order([("SHIRT", 1)], gateway="Klarna")
        self.order([("SHIRT", 1)], gateway="gift_card")
        self.order([("SHIRT", 1)], gateway="cash")
        self.look()
        rows = self.env["shopify.mapping.payment"].search([])
        klarna = rows.filtered(lambda row: row.gateway == "Klarna")
        self.assertEqual(klarna.proposal_id, bank)
        self.assertFalse((rows - klarna).proposal_id)
        with self.assertRaisesRegex(UserError, "Nothing is proposed"):
            (rows - klarna)[:1].action_take_proposal()
        klarna.action_take_proposal()
        self.assertEqual(klarna.journal_id, bank)
        self.assertEqual(self.items("payments", "payment")["Klarna"].state, "found")
        till = bank.copy({"name": "Till", "code": "TIL", "type": "cash"})
        rows.invalidate_recordset(["proposal_id"])
        self.assertEqual(
            {row.gateway: row.proposal_id for row in rows - klarna},
            {"cash": till, "gift_card": journals},
        )


class TestStart(ReadinessCase):
    """A flow doesn't start while something required is missing."""

    def setUp(self):
        super().setUp()
        self.backend.flow_ids.write(
            {"gate_override_reason": False, "gate_override_until": False}
        )
        self.backend._scan("matching")
        self.run_syncs()
        self.backend._look_at_gates()
        self.orders.policy = "review"
        self.order([("SHIRT", 1)], taxes=[GST])
        self.look()
        self.assertEqual(self.orders.gate_state, "open")

    def map_gst(self):
        row = self.backend.tax_ids.filtered(lambda row: row.title == "GST")
        row.tax_id = self.make_tax("GST 5", 5.0)

    def test_automatic_is_refused_with_what_is_missing(self):
        with self.assertRaisesRegex(
            UserError, "Orders can't run by itself yet: taxes without an Odoo tax: 1"
        ):
            self.orders.policy = "automatic"
        self.assertEqual(self.orders.policy, "review")
        self.map_gst()
        self.orders.policy = "automatic"
        self.assertEqual(self.backend._flow_policy("orders"), "automatic")

    def test_wish_comes_true_when_the_last_tax_is_mapped(self):
        self.orders.with_context(**{WISH: True}).policy = "automatic"
        self.backend._look_at_gates()
        self.assertEqual(
            (self.orders.policy, self.orders.automatic_when_ready), ("review", True)
        )

        self.map_gst()
        self.env.cr.flush()
        jobs = self.env["queue.job"].search(
            [("method_name", "=", "_gate_job"), ("state", "=", "pending")]
        )
        self.assertEqual(len(jobs), 1)
        self.backend._gate_job()
        self.env.invalidate_all()

        self.assertEqual(self.orders.policy, "automatic")

    def test_manager_lets_it_run_anyway_with_a_reason(self):
        self.orders.write(
            {
                "policy": "automatic",
                "gate_override_reason": "GST orders are rare",
                "gate_override_until": "2199-12-31",
            }
        )
        self.assertEqual(self.backend._flow_policy("orders"), "automatic")

    def test_flow_that_runs_goes_on_when_a_new_tax_is_seen(self):
        self.map_gst()
        self.orders.policy = "automatic"
        self.order([("SHIRT", 1)], taxes=[{"title": "Luxury", "rate": "0.3"}])
        self.look()
        self.backend._look_at_gates()

        self.assertIn("taxes without an Odoo tax: 1", self.orders.lacks_required)
        self.assertEqual(self.backend._flow_policy("orders"), "automatic")
        self.assertFalse(self.orders.is_held)

    def test_other_flows_need_none_of_the_taxes(self):
        products = self.backend.flow_ids.filtered(lambda row: row.flow == "products")
        products.policy = "automatic"
        self.assertEqual(products.policy, "automatic")
        self.assertFalse(products.lacks_required)


class TestDelivery(ReadinessCase):
    def carrier(self, name="DHL Express"):
        return self.backend.delivery_carrier_id.copy(
            {
                "name": name,
                "product_id": self.backend.delivery_carrier_id.product_id.copy().id,
            }
        )

    def test_order_gets_the_method_that_its_way_of_sending_stands_for(self):
        order = self.order([("SHIRT", 1)], shipping=[EXPRESS], taxes=[])
        plain = self.order([("SHIRT", 1)], shipping=[{"price": "5.00"}], taxes=[])
        self.look()
        dhl = self.carrier()
        self.env["shopify.mapping.delivery"].search(
            [("key", "=", "shopify|EXP")]
        ).carrier_id = dhl

        self.sync(order, plain)

        sale, other = self.sale_order(order), self.sale_order(plain)
        self.assertEqual(sale.carrier_id, dhl)
        self.assertEqual(
            sale.order_line.filtered("is_delivery").product_id, dhl.product_id
        )
        self.assertEqual(sale.amount_total, 32.0)
        self.assertEqual(other.carrier_id, self.backend.delivery_carrier_id)

    def test_method_of_its_own_makes_up_for_a_missing_one_of_the_store(self):
        self.backend.delivery_carrier_id = False
        order = self.order([("SHIRT", 1)], shipping=[EXPRESS], taxes=[])
        self.look()
        self.sync(order)
        self.assertReview(order["id"], "delivery_product_missing")

        dhl = self.env["delivery.carrier"].search([], limit=1)
        self.env["shopify.mapping.delivery"].search([]).carrier_id = dhl
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertEqual(self.sale_order(order).carrier_id, dhl)

    def test_archived_method_stands_for_nothing(self):
        order = self.order([("SHIRT", 1)], shipping=[EXPRESS], taxes=[])
        self.look()
        dhl = self.carrier()
        self.env["shopify.mapping.delivery"].search([]).carrier_id = dhl
        dhl.active = False

        self.sync(order)

        self.assertEqual(
            self.sale_order(order).carrier_id, self.backend.delivery_carrier_id
        )


class TestNotShown(ReadinessCase):
    def shown(self):
        return {key: (ok, said) for key, ok, _label, said in self.backend._not_shown()}

    def test_connected_store_has_shown_neither_company_nor_retries(self):
        shown = self.shown()

        self.assertEqual(
            {key: ok for key, (ok, _said) in shown.items()},
            {"company": False, "locations": True, "taxes": True, "retries": False},
        )
        self.assertIn(self.company.name, shown["company"][1])
        self.assertIn("fa-circle-o", self.backend.not_shown)

    def test_first_order_shows_the_company(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)

        ok, said = self.shown()["company"]

        self.assertTrue(ok)
        self.assertEqual(
            said, f"{self.sale_order(order).name} stands in {self.company.name}"
        )
        self.assertFalse(self.shown()["retries"][0])

    def test_stopped_order_that_went_through_and_is_here_once_shows_retries(self):
        order = self.order([("SHIRT", 1)], taxes=[GST])
        self.sync(order)
        self.assertReview(order["id"], "tax_unmapped")
        self.assertFalse(self.shown()["retries"][0])
        self.map_tax("GST", 0.05, self.make_tax("GST 5", 5.0))
        self.run_syncs()
        self.assertDone(order["id"])

        ok, said = self.shown()["retries"]

        self.assertTrue(ok)
        self.assertEqual(
            said,
            f"{order['name']} stopped, was tried again, and is here once: "
            f"{self.sale_order(order).name}",
        )
        self.sale_order(order).copy({"client_order_ref": order["name"]})
        self.assertFalse(self.shown()["retries"][0])

    def test_tax_without_an_odoo_tax_and_location_without_a_place_untick(self):
        self.order([("SHIRT", 1)], taxes=[GST])
        self.look()
        self.backend.location_ids[:1].warehouse_id = False

        shown = self.shown()

        self.assertFalse(shown["taxes"][0])
        self.assertFalse(shown["locations"][0])


class TestScreens(ReadinessCase):
    def test_roles_see_what_is_needed_and_only_managers_choose(self):
        self.order([("SHIRT", 1)], gateway="Klarna", taxes=[TAX])
        self.look()
        for role in ("user", "operator", "manager"):
            user = new_test_user(
                self.env, f"ready_{role}_2", f"shopify_connector.group_{role}"
            )
            store = self.backend.with_user(user)
            self.assertIn("Orders", store.readiness)
            self.assertTrue(store.not_shown)
            action = store.action_readiness()
            rows = self.env[action["res_model"]].with_user(user)
            self.assertTrue(rows.search(action["domain"]))
            gateway = self.env["shopify.mapping.payment"].with_user(user).search([])
            self.assertEqual(gateway.mapped("gateway"), ["Klarna"])
            if role != "manager":
                with self.assertRaises(AccessError):
                    gateway.gateway = "other"

    def test_flow_says_what_it_needs(self):
        self.order([("SHIRT", 1)], taxes=[GST])
        self.look()
        action = self.orders.action_readiness()
        rows = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(set(rows.mapped("flow")), {"orders"})

    def test_later_flows_are_told_as_such(self):
        self.order([("SHIRT", 1)], gateway="Klarna")
        self.look()
        self.assertEqual(
            self.gaps("Payments (not in this version yet)"), ["no journal for Klarna"]
        )

    def test_items_cost_the_same_for_many_orders_and_taxes(self):
        self.order([("SHIRT", 1)], taxes=[GST])
        self.look()
        self.backend._items()
        first = self.count_queries(self.backend._items)
        for number in range(8):
            tax = {"title": f"Tax {number}", "rate": f"0.0{number + 1}"}
            self.order([("SHIRT", 1)], taxes=[tax], gateway=f"Gateway {number}")
        self.look()
        self.assertLessEqual(self.count_queries(self.backend._items), first + 1)

    def count_queries(self, act):
        self.env.flush_all()
        self.env.invalidate_all()
        start = self.env.cr.sql_log_count
        act()
        return self.env.cr.sql_log_count - start
