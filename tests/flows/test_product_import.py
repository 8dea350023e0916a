"""Shopify products become linked Odoo products, or stop with their candidates."""

from odoo.fields import Command

from ..common import ShopifyCase


class ProductCase(ShopifyCase):
    def trigger(self, *gids, store=None):
        """Say that these products may be out of date, and let the syncs run."""
        self.env["shopify.trigger"]._insert(
            store or self.backend,
            [("products", "in", "Product", gid) for gid in gids],
            "test",
        )
        self.run_syncs()

    def shirt(self, **changed):
        """A shirt in Shopify, two sizes by two colours."""
        names = [("S", "Red"), ("S", "Blue"), ("M", "Red"), ("M", "Blue")]
        variants = [
            {
                "options": list(values),
                "sku": "-".join(("SHIRT", *values)),
                "price": "20.00",
            }
            for values in names
        ]
        return self.shop.create_product(
            **{
                "title": "Shirt",
                "options": ["Size", "Color"],
                "variants": variants,
                **changed,
            }
        )

    def mug(self, sku="MUG", **variant):
        return self.shop.create_product(
            title="Mug", variants=[{"sku": sku, "price": "9.50", **variant}]
        )

    def product(self, sku="MUG", **values):
        return self.env["product.product"].create(
            {
                "name": "Odoo mug",
                "default_code": sku,
                "list_price": 11.0,
                "is_storable": True,
                **values,
            }
        )

    def variant_links(self, product):
        return self.env["shopify.product.product"].search(
            [("product_gid", "=", product["id"])], order="shopify_gid"
        )

    def template_link(self, product):
        return self.env["shopify.product.template"].search(
            [("shopify_gid", "=", product["id"])]
        )

    def counts(self):
        return (
            self.env["product.template"].search_count([]),
            self.env["product.product"].search_count([]),
            self.env["shopify.product.template"].search_count([]),
            self.env["shopify.product.product"].search_count([]),
        )


class TestProductCreation(ProductCase):
    def test_product_with_options_is_made_with_attributes_and_variants(self):
        shirt = self.shirt()

        self.trigger(shirt["id"])

        self.assertDone(shirt["id"])
        template = self.template_link(shirt).odoo_id
        self.assertEqual(template.name, "Shirt")
        self.assertEqual((template.type, template.is_storable), ("consu", True))
        self.assertEqual(template.uom_id, self.env.ref("uom.product_uom_unit"))
        self.assertEqual(template.list_price, 20.0)
        self.assertEqual(
            [
                (line.attribute_id.name, line.value_ids.mapped("name"))
                for line in template.attribute_line_ids
            ],
            [("Size", ["S", "M"]), ("Color", ["Red", "Blue"])],
        )
        self.assertEqual(
            {
                link.shopify_gid: (
                    link.odoo_id.default_code,
                    sorted(
                        link.odoo_id.product_template_attribute_value_ids.mapped("name")
                    ),
                )
                for link in self.variant_links(shirt)
            },
            {
                gid: (sku, sorted(sku.split("-")[1:]))
                for gid, sku in zip(
                    shirt["variants"],
                    ["SHIRT-S-Red", "SHIRT-S-Blue", "SHIRT-M-Red", "SHIRT-M-Blue"],
                    strict=True,
                )
            },
        )

    def test_only_the_combinations_that_shopify_has_are_made(self):
        shirt = self.shirt(
            variants=[
                {"options": ["S", "Red"], "sku": "A"},
                {"options": ["M", "Blue"], "sku": "B"},
            ]
        )

        self.trigger(shirt["id"])

        template = self.template_link(shirt).odoo_id
        self.assertEqual(
            template.product_variant_ids.mapped("default_code"), ["A", "B"]
        )

    def test_second_product_shares_the_attributes(self):
        first, second = self.shirt(), self.shirt(title="Blouse", variants=[
            {"options": ["S", "Green"], "sku": "BLOUSE"}])  # fmt: skip

        self.trigger(first["id"], second["id"])

        templates = [self.template_link(each).odoo_id for each in (first, second)]
        attributes = [t.attribute_line_ids.attribute_id for t in templates]
        self.assertEqual(attributes[0], attributes[1])
        self.assertEqual(len(attributes[0]), 2)

    def test_price_by_size_becomes_an_extra(self):
        shirt = self.shirt(
            options=["Size"],
            variants=[
                {"options": ["S"], "sku": "A", "price": "20.00"},
                {"options": ["M"], "sku": "B", "price": "24.50"},
            ],
        )

        self.trigger(shirt["id"])

        variants = self.template_link(shirt).odoo_id.product_variant_ids
        self.assertEqual(
            {v.default_code: v.lst_price for v in variants}, {"A": 20.0, "B": 24.5}
        )

    def test_plain_product_gets_sku_barcode_price_and_weight(self):
        mug = self.mug(barcode="4006381333931", weight=0.35)

        self.trigger(mug["id"])

        product = self.variant_links(mug).odoo_id
        self.assertEqual(product.name, "Mug")
        self.assertEqual(product.default_code, "MUG")
        self.assertEqual(product.barcode, "4006381333931")
        self.assertEqual(product.list_price, 9.5)
        self.assertEqual(product.weight, 0.35)
        self.assertFalse(product.attribute_line_ids)

    def test_untracked_goods_are_not_stocked(self):
        mug = self.mug(tracked=False)

        self.trigger(mug["id"])

        product = self.variant_links(mug).odoo_id
        self.assertEqual((product.type, product.is_storable), ("consu", False))
        self.assertFalse(self.variant_links(mug).tracked)

    def test_what_needs_no_shipping_is_a_service(self):
        course = self.mug(requiresShipping=False)

        self.trigger(course["id"])

        self.assertEqual(self.variant_links(course).odoo_id.type, "service")
        self.assertFalse(self.variant_links(course).tracked)

    def test_gift_card_is_a_service(self):
        card = self.shop.create_product(
            title="Gift card", isGiftCard=True, variants=[{"price": "50.00"}]
        )

        self.trigger(card["id"])

        self.assertEqual(self.variant_links(card).odoo_id.type, "service")

    def test_product_without_sku_is_made_once_and_known_by_its_id(self):
        mug = self.mug(sku=None)

        self.trigger(mug["id"])
        before = self.counts()
        self.trigger(mug["id"])

        self.assertEqual(self.counts(), before)
        self.assertDone(mug["id"], "unchanged")

    def test_every_id_is_written_back_and_verified(self):
        shirt = self.shirt()

        self.trigger(shirt["id"])

        links = self.template_link(shirt), *self.variant_links(shirt)
        for link in links:
            self.assertTrue(link.verified_at)
            mark = self.shop.metafields[link.shopify_gid, self.namespace(), "id"]
            self.assertEqual(mark["value"], str(link.odoo_id.id))

    def namespace(self):
        return next(n for _gid, n, key in self.shop.metafields if key == "id")

    def test_variants_beyond_the_first_page_are_there(self):
        sizes = [str(number) for number in range(120)]
        rope = self.shirt(
            options=["Size"],
            variants=[{"options": [size], "sku": f"R{size}"} for size in sizes],
        )

        self.trigger(rope["id"])

        self.assertEqual(
            sorted(self.variant_links(rope).mapped("odoo_id.default_code")),
            sorted(f"R{size}" for size in sizes),
        )

    def test_link_only_store_asks_instead_of_making(self):
        self.backend.product_policy = "link_only"
        mug, before = self.mug(), self.counts()

        self.trigger(mug["id"])

        self.assertReview(mug["id"], "product_unmapped")
        self.assertEqual(self.counts(), before)

    def test_barcode_that_odoo_has_stops_where_only_skus_are_matched(self):
        self.backend.match_by = "sku"
        self.product(sku="CUP", barcode="4006381333931")
        mug, before = self.mug(barcode="4006381333931"), None
        before = self.counts()

        self.trigger(mug["id"])

        self.assertReview(mug["id"], "ambiguous_match")
        self.assertEqual(self.counts(), before)

    def test_flow_in_review_shows_what_it_would_do_and_does_it_when_accepted(self):
        self.backend.flow_ids.filtered(lambda f: f.flow == "products").policy = "review"
        mug, before = self.mug(), self.counts()

        self.trigger(mug["id"])
        row = self.assertReview(mug["id"], "to_accept")
        stopped_at = self.counts()
        row.action_accept()
        self.run_syncs()

        self.assertEqual(stopped_at, before)
        self.assertDone(mug["id"])
        self.assertEqual(self.variant_links(mug).odoo_id.default_code, "MUG")


class TestProductAdoption(ProductCase):
    def test_equal_sku_links_and_changes_nothing_else(self):
        odoo = self.product()
        attributes = odoo.read(["name", "list_price", "default_code", "barcode"])
        mug, (templates, variants, *_links) = self.mug(), self.counts()
        writes = len(self.shop.mutations_applied)

        self.trigger(mug["id"])

        self.assertDone(mug["id"])
        self.assertEqual(self.variant_links(mug).odoo_id, odoo)
        self.assertEqual(self.template_link(mug).odoo_id, odoo.product_tmpl_id)
        self.assertEqual(
            odoo.read(["name", "list_price", "default_code", "barcode"]), attributes
        )
        self.assertEqual(self.counts()[:2], (templates, variants))
        self.assertEqual(set(self.shop.mutations_applied[writes:]), {"metafieldsSet"})

    def test_barcode_links_where_the_sku_is_unknown(self):
        odoo = self.product(sku="OTHER", barcode="4006381333931")
        mug = self.mug(barcode="4006381333931")

        self.trigger(mug["id"])

        self.assertEqual(self.variant_links(mug).odoo_id, odoo)

    def test_two_odoo_products_of_one_sku_stop_and_are_both_named(self):
        first, second = self.product(), self.product(name="Second mug")
        mug, before = self.mug(), self.counts()

        self.trigger(mug["id"])

        row = self.assertReview(mug["id"], "ambiguous_match")
        self.assertEqual(
            row.reason_params["candidates"],
            [f"product.product {first.id}", f"product.product {second.id}"],
        )
        self.assertEqual(self.counts(), before)

    def test_two_shopify_products_of_one_sku_stop_both(self):
        self.product()
        mugs, before = (self.mug(), self.mug()), self.counts()

        self.trigger(*(mug["id"] for mug in mugs))

        for mug in mugs:
            self.assertReview(mug["id"], "ambiguous_match")
        self.assertEqual(self.counts(), before)

    def test_sku_shared_with_a_product_outside_the_batch_stops_too(self):
        self.product()
        mug, other = self.mug(), self.mug()
        before = self.counts()

        self.trigger(mug["id"])

        row = self.assertReview(mug["id"], "ambiguous_match")
        self.assertIn(other["variants"][0], row.reason_params["candidates"])
        self.assertEqual(self.counts(), before)

    def test_candidate_that_is_linked_already_stops(self):
        odoo = self.product()
        mug = self.mug()
        self.trigger(mug["id"])
        copy = self.mug(sku="MUG")

        self.trigger(copy["id"])

        row = self.syncs(subject_key=copy["id"], direction="in")
        self.assertEqual(row.state, "review")
        self.assertIn(row.reason_code, ("match_taken", "ambiguous_match"))
        self.assertEqual(self.variant_links(mug).odoo_id, odoo)
        self.assertFalse(self.variant_links(copy))

    def test_product_of_no_company_matches(self):
        odoo = self.product(company_id=False)
        mug = self.mug()

        self.trigger(mug["id"])

        self.assertEqual(self.variant_links(mug).odoo_id, odoo)

    def test_product_of_another_company_is_no_candidate(self):
        other = self.env["res.company"].create({"name": "Other"})
        odoo = self.product(company_id=other.id)
        mug = self.mug()

        self.trigger(mug["id"])

        self.assertNotEqual(self.variant_links(mug).odoo_id, odoo)

    def test_extra_odoo_variants_and_attributes_stay_as_they_are(self):
        size = self.env["product.attribute"].create(
            {
                "name": "Size of ours",
                "create_variant": "always",
                "value_ids": [(0, 0, {"name": name}) for name in ("S", "M", "L")],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Odoo shirt",
                "attribute_line_ids": [
                    (
                        0,
                        0,
                        {
                            "attribute_id": size.id,
                            "value_ids": [(6, 0, size.value_ids.ids)],
                        },
                    )
                ],
            }
        )
        for variant, sku in zip(template.product_variant_ids, "ABC", strict=True):
            variant.default_code = sku
        shirt = self.shirt(
            options=["Size"],
            variants=[{"options": ["S"], "sku": "A"}, {"options": ["M"], "sku": "B"}],
        )

        self.trigger(shirt["id"])

        self.assertDone(shirt["id"])
        self.assertEqual(
            template.product_variant_ids.mapped("default_code"), ["A", "B", "C"]
        )
        self.assertEqual(
            template.attribute_line_ids.value_ids.mapped("name"), ["S", "M", "L"]
        )
        self.assertEqual(
            self.variant_links(shirt).odoo_id.mapped("default_code"), ["A", "B"]
        )

    def test_variant_that_odoo_lacks_is_named_and_the_others_are_linked(self):
        self.product(sku="A")
        shirt = self.shirt(
            options=["Size"],
            variants=[{"options": ["S"], "sku": "A"}, {"options": ["M"], "sku": "B"}],
        )

        self.trigger(shirt["id"])

        row = self.assertReview(shirt["id"], "variant_unmapped")
        self.assertEqual(row.reason_params["variant"], "B")
        self.assertEqual(
            row.wait_ids.mapped("key"), [f"variant:{shirt['variants'][1]}"]
        )
        self.assertEqual(self.variant_links(shirt).odoo_id.default_code, "A")

    def test_product_kept_in_another_unit_stops(self):
        self.product(uom_id=self.env.ref("uom.product_uom_dozen").id)
        mug, before = self.mug(), self.counts()

        self.trigger(mug["id"])

        row = self.assertReview(mug["id"], "unit_differs")
        self.assertEqual(row.reason_params["unit"], "Dozens")
        self.assertEqual(self.counts(), before)

    def test_variant_with_several_odoo_ids(self):
        """Two Odoo products claim one variant: it stops, and a person's choice links."""
        _first, second = self.product(), self.product(name="Second mug")
        mug, before = self.mug(), self.counts()
        self.trigger(mug["id"])
        self.assertReview(mug["id"], "ambiguous_match")
        stopped_at = self.counts()

        self.env["shopify.product.product"]._link_chosen(
            self.backend, mug["variants"][0], second, "The blue one"
        )
        self.run_syncs()

        self.assertEqual(stopped_at, before)
        self.assertDone(mug["id"])
        self.assertEqual(self.variant_links(mug).odoo_id, second)
        self.assertEqual(self.template_link(mug).odoo_id, second.product_tmpl_id)
        self.assertTrue(self.variant_links(mug).inventory_item_gid)


class TestProductLater(ProductCase):
    def setUp(self):
        super().setUp()
        self.item = self.mug()
        self.trigger(self.item["id"])
        self.link = self.variant_links(self.item)

    def test_second_sync_writes_nothing(self):
        before = self.counts()
        writes = len(self.shop.mutations_applied)
        written_at = self.link.write_date, self.link.odoo_id.write_date

        self.trigger(self.item["id"])

        self.assertDone(self.item["id"], "unchanged")
        self.assertEqual(self.counts(), before)
        self.assertEqual(len(self.shop.mutations_applied), writes)
        self.assertEqual(
            (self.link.write_date, self.link.odoo_id.write_date), written_at
        )

    def changes(self):
        event = self.env["shopify.event"].search(
            [("subject_key", "=", self.item["id"]), ("direction", "=", "in")], limit=1
        )
        return event.changes or []

    def test_manual_edit_of_visible_product_field(self):
        """First write only: the edit stays, and the difference is in History, once."""
        self.link.odoo_id.name = "Mug, edited"

        self.trigger(self.item["id"])
        noted = self.changes()
        self.trigger(self.item["id"])

        self.assertEqual(noted, [["name", "Mug, edited", "Mug"]])
        self.assertEqual(self.changes(), [])
        self.assertEqual(self.link.odoo_id.name, "Mug, edited")
        self.assertEqual(self.shop.get(self.item["id"])["title"], "Mug")

    def test_price_changed_in_shopify_is_noted_and_left(self):
        self.shop.edit_variant(self.item["variants"][0], price="12.00")

        self.trigger(self.item["id"])

        self.assertEqual(self.changes(), [["MUG: price", "9.50", "12.00"]])
        self.assertEqual(self.link.odoo_id.list_price, 9.5)

    def test_new_variant_is_added_to_a_product_made_here(self):
        shirt = self.shirt()
        self.trigger(shirt["id"])
        self.shop.add_variant(shirt["id"], options=["L", "Green"], sku="SHIRT-L-Green")

        self.trigger(shirt["id"])

        self.assertDone(shirt["id"])
        template = self.template_link(shirt).odoo_id
        self.assertEqual(len(template.product_variant_ids), 5)
        self.assertEqual(len(self.variant_links(shirt)), 5)
        self.assertIn(
            "SHIRT-L-Green", template.product_variant_ids.mapped("default_code")
        )

    def test_vanished_variant_is_flagged_and_never_deleted(self):
        shirt = self.shirt()
        self.trigger(shirt["id"])
        gid = shirt["variants"][0]
        self.shop.delete_variant(gid)

        self.trigger(shirt["id"])

        links = self.variant_links(shirt)
        self.assertEqual(links.filtered("gone_at").mapped("shopify_gid"), [gid])
        self.assertEqual(links.filtered("gone_at").odoo_id.active, True)
        self.assertEqual(len(links), 4)

    def test_product_deleted_in_shopify_keeps_its_link(self):
        self.shop.delete_product(self.item["id"])

        self.trigger(self.item["id"])

        self.assertDone(self.item["id"])
        self.assertTrue(self.template_link(self.item).gone_at)
        self.assertTrue(self.link.gone_at)
        self.assertTrue(self.link.odoo_id.exists())

    def test_duplicate_made_in_shopify_is_another_product(self):
        copy = self.shop.duplicate_product(self.item["id"])
        self.shop.edit_variant(copy["variants"][0], sku="MUG-2")

        self.trigger(copy["id"])

        self.assertDone(copy["id"])
        self.assertNotEqual(self.variant_links(copy).odoo_id, self.link.odoo_id)
        self.assertTrue(self.variant_links(copy).verified_at)

    def test_second_store_finds_a_product_whose_sku_was_changed_in_odoo(self):
        self.link.odoo_id.default_code = "OURS-1"
        other_shop = self.emulator.add_shop("second", **self.shop_options)
        self.addCleanup(self.emulator.shops.pop, "second", None)
        store = self._make_store(other_shop)
        store.action_connect()
        item = other_shop.create_product(
            title="Mug", variants=[{"sku": "MUG", "price": "9.50"}]
        )
        before = self.env["product.product"].search_count([])

        self.trigger(item["id"], store=store)

        links = self.variant_links(item)
        self.assertEqual(links.odoo_id, self.link.odoo_id)
        self.assertEqual(self.env["product.product"].search_count([]), before)

    def test_lost_link_is_restored_from_the_mark(self):
        product = self.link.odoo_id
        self.link._as_engine().unlink()
        self.template_link(self.item)._as_engine().unlink()
        product.default_code = "CHANGED"
        before = self.env["product.product"].search_count([])

        self.trigger(self.item["id"])

        self.assertEqual(self.variant_links(self.item).odoo_id, product)
        self.assertEqual(self.env["product.product"].search_count([]), before)

    def test_mark_cleared_in_shopify_is_written_again(self):
        for key in [
            k for k in self.shop.metafields if k[0] == self.item["variants"][0]
        ]:
            del self.shop.metafields[key]

        self.trigger(self.item["id"])

        self.assertIn(
            str(self.link.odoo_id.id),
            [
                field["value"]
                for (gid, _n, key), field in self.shop.metafields.items()
                if gid == self.item["variants"][0] and key == "id"
            ],
        )

    def test_missing_scope_stops_and_writes_nothing(self):
        mug = self.mug(sku="CUP")
        before = self.counts()
        scopes = [s for s in self.shop.app.scopes if "inventory" not in s]
        self.addCleanup(self.shop.set_scopes, list(self.shop.app.scopes))
        self.shop.set_scopes(scopes)

        self.trigger(mug["id"])

        self.assertEqual(self.syncs(subject_key=mug["id"]).reason_code, "scope_missing")
        self.assertEqual(self.counts(), before)


class TestProductRivals(ProductCase):
    """Several Shopify records of one batch that mean one Odoo record."""

    def test_two_products_of_one_odoo_product_link_variants_and_ask_which_it_is(self):
        size = self.env["product.attribute"].create(
            {
                "name": "Tint",
                "value_ids": [Command.create({"name": n}) for n in ("Red", "Blue")],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Scarf",
                "attribute_line_ids": [
                    Command.create(
                        {
                            "attribute_id": size.id,
                            "value_ids": [Command.set(size.value_ids.ids)],
                        }
                    )
                ],
            }
        )
        red, blue = template.product_variant_ids
        red.default_code, blue.default_code = "SCARF-R", "SCARF-B"
        scarves, good = [self.mug("SCARF-R"), self.mug("SCARF-B")], self.mug()

        self.trigger(*(each["id"] for each in (*scarves, good)))

        for scarf, other in (scarves, scarves[::-1]):
            row = self.assertReview(scarf["id"], "ambiguous_match")
            self.assertEqual(row.reason_params["candidates"], [other["id"]])
            self.assertFalse(self.template_link(scarf))
        links = [self.variant_links(scarf).odoo_id for scarf in scarves]
        self.assertEqual(links, [red, blue])
        self.assertDone(good["id"])

    def test_sku_of_one_and_barcode_of_another_stop_both(self):
        self.product("X1", barcode="4006381333931")
        by_sku, by_barcode = self.mug("X1"), self.mug("", barcode="4006381333931")
        good = self.mug("GOOD")

        self.trigger(by_sku["id"], by_barcode["id"], good["id"])

        row = self.assertReview(by_sku["id"], "ambiguous_match")
        self.assertEqual(row.reason_params["candidates"], by_barcode["variants"])
        row = self.assertReview(by_barcode["id"], "ambiguous_match")
        self.assertEqual(row.reason_params["candidates"], by_sku["variants"])
        self.assertFalse(self.variant_links(by_sku) | self.variant_links(by_barcode))
        self.assertDone(good["id"])

    def test_where_barcodes_count_a_sku_may_stand_twice(self):
        self.backend.match_by = "barcode"
        first = self.mug(barcode="4006381333931")
        second = self.mug(barcode="4006381333948")

        self.trigger(first["id"], second["id"])

        made = [self.variant_links(mug).odoo_id for mug in (first, second)]
        self.assertDone(first["id"])
        self.assertDone(second["id"])
        self.assertEqual([each.default_code for each in made], ["MUG", "MUG"])
        self.assertNotEqual(*made)


class TestArchivedProducts(ProductCase):
    def test_archived_product_of_the_sku_stops_and_is_named(self):
        archived = self.product(active=False)
        mug, before = self.mug(), self.counts()

        self.trigger(mug["id"])

        row = self.assertReview(mug["id"], "ambiguous_match")
        self.assertEqual(
            row.reason_params["candidates"], [f"product.product {archived.id}"]
        )
        self.assertEqual(self.counts(), before)

    def test_living_product_wins_over_an_archived_one(self):
        self.product(active=False)
        living, mug = self.product(), self.mug()

        self.trigger(mug["id"])

        self.assertDone(mug["id"])
        self.assertEqual(self.variant_links(mug).odoo_id, living)


class TestGrownProducts(ProductCase):
    """Variants that Shopify adds to a product made here."""

    def setUp(self):
        super().setUp()
        self.item = self.shirt()
        self.trigger(self.item["id"])
        self.template = self.template_link(self.item).odoo_id

    def combination(self, *names):
        """The Odoo variant of these values, made by a person where it lacks."""
        for line, name in zip(self.template.attribute_line_ids, names, strict=True):
            value = line.attribute_id.value_ids.filtered_domain([("name", "=", name)])
            value = value or value.create(
                {"name": name, "attribute_id": line.attribute_id.id}
            )
            line.value_ids |= value
        values = self.template.attribute_line_ids.product_template_value_ids
        wanted = values.filtered(lambda value: value.name in names)
        return self.template._get_variant_for_combination(
            wanted
        ) or self.template._create_product_variant(wanted)

    def test_combination_that_a_person_made_is_not_overwritten(self):
        ours = self.combination("L", "Green")
        ours.write({"default_code": "OURS", "barcode": "4006381333931"})
        added = self.shop.add_variant(
            self.item["id"], options=["L", "Green"], sku="THEIRS"
        )

        self.trigger(self.item["id"])

        row = self.assertReview(self.item["id"], "variant_unmapped")
        self.assertEqual(row.wait_ids.mapped("key"), [f"variant:{added['id']}"])
        self.assertEqual((ours.default_code, ours.barcode), ("OURS", "4006381333931"))
        self.assertEqual(len(self.variant_links(self.item)), 4)

    def test_variant_made_anew_in_shopify_stops_while_the_old_link_holds_it(self):
        old = self.item["variants"][0]
        held = self.variant_links(self.item).filtered(
            lambda link: link.shopify_gid == old
        )
        self.shop.delete_variant(old)
        new = self.shop.add_variant(self.item["id"], options=["S", "Red"], sku="NEW")
        good = self.mug()

        self.trigger(self.item["id"], good["id"])

        row = self.assertReview(self.item["id"], "variant_unmapped")
        self.assertEqual(row.wait_ids.mapped("key"), [f"variant:{new['id']}"])
        self.assertTrue(held.gone_at)
        self.assertEqual(held.odoo_id.default_code, "SHIRT-S-Red")
        self.assertDone(good["id"])


class TestChosenVariant(ProductCase):
    store_values = {"product_policy": "link_only"}

    def test_variant_linked_for_an_order_gets_what_its_stock_needs(self):
        odoo, mug = self.product("OTHER"), self.mug()
        self.trigger(mug["id"])
        self.assertReview(mug["id"], "product_unmapped")
        order = self.shop.create_order(lines=[{"variant": "MUG"}])
        self.env["shopify.trigger"]._insert(
            self.backend, [("orders", "in", "Order", order["id"])], "test"
        )
        self.run_syncs()
        waits = self.syncs(subject_key=order["id"]).wait_ids.mapped("key")
        self.assertIn(f"variant:{mug['variants'][0]}", waits)

        self.env["shopify.product.product"]._link_chosen(
            self.backend, mug["variants"][0], odoo, "The same mug"
        )
        self.run_syncs()

        link = self.variant_links(mug)
        self.assertEqual(link.odoo_id, odoo)
        self.assertTrue(link.inventory_item_gid)
        self.assertEqual(self.template_link(mug).odoo_id, odoo.product_tmpl_id)
