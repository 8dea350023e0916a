"""What Odoo alone has is made in Shopify when a person asks for it, once, with its ID on
both sides, whatever the connection does meanwhile."""

from odoo.tests import new_test_user

from .sync_case import SyncCase
from .test_matching import MatchingCase

COLOURS = ("red", "blue")


class CreateCase(SyncCase):
    """`make(record)` asks as the worksheet does, and lets the drains run."""

    def make(self, *records, cause="accepted"):
        for record in records:
            flow = {"product.template": "products", "res.partner": "customers"}
            self.ask(
                flow[record._name],
                *map(str, record.ids),
                direction="out",
                cause=cause,
                kind=record._name,
            )
        self.run_syncs()

    def end(self, record):
        row = self.syncs(
            subject_key=str(record.id), direction="out", subject_type=record._name
        )
        return row.state, row.outcome or row.reason_code

    def end_row(self, record):
        return self.syncs(
            subject_key=str(record.id), direction="out", subject_type=record._name
        )

    def desk(self, sku="DESK", **values):
        return self.odoo_product(sku, name="Desk", **values).product_tmpl_id

    def coloured(self, **values):
        """A product of two variants, CUP-RED and CUP-BLUE."""
        colour = self.env["product.attribute"].create(
            {
                "name": "Colour",
                "create_variant": values.pop("create_variant", "always"),
                "value_ids": [(0, 0, {"name": name}) for name in COLOURS],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Cup",
                "is_storable": True,
                "list_price": 4.0,
                "attribute_line_ids": [
                    (
                        0,
                        0,
                        {
                            "attribute_id": colour.id,
                            "value_ids": [(6, 0, colour.value_ids.ids)],
                        },
                    )
                ],
                **values,
            }
        )
        for variant in template.product_variant_ids:
            [value] = variant.product_template_attribute_value_ids
            variant.default_code = f"CUP-{value.name.upper()}"
        return template

    def template_link(self, template):
        return self.env["shopify.product.template"].search(
            [("odoo_id", "=", template.id)]
        )

    def variant_links(self, template):
        return self.env["shopify.product.product"].search(
            [("odoo_id", "in", template.product_variant_ids.ids)]
        )

    def contact_link(self, partner):
        return self.env["shopify.res.partner"].search(
            [("odoo_id", "=", partner.id), ("shopify_gid", "!=", False)]
        )

    def there(self, title):
        return [p for p in self.shop.of_type("Product") if p["title"] == title]

    def grow_old(self):
        """No request of before can arrive any more."""
        self.env.cr.execute(
            "UPDATE shopify_mutation SET created_at = created_at - interval '1 hour'"
        )

    def passes(self, record):
        """The next try of what waits."""
        self.time_passes(self.end_row(record))
        self.wake()
        self.run_syncs()

    def assertBothSides(self, template, product):
        """Linked, marked and verified, product and variants."""
        self.env.invalidate_all()
        link = self.template_link(template)
        self.assertEqual(link.shopify_gid, product["id"])
        links = self.variant_links(template)
        self.assertEqual(set(links.mapped("shopify_gid")), set(product["variants"]))
        for each in (link, *links):
            gid, record = each.shopify_gid, each.odoo_id
            self.assertEqual(self.marked(gid), str(record.id))
            self.assertEqual(self.proof(gid)["token"], each.token)
            self.assertTrue(each.verified_at)


class TestProducts(CreateCase):
    def test_product_is_made_as_a_draft_with_its_id_on_both_sides(self):
        desk = self.desk(list_price=120.0, barcode="4006381333931", weight=3.5)

        self.make(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        [product] = self.there("Desk")
        self.assertEqual(product["status"], "DRAFT")
        [gid] = product["variants"]
        variant = self.shop.get(gid)
        self.assertEqual(
            (variant["sku"], variant["barcode"], variant["price"]),
            ("DESK", "4006381333931", "120.00"),
        )
        item = self.shop.get(variant["inventoryItem"])
        self.assertEqual((item["tracked"], item["requiresShipping"]), (True, True))
        self.assertEqual(item["measurement"]["weight"]["value"], 3.5)
        self.assertBothSides(desk, product)
        link = self.variant_links(desk)
        self.assertEqual(link.inventory_item_gid, item["id"])
        self.assertEqual(link.product_link_id, self.template_link(desk))
        self.assertTrue(link.tracked)
        # The mark went with it: nothing was written twice.
        self.assertEqual(self.written(), {"productSet": 1})

    def test_links_carry_the_uuid_of_the_write(self):
        desk = self.desk()

        self.make(desk)

        [write] = self.env["shopify.mutation"].search(
            [("operation", "=", "products/create")]
        )
        self.assertEqual(write.state, "settled")
        self.assertEqual(self.template_link(desk).token, write.uuid)
        self.assertEqual(self.variant_links(desk).token, write.uuid)

    def test_variants_are_made_with_their_options_and_prices(self):
        cup = self.coloured()
        [red, _blue] = cup.attribute_line_ids.product_template_value_ids
        red.price_extra = 1.5

        self.make(cup)

        [product] = self.there("Cup")
        shown = {
            self.shop.get(gid)["sku"]: (
                self.shop.get(gid)["_values"],
                self.shop.get(gid)["price"],
            )
            for gid in product["variants"]
        }
        self.assertEqual(
            shown, {"CUP-RED": (["red"], "5.50"), "CUP-BLUE": (["blue"], "4.00")}
        )
        self.assertBothSides(cup, product)

    def test_repeated_it_makes_no_second_one(self):
        cup = self.coloured()
        self.make(cup)
        self.start_counting()

        self.make(cup)
        self.read_again("products", self.there("Cup")[0]["id"])

        self.assertEqual(self.end(cup), ("done", "unchanged"))
        self.assertEqual(len(self.there("Cup")), 1)
        self.assertEqual(self.written(), {})

    def test_many_are_looked_up_together(self):
        desks = [self.desk(f"DESK-{number}") for number in range(5)]
        before = len(self.shop.request_log())

        self.make(*desks)

        asked = [entry.operation for entry in self.shop.request_log()][before:]
        self.assertEqual(asked.count("ProductsCreate"), 5)
        for name in ("Owners", "VariantOwners", "Holders"):
            self.assertEqual(asked.count(f"ProductsCreate{name}"), 1, name)

    def test_archived_product_is_left_out(self):
        desk = self.desk()
        desk.active = False

        self.make(desk)

        self.assertEqual(self.end(desk), ("done", "excluded"))
        self.assertEqual(self.written(), {})

    def test_price_in_another_currency_stops(self):
        self.backend.shop_currency_id = self.env.ref("base.EUR")
        desk = self.desk()

        self.make(desk)

        self.assertEqual(self.end(desk), ("review", "export_currency_differs"))
        self.assertIn("EUR", self.end_row(desk).message)
        self.assertEqual(self.written(), {})

    def test_variant_on_demand_that_nobody_made_stops(self):
        cup = self.coloured(create_variant="dynamic")

        self.make(cup)

        self.assertEqual(self.end(cup), ("review", "export_without_variants"))

    def test_product_of_another_company_stops(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        desk = self.desk(company_id=company.id)

        self.make(desk)

        self.assertEqual(self.end(desk), ("review", "company_differs"))
        self.assertEqual(self.written(), {})

    def test_what_shopify_refuses_stops_with_its_words(self):
        desk = self.desk()
        self.without_definitions()

        self.make(desk)

        self.assertEqual(self.end(desk)[0], "waiting")
        self.assertEqual(self.there("Desk"), [])
        self.assertFalse(self.template_link(desk))

    def without_definitions(self):
        kept = dict(self.shop.definitions)
        self.addCleanup(self.shop.definitions.update, kept)
        self.shop.definitions.pop(("PRODUCTVARIANT", self._namespace(), "id"))
        self.shop.definitions[("PRODUCTVARIANT", self._namespace(), "id")] = {
            **kept["PRODUCTVARIANT", self._namespace(), "id"],
            "_type": "id",
        }
        self.shop.definitions[("PRODUCT", self._namespace(), "proof")] = {
            **kept["PRODUCT", self._namespace(), "proof"],
            "_type": "number_integer",
        }

    def test_missing_scope_stops_and_the_retry_does_it(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        self.shop.set_scopes([s for s in granted if s != "write_products"])
        desk = self.desk()
        self.make(desk)
        self.assertEqual(self.end(desk), ("review", "scope_missing"))

        self.shop.set_scopes(granted)
        self.flow("products").action_resume()
        self.end_row(desk).action_retry()
        self.run_syncs()

        self.assertBothSides(desk, *self.there("Desk"))


class TestLostAnswers(CreateCase):
    """The mutation is sent, and nobody knows what came of it."""

    def test_made_though_the_answer_was_lost_is_found_and_linked(self):
        cup = self.coloured()
        self.shop.fault("reset_after", operation="productSet")

        self.make(cup)
        self.assertEqual(self.end(cup), ("waiting", "outcome_unknown"))
        self.assertFalse(self.template_link(cup))
        self.passes(cup)

        self.assertEqual(self.end(cup), ("done", "synced"))
        [product] = self.there("Cup")
        self.assertBothSides(cup, product)
        self.assertEqual(self.written(), {"productSet": 1})

    def test_not_made_is_said_only_when_it_can_no_longer_arrive(self):
        desk = self.desk()
        self.shop.fault("reset_before", operation="productSet")

        self.make(desk)
        self.passes(desk)
        self.assertEqual(self.end(desk), ("waiting", "outcome_unknown"))
        self.assertEqual(self.there("Desk"), [])

        self.grow_old()
        self.passes(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk"))

    def test_webhook_that_is_faster_than_the_settling_makes_no_second_link(self):
        desk = self.desk()
        self.shop.fault("reset_after", operation="productSet")
        self.make(desk)

        self.read_again("products", self.there("Desk")[0]["id"])
        self.passes(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk"))

    def test_customer_made_though_the_answer_was_lost(self):
        ada = self.env["res.partner"].create({"name": "Ada B", "email": "a@b.org"})
        self.shop.fault("reset_after", operation="customerCreate")

        self.make(ada)
        self.passes(ada)

        self.assertEqual(self.end(ada), ("done", "synced"))
        [customer] = self.shop.of_type("Customer")
        self.assertEqual(self.contact_link(ada).shopify_gid, customer["id"])
        self.assertEqual(self.written(), {"customerCreate": 1})

    def move_elsewhere(self, desk):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        desk.company_id = company
        return company

    def open_writes(self):
        return self.env["shopify.mutation"].search(
            [("state", "in", ("intent", "unknown", "applied"))]
        )

    def asked_again(self):
        self.env.flush_all()
        self.backend._wake_open_writes()
        return self.triggers()

    def test_made_while_it_went_to_another_company_is_closed_and_said(self):
        desk = self.desk()
        self.shop.fault("reset_after", operation="productSet")
        self.make(desk)
        self.move_elsewhere(desk)
        self.grow_old()

        self.passes(desk)

        self.assertEqual(self.end(desk), ("review", "company_differs"))
        self.assertFalse(self.open_writes())
        self.assertFalse(self.asked_again())
        self.assertFalse(self.template_link(desk))
        [product] = self.there("Desk")
        self.assertReview(product["id"], "identity_foreign_company")

        desk.company_id = False
        self.make(desk, cause="retry")
        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, product)

    def test_not_made_before_it_went_to_another_company_is_closed(self):
        ada = self.env["res.partner"].create({"name": "Ada B", "email": "a@b.org"})
        self.shop.fault("reset_before", operation="customerCreate")
        self.make(ada)
        self.move_elsewhere(ada)
        self.grow_old()

        self.passes(ada)

        self.assertEqual(self.end(ada), ("review", "company_differs"))
        self.assertFalse(self.open_writes())
        self.assertFalse(self.shop.of_type("Customer"))

    def test_open_write_of_an_unknown_type_is_left_and_stops_nothing(self):
        desk = self.desk()
        self.shop.fault("reset_after", operation="productSet")
        self.make(desk)
        self.grow_old()
        self.env.cr.execute(
            "INSERT INTO shopify_mutation (uuid, backend_ref, company_ref, operation,"
            " subjects, state, created_at) SELECT 'x' || place, backend_ref,"
            " company_ref, operation, to_json(ARRAY[name]), 'unknown', created_at"
            " FROM shopify_mutation, unnest(%s) WITH ORDINALITY AS t(name, place)"
            " WHERE state = 'unknown'",
            [["out/later.model/7", "mark/Later/gid", "out", "store"]],
        )

        asked = self.asked_again()

        self.assertEqual(
            asked.mapped(lambda t: (t.flow, t.subject_type, t.subject_key)),
            [("products", "product.template", str(desk.id))],
        )

    def test_what_only_a_person_can_settle_is_not_asked_every_minute(self):
        ada = self.env["res.partner"].create({"name": "Ada B", "email": "a@b.org"})
        self.shop.fault("reset_before", operation="customerCreate")
        self.make(ada)
        other = self.shop.create_customer(email="eve@b.org")
        self.mark(other["id"], str(ada.id), None)
        self.grow_old()
        self.passes(ada)
        self.assertEqual(self.end(ada), ("review", "outcome_needs_person"))
        self.assertTrue(self.open_writes())

        self.assertFalse(self.asked_again())

    def test_applied_and_not_recorded_is_settled_from_the_stored_answer(self):
        desk = self.desk()
        self.make(desk)
        # As a worker leaves it that dies before its own commit.
        self.variant_links(desk)._as_engine().unlink()
        self.template_link(desk)._as_engine().unlink()
        self.env.cr.execute("UPDATE shopify_mutation SET state = 'applied'")
        self.start_counting()

        self.make(desk, cause="reconcile")

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk"))
        self.assertEqual(self.written(), {})


class TestCandidates(CreateCase):
    def test_product_with_the_sku_is_linked_and_none_is_made(self):
        desk = self.desk()
        there = self.mug("desk", title="The desk")

        self.make(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, there)
        self.assertNotIn("productSet", self.written())

    def test_two_products_with_the_sku_stop(self):
        desk = self.desk()
        one, two = (self.mug("DESK", title=f"Desk {n}") for n in range(2))

        self.make(desk)

        self.assertEqual(self.end(desk), ("review", "ambiguous_match"))
        message = self.end_row(desk).message
        for product in (one, two):
            self.assertIn(product["id"].rpartition("/")[2], message)
        self.assertEqual(self.written(), {})

    def test_two_products_that_one_in_shopify_would_be_stop_both(self):
        one, two = self.desk("SET-1"), self.desk("SET-2")
        self.shop.create_product(
            title="A set",
            options=["Part"],
            variants=[
                {"options": [part], "sku": f"SET-{part}", "price": "1.00"}
                for part in "12"
            ],
        )

        self.make(one | two)

        for desk in (one, two):
            self.assertEqual(self.end(desk), ("review", "ambiguous_match"))
        self.assertEqual(self.written(), {})

    def test_candidate_that_carries_another_records_id_is_not_taken(self):
        desk = self.desk()
        other = self.mug("DESK", title="Somebody's")
        foreign = {
            "database": "00000000-0000-0000-0000-000000000000",
            "model": "product.template",
            "ids": [desk.id],
            "birth": "none",
            "token": "x" * 16,
        }
        self.mark(other["id"], "999999", foreign)

        self.make(desk)

        self.assertEqual(self.end(desk), ("review", "identity_foreign_database"))
        self.assertEqual(self.written(), {})

    def test_search_that_is_behind_finds_a_deleted_one_and_it_is_made(self):
        desk = self.desk()
        self.shop.delete_product(self.mug("DESK", title="Old")["id"])

        self.make(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertEqual(len(self.there("Desk")), 1)

    def test_pair_that_a_person_parted_is_not_linked_again(self):
        mug = self.mug("DESK", title="Not it")
        desk = self.desk()
        self.env["shopify.parted"].create(
            {
                "backend_id": self.backend.id,
                "shopify_type": "Product",
                "shopify_gid": mug["id"],
                "odoo_model": "product.template",
                "odoo_id": desk.id,
                "mode": "unlinked",
                "reason": "another desk",
                "user_id": self.env.uid,
            }
        )

        self.make(desk)

        self.assertEqual(self.end(desk), ("review", "unlinked_by_hand"))
        self.assertEqual(self.written(), {})

    def test_variant_that_stands_for_another_product_stops(self):
        cup = self.coloured()
        mug = self.mug("CUP-RED")
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": mug["variants"][0],
                    "odoo_id": cup.product_variant_ids[0].id,
                    "product_gid": mug["id"],
                }
            ],
        )
        self.run_syncs()

        self.make(cup)

        self.assertEqual(self.end(cup), ("review", "export_half_linked"))
        self.assertEqual(self.there("Cup"), [])

    def test_id_that_the_look_up_does_not_show_yet_is_refused_and_adopted_later(self):
        self.shop.switch(by_identifier_live=False)
        self.shop.set_search_lag(3600)
        desk = self.desk()
        self.make(desk)
        self.variant_links(desk)._as_engine().unlink()
        self.template_link(desk)._as_engine().unlink()

        self.make(desk)

        # Shopify itself takes an ID only once.
        self.assertEqual(self.end(desk), ("waiting", "changed_meanwhile"))
        self.assertEqual(self.written(), {"productSet": 1})

        self.shop.set_search_lag(0)
        self.shop.edit_product(self.there("Desk")[0]["id"], tags=["seen"])
        self.passes(desk)

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk"))


class TestReview(CreateCase):
    flow_policy = "review"

    def test_retry_in_review_shows_first_what_would_be_made(self):
        desk = self.desk(list_price=12.0)

        self.make(desk, cause="retry")
        row = self.end_row(desk)
        self.assertEqual(self.end(desk), ("review", "to_accept"))
        self.assertEqual(
            row.preview,
            [
                {
                    "kind": "sent",
                    "rows": [["Product", "Desk"], ["Variant", "DESK, 12.00 USD"]],
                }
            ],
        )
        self.assertEqual(self.there("Desk"), [])

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.end(desk), ("done", "synced"))
        self.assertBothSides(desk, *self.there("Desk"))

    def test_what_a_person_asked_for_in_the_worksheet_needs_no_second_word(self):
        desk = self.desk()

        self.make(desk)

        self.assertBothSides(desk, *self.there("Desk"))


class TestCustomers(CreateCase):
    def contact(self, email="ada@example.org", name="Ada Byron", **values):
        return self.env["res.partner"].create({"name": name, "email": email, **values})

    def test_customer_is_made_with_its_id_on_both_sides(self):
        ada = self.contact("Ada@Example.org", phone="+45 4545 4545")

        self.make(ada)

        self.assertEqual(self.end(ada), ("done", "synced"))
        [customer] = self.shop.of_type("Customer")
        self.assertEqual(
            (customer["firstName"], customer["lastName"]), ("Ada", "Byron")
        )
        self.assertEqual(
            (customer["_email"], customer["_phone"]),
            ("ada@example.org", "+4545454545"),
        )
        link = self.contact_link(ada)
        self.assertEqual(link.shopify_gid, customer["id"])
        self.assertEqual(self.marked(customer["id"]), str(ada.id))
        self.assertEqual(self.proof(customer["id"])["token"], link.token)
        self.assertTrue(link.verified_at)
        self.assertEqual(self.written(), {"customerCreate": 1})

    def test_customer_with_the_email_is_linked_and_none_is_made(self):
        there = self.shop.create_customer(email="ada@example.org", first_name="A")
        ada = self.contact()

        self.make(ada)

        self.assertEqual(self.contact_link(ada).shopify_gid, there["id"])
        self.assertEqual(len(self.shop.of_type("Customer")), 1)
        self.assertNotIn("customerCreate", self.written())

    def test_email_of_two_contacts_stops(self):
        ada, twin = self.contact(), self.contact(name="Twin")

        self.make(ada)

        self.assertEqual(self.end(ada), ("review", "ambiguous_match"))
        self.assertIn(twin.name, self.end_row(ada).message)
        self.assertEqual(self.written(), {})

    def test_email_taken_where_customers_are_not_matched_by_it_stops(self):
        keys = self.backend.match_key_ids.filtered(lambda row: row.key == "email")
        keys.active = False
        self.shop.create_customer(email="ada@example.org")
        ada = self.contact()

        self.make(ada)

        self.assertEqual(self.end(ada), ("review", "shopify_refused"))
        self.assertIn("taken", self.end_row(ada).message)
        self.assertEqual(len(self.shop.of_type("Customer")), 1)

    def test_contact_without_email_stops(self):
        ada = self.contact(email=False)

        self.make(ada)

        self.assertEqual(self.end(ada), ("review", "export_without_email"))
        self.assertEqual(self.written(), {})

    def test_repeated_it_makes_no_second_one(self):
        ada = self.contact()
        self.make(ada)
        self.start_counting()

        self.make(ada)

        self.assertEqual(self.end(ada), ("done", "unchanged"))
        self.assertEqual(self.written(), {})


class TestWorksheet(CreateCase, MatchingCase):
    def ask_there(self, scan, *records):
        rows = self.env["shopify.match"].union(
            *(self.only_odoo(scan, record) for record in records)
        )
        return rows.with_user(self.operator).action_create_there()

    def test_chosen_rows_are_made_and_say_so(self):
        cup, desk = self.coloured(), self.desk()
        ada = self.env["res.partner"].create(
            {"name": "Ada B", "email": "a@b.org", "customer_rank": 1}
        )
        scan = self.scan()

        # A variant alone brings its whole product.
        self.ask_there(scan, cup.product_variant_ids[0], desk, ada)
        self.run_syncs()

        for template, title in ((cup, "Cup"), (desk, "Desk")):
            [product] = self.there(title)
            self.assertBothSides(template, product)
            for gid, record in (
                (product["id"], template),
                *(
                    (link.shopify_gid, link.odoo_id)
                    for link in self.variant_links(template)
                ),
            ):
                row = self.found(scan, gid)
                self.assertEqual(
                    (row.verdict, row.decision, row.odoo_id),
                    ("linked", "create_there", record.id),
                )
                self.assertEqual(row.decided_by_id, self.operator)
        row = self.found(scan, self.contact_link(ada).shopify_gid)
        self.assertEqual((row.verdict, row.odoo_id), ("linked", ada.id))

    def test_rows_of_what_was_there_already_become_pairs(self):
        """Its variants are linked by the way in, after the product."""
        cup = self.coloured()
        scan = self.scan()
        there = self.shop.create_product(
            title="The cup",
            options=["Colour"],
            variants=[
                {"options": [name], "sku": f"CUP-{name.upper()}", "price": "4.00"}
                for name in COLOURS
            ],
        )

        self.ask_there(scan, cup)
        self.run_syncs()

        self.assertBothSides(cup, there)
        for record in (cup, *cup.product_variant_ids):
            self.assertFalse(self.only_odoo(scan, record))
        for gid in (there["id"], *there["variants"]):
            row = self.found(scan, gid)
            self.assertEqual((row.verdict, row.decision_error), ("linked", False))

    def test_row_says_why_it_was_not_made(self):
        ada = self.env["res.partner"].create({"name": "Ada", "customer_rank": 1})
        scan = self.scan()

        self.ask_there(scan, ada)
        self.run_syncs()

        row = self.only_odoo(scan, ada)
        self.assertEqual((row.verdict, row.decision), ("only_odoo", "create_there"))
        self.assertIn("e-mail", row.why)

        ada.email = "ada@example.org"
        row.with_user(self.operator).action_create_there()
        self.run_syncs()

        self.assertEqual(len(self.shop.of_type("Customer")), 1)

    def test_flow_that_is_off_makes_nothing_and_says_so(self):
        desk = self.desk()
        scan = self.scan()
        self.set_policy("products", "off")

        self.ask_there(scan, desk)
        self.run_syncs()

        row = self.only_odoo(scan, desk)
        self.assertEqual(row.decision, "todo")
        self.assertIn("is off", row.decision_error)
        self.assertEqual(self.there("Desk"), [])

    def test_further_variant_of_a_linked_product_is_left_and_says_so(self):
        cup = self.coloured()
        mug = self.mug("CUP-RED", title="Cup")
        self.read_again("products", mug["id"])
        scan = self.scan()
        blue = cup.product_variant_ids.filtered(
            lambda each: each.default_code == "CUP-BLUE"
        )

        self.ask_there(scan, blue)
        self.run_syncs()

        self.assertIn("Add the variant", self.only_odoo(scan, blue).decision_error)
        self.assertEqual(len(self.there("Cup")), 1)

    def test_accepting_for_another_store_is_refused_without_its_role(self):
        desk = self.desk()
        scan = self.scan()
        looker = new_test_user(
            self.env, "create looker", groups="shopify_connector.group_user"
        )

        with self.assertRaisesRegex(Exception, "role|allowed|right|Operator|operator"):
            self.only_odoo(scan, desk).with_user(looker).action_create_there()
        self.assertEqual(self.there("Desk"), [])
