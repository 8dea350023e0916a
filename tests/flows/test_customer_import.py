"""Shopify customers, guests and addresses become contacts, each once."""

from ..common import ShopifyCase

HOME = {
    "firstName": "Ada",
    "lastName": "Byron",
    "address1": "1 Dorset Street",
    "city": "London",
    "zip": "W1U 4EG",
    "country": "United Kingdom",
    "countryCode": "GB",
}
OFFICE = {
    "firstName": "Ada",
    "lastName": "Byron",
    "company": "Analytical Engines",
    "address1": "12 St James's Square",
    "city": "London",
    "zip": "SW1Y 4JH",
    "country": "United Kingdom",
    "countryCode": "GB",
}


class CustomerCase(ShopifyCase):
    def setUp(self):
        super().setUp()
        self.map_locations(self.backend)
        self.shop.create_product(
            title="Mug", variants=[{"sku": "MUG", "price": "10.00", "tracked": False}]
        )

    def map_locations(self, store):
        rows = self.env["shopify.mapping.location"].search(
            [("backend_id", "=", store.id)]
        )
        rows.warehouse_id = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)], limit=1
        )

    def customer(self, **changed):
        return self.shop.create_customer(
            **{
                "email": "Ada@Example.com",
                "first_name": "Ada",
                "last_name": "Byron",
                "addresses": [HOME],
                **changed,
            }
        )

    def order(self, **changed):
        return self.shop.create_order(
            **{
                "lines": [{"variant": "MUG"}],
                "shipping_address": HOME,
                "billing_address": HOME,
                **changed,
            }
        )

    def trigger(self, *subjects, store=None):
        store = store or self.backend
        flows = {"Customer": "customers", "Order": "orders", "Product": "products"}
        self.env["shopify.trigger"]._insert(
            store,
            [
                (flows[each["__typename"]], "in", each["__typename"], each["id"])
                for each in subjects
            ],
            "test",
        )
        self.run_syncs()

    def import_orders(self, *orders):
        self.trigger(*self.shop.of_type("Product"))
        self.trigger(*orders)
        for order in orders:
            self.assertDone(order["id"])
        return [self.sale_order(order) for order in orders]

    def sale_order(self, order):
        return (
            self.env["shopify.sale.order"]
            .search([("shopify_gid", "=", order["id"])])
            .sale_order_id
        )

    def link(self, customer, store=None):
        return self.env["shopify.res.partner"].search(
            [
                ("backend_id", "=", (store or self.backend).id),
                ("shopify_gid", "=", customer["id"]),
            ]
        )

    def partners(self, **values):
        return self.env["res.partner"].search(
            [(name, "=", value) for name, value in values.items()]
        )

    def count(self):
        return self.env["res.partner"].with_context(active_test=False).search_count([])

    def odoo_partner(self, **values):
        return self.env["res.partner"].create(
            {"name": "Countess Lovelace", "email": "ada@example.com", **values}
        )


class TestCustomers(CustomerCase):
    def test_customer_becomes_a_contact_with_address(self):
        customer = self.customer(phone="+44 20 7946 0000")

        self.trigger(customer)

        self.assertDone(customer["id"])
        partner = self.link(customer).odoo_id
        self.assertEqual(partner.name, "Ada Byron")
        self.assertEqual(partner.email, "ada@example.com")
        self.assertEqual(partner.phone, "+44 20 7946 0000")
        self.assertEqual(partner.street, "1 Dorset Street")
        self.assertEqual(partner.country_id.code, "GB")
        self.assertFalse(partner.company_id)

    def test_odoo_id_is_written_back_and_verified(self):
        customer = self.customer()

        self.trigger(customer)

        link = self.link(customer)
        self.assertTrue(link.verified_at)
        marks = {
            key: field["value"]
            for (gid, _namespace, key), field in self.shop.metafields.items()
            if gid == customer["id"]
        }
        self.assertEqual(marks["id"], str(link.odoo_id.id))

    def test_same_email_links_and_changes_nothing_else(self):
        odoo, customer = self.odoo_partner(email="ADA@example.com"), self.customer()
        before, count = odoo.read(["name", "email", "street"]), self.count()

        self.trigger(customer)

        self.assertDone(customer["id"])
        self.assertEqual(self.link(customer).odoo_id, odoo)
        self.assertEqual(odoo.read(["name", "email", "street"]), before)
        self.assertEqual(self.count(), count)

    def test_plus_tag_is_another_person(self):
        odoo = self.odoo_partner(email="ada+news@example.com")
        customer = self.customer()

        self.trigger(customer)

        self.assertNotEqual(self.link(customer).odoo_id, odoo)

    def test_two_contacts_of_one_email_stop_and_are_both_named(self):
        first, second = self.odoo_partner(), self.odoo_partner(name="Ada B.")
        customer, count = self.customer(), self.count()

        self.trigger(customer)

        row = self.assertReview(customer["id"], "ambiguous_match")
        self.assertEqual(
            row.reason_params["candidates"],
            [f"res.partner {first.id}", f"res.partner {second.id}"],
        )
        self.assertEqual(self.count(), count)
        self.assertFalse(self.link(customer))

    def test_two_customers_who_share_only_a_phone_stop_both(self):
        self.assert_rivals(
            self.customer(email=None, phone="+44 20 7946 0000", addresses=[]),
            self.customer(email=None, addresses=[{**HOME, "phone": "+442079460000"}]),
        )

    def test_two_customers_who_share_only_name_and_address_stop_both(self):
        self.assert_rivals(self.customer(email=None), self.customer(email=None))

    def assert_rivals(self, first, second):
        good, count = self.customer(email="good@example.com"), self.count()

        self.trigger(first, second, good)

        for one, other in ((first, second), (second, first)):
            row = self.assertReview(one["id"], "ambiguous_match")
            self.assertEqual(row.reason_params["candidates"], [other["id"]])
            self.assertFalse(self.link(one))
        self.assertDone(good["id"])
        self.assertEqual(self.count(), count + 1)

    def test_contact_found_by_email_and_by_a_kept_key_stops_both(self):
        odoo = self.odoo_partner()
        self.env["shopify.res.partner"]._link_chosen(
            self.backend, "old@example.com", odoo, "Her old address"
        )
        by_email = self.customer()
        by_key = self.customer(email="old@example.com")

        self.trigger(by_email, by_key)

        row = self.assertReview(by_email["id"], "ambiguous_match")
        self.assertEqual(row.reason_params["candidates"], [by_key["id"]])
        row = self.assertReview(by_key["id"], "ambiguous_match")
        self.assertEqual(row.reason_params["candidates"], [by_email["id"]])
        self.assertFalse(self.link(by_email) | self.link(by_key))

    def test_archived_contact_of_the_email_stops_and_is_named(self):
        archived = self.odoo_partner(active=False)
        customer, count = self.customer(), self.count()

        self.trigger(customer)

        row = self.assertReview(customer["id"], "ambiguous_match")
        self.assertEqual(
            row.reason_params["candidates"], [f"res.partner {archived.id}"]
        )
        self.assertEqual(self.count(), count)

    def test_living_contact_wins_over_an_archived_one(self):
        self.odoo_partner(active=False)
        living, customer = self.odoo_partner(), self.customer()

        self.trigger(customer)

        self.assertDone(customer["id"])
        self.assertEqual(self.link(customer).odoo_id, living)

    def test_choice_of_a_person_ends_the_stop(self):
        _first, second = self.odoo_partner(), self.odoo_partner(name="Ada B.")
        customer = self.customer()
        self.trigger(customer)

        self.env["shopify.res.partner"]._link_chosen(
            self.backend, customer["id"], second, "She said so"
        )
        self.trigger(customer)

        self.assertEqual(self.link(customer).odoo_id, second)
        self.assertDone(customer["id"], "unchanged")

    def test_address_with_the_email_is_nobody_on_its_own(self):
        company = self.env["res.partner"].create(
            {"name": "Engines", "is_company": True}
        )
        self.odoo_partner(parent_id=company.id, type="delivery")
        odoo, customer = self.odoo_partner(), self.customer()

        self.trigger(customer)

        self.assertEqual(self.link(customer).odoo_id, odoo)

    def test_contact_of_another_company_is_no_candidate(self):
        other = self.env["res.company"].create({"name": "Other"})
        odoo, customer = self.odoo_partner(company_id=other.id), self.customer()

        self.trigger(customer)

        self.assertNotEqual(self.link(customer).odoo_id, odoo)

    def test_customer_without_default_address_gets_none(self):
        customer = self.customer(addresses=[])

        self.trigger(customer)

        partner = self.link(customer).odoo_id
        self.assertEqual((partner.name, partner.street), ("Ada Byron", False))

    def test_country_unknown_to_odoo_stops_and_writes_nothing(self):
        customer = self.customer(addresses=[{**HOME, "countryCode": "AC"}])
        count = self.count()

        self.trigger(customer)

        row = self.assertReview(customer["id"], "country_unknown")
        self.assertEqual(row.reason_params["country"], "AC")
        self.assertEqual(self.count(), count)

    def test_update_existing_customer(self):
        """The same contact, never a second one; what differs is in History, once."""
        customer = self.customer()
        self.trigger(customer)
        partner, count = self.link(customer).odoo_id, self.count()
        self.shop.edit_customer(customer["id"], lastName="King")

        self.trigger(customer)
        noted = self.changes(customer)
        self.trigger(customer)

        self.assertEqual(noted, [["name", "Ada Byron", "Ada King"]])
        self.assertEqual(self.changes(customer), [])
        self.assertEqual(self.link(customer).odoo_id, partner)
        self.assertEqual(partner.name, "Ada Byron")
        self.assertEqual(self.count(), count)

    def changes(self, customer):
        event = self.env["shopify.event"].search(
            [("subject_key", "=", customer["id"]), ("direction", "=", "in")], limit=1
        )
        return event.changes or []

    def test_second_sync_writes_nothing(self):
        customer = self.customer()
        self.trigger(customer)
        count, writes = self.count(), len(self.shop.mutations_applied)
        written_at = self.link(customer).write_date

        self.trigger(customer)

        self.assertDone(customer["id"], "unchanged")
        self.assertEqual(self.count(), count)
        self.assertEqual(len(self.shop.mutations_applied), writes)
        self.assertEqual(self.link(customer).write_date, written_at)

    def test_customer_deleted_in_shopify_keeps_its_contact(self):
        customer = self.customer()
        self.trigger(customer)
        self.shop.delete_customer(customer["id"])

        self.trigger(customer)

        self.assertDone(customer["id"])
        self.assertTrue(self.link(customer).gone_at)
        self.assertTrue(self.link(customer).odoo_id.exists())

    def test_withheld_personal_data_make_a_stand_in(self):
        customer = self.customer()
        self.shop.fault("null_customer_data", operation="CustomersImport")

        self.trigger(customer)

        link = self.link(customer)
        number = customer["id"].rpartition("/")[2]
        self.assertEqual(link.odoo_id.name, f"Shopify customer {number}")
        self.assertTrue(link.withheld)

    def test_withheld_personal_data_overwrite_and_note_nothing(self):
        customer = self.customer()
        self.trigger(customer)
        self.shop.fault("null_customer_data", operation="CustomersImport")

        self.trigger(customer)

        self.assertEqual(self.link(customer).odoo_id.name, "Ada Byron")
        self.assertEqual(self.changes(customer), [])


class TestBuyers(CustomerCase):
    def test_unlinked_customer_of_an_order_is_linked(self):
        customer = self.customer()

        (order,) = self.import_orders(self.order(customer="Ada@Example.com"))

        self.assertEqual(order.partner_id, self.link(customer).odoo_id)
        self.assertEqual(order.partner_id.name, "Ada Byron")

    def test_order_addresses_become_contacts(self):
        self.customer()

        (order,) = self.import_orders(
            self.order(
                customer="Ada@Example.com",
                billing_address=OFFICE,
                shipping_address=HOME,
            )
        )

        invoice, delivery = order.partner_invoice_id, order.partner_shipping_id
        self.assertEqual(invoice.parent_id, order.partner_id)
        self.assertEqual(
            (invoice.type, invoice.street, invoice.city),
            ("invoice", "12 St James's Square", "London"),
        )
        self.assertEqual(order.partner_id.street, "1 Dorset Street")
        self.assertEqual(delivery.street, "1 Dorset Street")

    def test_own_address_needs_no_contact(self):
        self.customer()
        (order,) = self.import_orders(self.order(customer="Ada@Example.com"))

        self.assertEqual(order.partner_invoice_id, order.partner_id)
        self.assertEqual(order.partner_shipping_id, order.partner_id)
        self.assertFalse(order.partner_id.child_ids)

    def test_same_address_again_is_the_same_contact(self):
        self.customer()
        spelt = {**OFFICE, "address1": "12 st james's  square"}
        first, second = (
            self.order(customer="Ada@Example.com", shipping_address=address)
            for address in (OFFICE, spelt)
        )

        orders = self.import_orders(first, second)

        self.assertEqual(orders[0].partner_shipping_id, orders[1].partner_shipping_id)
        self.assertEqual(len(orders[0].partner_id.child_ids), 1)

    def test_same_guest_thrice_is_one_contact(self):
        orders = [self.order(email=mail) for mail in ("ada@x.org", " Ada@X.org")]
        first = self.import_orders(*orders)
        (third,) = self.import_orders(self.order(email="ada@x.org"))

        self.assertEqual(len({order.partner_id for order in (*first, third)}), 1)
        self.assertEqual(len(self.partners(email_normalized="ada@x.org")), 1)

    def test_guest_of_a_known_contact_is_that_contact(self):
        odoo = self.odoo_partner()

        (order,) = self.import_orders(self.order(email="ada@example.com"))

        self.assertEqual(order.partner_id, odoo)
        self.assertEqual(odoo.name, "Countess Lovelace")

    def test_guest_who_opens_an_account_stays_one_contact(self):
        (order,) = self.import_orders(self.order(email="ada@example.com"))
        customer = self.customer()

        self.trigger(customer)

        self.assertEqual(self.link(customer).odoo_id, order.partner_id)

    def test_guest_and_customer_of_one_email_in_one_batch_are_one(self):
        customer = self.customer()

        orders = self.import_orders(
            self.order(email="ada@example.com"), self.order(customer=customer["id"])
        )

        self.assertEqual(orders[0].partner_id, orders[1].partner_id)
        self.assertEqual(orders[0].partner_id, self.link(customer).odoo_id)

    def test_ambiguous_buyer_stops_the_order_and_nothing_is_written(self):
        self.odoo_partner(), self.odoo_partner(name="Ada B.")
        self.trigger(*self.shop.of_type("Product"))
        order, count = self.order(email="ada@example.com"), self.count()
        other = self.order(email="charles@example.com")

        self.trigger(order, other)

        self.assertReview(order["id"], "ambiguous_match")
        self.assertDone(other["id"])
        self.assertEqual(self.count(), count + 1)
        self.assertFalse(self.sale_order(order))

    def test_persons_choice_of_a_guest_releases_the_order(self):
        self.odoo_partner()
        second = self.odoo_partner(name="Ada B.")
        self.trigger(*self.shop.of_type("Product"))
        order = self.order(email="ada@example.com")
        self.trigger(order)
        row = self.assertReview(order["id"], "ambiguous_match")

        (key,) = row.wait_ids.mapped("key")
        self.env["shopify.res.partner"]._link_chosen(
            self.backend, key.partition(":")[2], second, "She said so"
        )
        self.run_syncs()

        self.assertDone(order["id"])
        self.assertEqual(self.sale_order(order).partner_id, second)

    def test_order_without_any_buyer_stops(self):
        self.trigger(*self.shop.of_type("Product"))
        order = self.order(shipping_address=None, billing_address=None)
        count = self.count()

        self.trigger(order)

        self.assertReview(order["id"], "order_without_customer")
        self.assertEqual(self.count(), count)

    def test_two_stores_of_one_company_share_the_guest(self):
        other_shop = self.emulator.add_shop("second", **self.shop_options)
        self.addCleanup(self.emulator.shops.pop, "second", None)
        store = self._make_store(other_shop)
        store.action_connect()
        self.map_locations(store)
        other_shop.create_product(
            title="Mug", variants=[{"sku": "MUG", "price": "10.00", "tracked": False}]
        )
        (first,) = self.import_orders(self.order(email="ada@x.org"))
        second = other_shop.create_order(
            lines=[{"variant": "MUG"}], email="ada@x.org", shipping_address=HOME
        )

        self.trigger(*other_shop.of_type("Product"), store=store)
        self.trigger(second, store=store)

        self.assertEqual(self.sale_order(second).partner_id, first.partner_id)
        self.assertEqual(len(self.partners(email_normalized="ada@x.org")), 1)
