"""A whole store is read and compared: verdicts, lots, kills, failures."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import (
    match_judge,
    scan_reader,
    shopify_scan,
    shopify_steps,
)

from .sync_case import SyncCase


class ScanCase(SyncCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.shop.set_bulk_time, 0)

    def step(self, scan):
        """One job of it, in a transaction of its own, which an exception undoes."""
        self.env.flush_all()
        try:
            with self.env.registry.cursor() as cr:
                env = self.env(cr=cr, user=self.env.ref("base.user_root"))
                scan.with_env(env)._step_job()
        finally:
            self.env.invalidate_all()

    def scan(self, types=None, purpose="matching"):
        """Read and compare to the end; returns the scan."""
        scan = self.backend._scan(purpose, types)
        self.finish(scan)
        self.assertEqual(scan.state, "done", scan.message)
        return scan

    def finish(self, scan, rounds=40):
        for _round in range(rounds):
            if scan.state not in ("asked", "reading", "comparing"):
                return
            self.jobs_come_due()
            self.run_syncs()
        raise AssertionError(f"still {scan.state}: {scan.message}")

    def found(self, scan, gid):
        return scan.match_ids.filtered(lambda row: row.shopify_gid == gid)

    def only_odoo(self, scan, record):
        return scan.match_ids.filtered(
            lambda row: (
                not row.shopify_gid
                and (row.odoo_model, row.odoo_id) == (record._name, record.id)
            )
        )

    def assertVerdict(self, scan, gid, verdict, record=None, key=False):
        row = self.found(scan, gid)
        odoo = (row.odoo_model, row.odoo_id) if row.odoo_id else None
        wanted = (record._name, record.id) if record else None
        self.assertEqual(
            (row.verdict, odoo, row.key_used), (verdict, wanted, key), row.reason_params
        )
        return row

    def candidates(self, row):
        return [(c.odoo_id or c.shopify_gid, c.why) for c in row.candidate_ids]

    def small_lots(self, size=2):
        for module in (scan_reader, match_judge):
            lots = patch.object(module, "ROWS_A_LOT", size)
            lots.start()
            self.addCleanup(lots.stop)

    def verdicts(self, scan):
        return {row.shopify_gid: row.verdict for row in scan.match_ids}


class TestVerdicts(ScanCase):
    def test_what_was_imported_is_linked(self):
        mug = self.mug()
        self.odoo_product()
        self.read_again("products", mug["id"])
        link = self.variant_link(mug)

        scan = self.scan()

        self.assertVerdict(scan, mug["variants"][0], "linked", link.odoo_id)
        self.assertVerdict(scan, mug["id"], "linked", link.odoo_id.product_tmpl_id)
        self.assertFalse(self.only_odoo(scan, link.odoo_id))

    def test_sku_in_other_letters_and_blanks_is_proposed(self):
        mug = self.mug(" mug-1 ")
        odoo = self.odoo_product("MUG-1")

        scan = self.scan()

        row = self.assertVerdict(scan, mug["variants"][0], "proposed", odoo, "sku")
        self.assertEqual((row.sku, row.sku_key), ("mug-1", "mug-1"))
        self.assertVerdict(
            scan, mug["id"], "proposed", odoo.product_tmpl_id, "variants"
        )

    def test_barcode_is_asked_where_the_sku_finds_nothing(self):
        mug = self.mug("NEW", barcode="4006381333931")
        odoo = self.odoo_product("OLD", barcode="4006381333931")

        scan = self.scan()

        self.assertVerdict(scan, mug["variants"][0], "proposed", odoo, "barcode")

    def test_two_odoo_products_of_one_sku_are_shown_side_by_side(self):
        mug = self.mug()
        one, two = self.odoo_product(), self.odoo_product()

        scan = self.scan()

        row = self.assertVerdict(scan, mug["variants"][0], "ambiguous", key="sku")
        self.assertEqual(row.reason_code, "ambiguous_match")
        self.assertEqual(self.candidates(row), [(one.id, "sku"), (two.id, "sku")])
        self.assertFalse(self.only_odoo(scan, one))

    def test_two_shopify_variants_of_one_sku_are_both_ambiguous(self):
        one, two = self.mug(title="One"), self.mug(title="Two")
        odoo = self.odoo_product()

        scan = self.scan()

        for mug, other in ((one, two), (two, one)):
            row = self.assertVerdict(scan, mug["variants"][0], "ambiguous", key="sku")
            self.assertEqual(
                self.candidates(row), [(odoo.id, "sku"), (other["variants"][0], "sku")]
            )

    def test_sku_and_barcode_that_contradict_are_no_match(self):
        mug = self.mug(barcode="77")
        by_sku, by_barcode = self.odoo_product(), self.odoo_product("X", barcode="77")

        scan = self.scan()

        row = self.assertVerdict(scan, mug["variants"][0], "ambiguous", key="sku")
        self.assertEqual(
            row.candidate_ids.mapped("odoo_id"), [by_sku.id, by_barcode.id]
        )

    def test_one_odoo_product_proposed_for_two_variants_is_neither_ones(self):
        self.small_lots(1)  # in different lots
        by_sku = self.mug("A", "One")
        by_barcode = self.mug("B", "Two", barcode="77")
        odoo = self.odoo_product("A", barcode="77")

        scan = self.scan()

        for mug, other, key in (
            (by_sku, by_barcode, "sku"),
            (by_barcode, by_sku, "barcode"),
        ):
            row = self.assertVerdict(scan, mug["variants"][0], "ambiguous", key=key)
            self.assertEqual(
                self.candidates(row), [(odoo.id, key), (other["variants"][0], key)]
            )
            self.assertVerdict(scan, mug["id"], "only_shopify")

    def test_candidate_that_is_linked_already_names_its_owner(self):
        mug = self.mug()
        self.odoo_product()
        self.read_again("products", mug["id"])
        twin = self.mug(title="Twin")
        self.shop.edit_variant(mug["variants"][0], sku="MUG-2")

        scan = self.scan()

        row = self.found(scan, twin["variants"][0])
        self.assertEqual((row.verdict, row.reason_code), ("ambiguous", "match_taken"))
        self.assertEqual(row.candidate_ids.taken_by, mug["variants"][0])

    def test_variants_of_two_odoo_products_leave_the_product_open(self):
        shirt = self.shop.create_product(
            title="Shirt",
            options=["Size"],
            variants=[{"options": ["S"], "sku": "S"}, {"options": ["M"], "sku": "M"}],
        )
        small, medium = self.odoo_product("S"), self.odoo_product("M")

        scan = self.scan()

        row = self.assertVerdict(scan, shirt["id"], "ambiguous", key="variants")
        self.assertEqual(
            sorted(row.candidate_ids.mapped("odoo_id")),
            sorted((small | medium).product_tmpl_id.ids),
        )

    def test_only_here_and_only_there_stand_alone(self):
        lamp = self.mug("LAMP", "Lamp")
        odoo = self.odoo_product("DESK")
        hidden = self.odoo_product("HIDDEN", sale_ok=False)
        foreign = self.env["res.company"].create({"name": "Elsewhere"})
        other = self.odoo_product("OTHER", company_id=foreign.id)

        scan = self.scan()

        self.assertVerdict(scan, lamp["variants"][0], "only_shopify")
        self.assertVerdict(scan, lamp["id"], "only_shopify")
        self.assertEqual(self.only_odoo(scan, odoo).sku, "DESK")
        self.assertEqual(
            self.only_odoo(scan, odoo.product_tmpl_id).verdict, "only_odoo"
        )
        self.assertFalse(self.only_odoo(scan, hidden))
        self.assertFalse(self.only_odoo(scan, other))

    def test_mark_of_another_database_is_a_conflict(self):
        mug = self.mug()
        proof = {
            "database": "another",
            "model": "product.product",
            "ids": [7],
            "birth": "none",
            "token": "x",
        }
        self.mark(mug["variants"][0], "7", proof)
        self.odoo_product()

        scan = self.scan()

        row = self.assertVerdict(scan, mug["variants"][0], "conflict")
        self.assertEqual(row.reason_code, "identity_foreign_database")

    def test_link_that_was_lost_is_proposed_from_the_mark(self):
        mug = self.mug()
        odoo = self.odoo_product()
        self.read_again("products", mug["id"])
        self.variant_link(mug)._as_engine().unlink()
        self.shop.edit_variant(mug["variants"][0], sku="CHANGED")

        scan = self.scan()

        self.assertVerdict(scan, mug["variants"][0], "proposed", odoo, "mark")

    def test_mark_copied_from_a_linked_variant_is_a_conflict(self):
        self.small_lots(1)
        mug = self.mug()
        self.odoo_product()
        self.read_again("products", mug["id"])
        gid = mug["variants"][0]
        copy = self.mug("COPY", "Copy")["variants"][0]
        proof = self._metafield(gid, "proof")
        value = self.marked(gid)
        self.mark(gid)
        self.mark(copy, value, proof)

        scan = self.scan()

        self.assertEqual(self.found(scan, copy).reason_code, "identity_copied")

    def test_customers_are_proposed_by_e_mail_whatever_its_letters(self):
        ada = self.shop.create_customer(email="Ada@Example.com", first_name="Ada")
        partner = self.env["res.partner"].create(
            {"name": "Ada L.", "email": "ada@example.COM", "customer_rank": 1}
        )
        self.env["res.partner"].create(
            {
                "name": "Her address",
                "parent_id": partner.id,
                "type": "delivery",
                "email": "ada@example.com",
            }
        )
        nobody = self.shop.create_customer(email="new@example.com")

        scan = self.scan()

        row = self.assertVerdict(scan, ada["id"], "proposed", partner, "email")
        self.assertEqual(row.email, "ada@example.com")
        self.assertVerdict(scan, nobody["id"], "only_shopify")

    def test_orders_are_proposed_by_their_name(self):
        order = self.shop.create_order(lines=[{"variant": "SHIRT", "price": "5.00"}])
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env.user.partner_id.id,
                "client_order_ref": order["name"],
            }
        )

        scan = self.scan(["Order"])

        self.assertVerdict(scan, order["id"], "proposed", sale, "reference")

    def test_locations_are_linked_once_they_have_a_warehouse(self):
        far = self.shop.create_location(name="Far")
        scan = self.scan(["Location"])

        mapped = self.backend.location_ids.filtered("location_id")
        self.assertVerdict(scan, mapped[0].shopify_gid, "linked", mapped[0].location_id)
        self.assertVerdict(scan, far["id"], "only_shopify")

    def test_what_was_never_to_be_linked_stays_so_in_the_next_scan(self):
        lamp = self.mug("LAMP", "Lamp")
        self.env["shopify.match.never"].create(
            {
                "backend_id": self.backend.id,
                "shopify_type": "ProductVariant",
                "shopify_gid": lamp["variants"][0],
                "reason": "a sample",
            }
        )

        scan = self.scan()

        self.assertEqual(self.found(scan, lamp["variants"][0]).decision, "never")
        self.assertEqual(self.found(scan, lamp["id"]).decision, "todo")

    def test_scan_changes_no_link_no_record_and_nothing_in_shopify(self):
        self.mug()
        self.odoo_product()
        before, digest = self.records(), self.shop.snapshot()["metafields"]

        self.scan()

        self.assertEqual(self.records(), before)
        self.assertEqual(self.shop.snapshot()["metafields"], digest)

    def test_counts_and_key_report_say_what_was_found(self):
        self.mug(title="One")
        self.mug(title="Two")
        self.mug("", "Blank")
        self.odoo_product("TWIN")
        self.odoo_product("twin ")

        scan = self.scan(["ProductVariant"])

        part = scan.part_ids
        [sku, _barcode] = part.key_report
        self.assertEqual(
            sku,
            {
                "key": "sku",
                "blank": 1,
                "shopify_twice": 1,
                "odoo_twice": 1,
                "examples": ["mug", "twin"],
            },
        )
        self.assertEqual(scan.counts["ProductVariant"]["only_shopify"], 1)
        self.assertEqual(part.read_count, part.object_count)


class TestKeys(ScanCase):
    def key(self, shopify_type, key):
        return self.backend.with_context(active_test=False).match_key_ids.filtered(
            lambda row: (row.shopify_type, row.key) == (shopify_type, key)
        )

    def test_new_store_has_the_usual_keys(self):
        self.assertEqual(self.backend._match_keys("ProductVariant"), ("sku", "barcode"))
        self.assertEqual(self.backend._match_keys("Customer"), ("email",))
        self.assertEqual(self.backend._match_keys("Order"), ("reference",))
        self.assertEqual(self.backend._match_keys("Product"), ())

    def test_choice_in_the_store_form_is_the_order_of_the_keys(self):
        self.backend.match_by = "barcode,sku"
        self.assertEqual(self.backend._match_keys("ProductVariant"), ("barcode", "sku"))
        self.backend.match_by = "barcode"
        self.assertEqual(self.backend._match_keys("ProductVariant"), ("barcode",))
        self.key("ProductVariant", "sku").active = True
        self.assertEqual(self.backend.match_by, "barcode,sku")

    def test_key_that_is_off_proposes_nothing(self):
        self.backend.match_by = "barcode"
        mug = self.mug()
        self.odoo_product()

        scan = self.scan()

        self.assertVerdict(scan, mug["variants"][0], "only_shopify")

    def test_import_reads_the_same_keys_as_the_worksheet(self):
        mug = self.mug("mug")
        odoo = self.odoo_product("MUG ")

        self.read_again("products", mug["id"])

        self.assertEqual(self.variant_link(mug).odoo_id, odoo)

    def test_import_of_customers_without_the_e_mail_key_makes_a_contact(self):
        self.key("Customer", "email").active = False
        partner = self.env["res.partner"].create(
            {"name": "Ada", "email": "ada@example.com"}
        )
        ada = self.shop.create_customer(email="ada@example.com", first_name="Ada")

        self.read_again("customers", ada["id"])

        link = self.customer_link(ada)
        self.assertTrue(link)
        self.assertNotEqual(link.odoo_id, partner)

    def test_variants_keep_one_key_at_least_and_no_foreign_one(self):
        self.backend.match_by = "sku"
        with self.assertRaises(ValidationError):
            self.key("ProductVariant", "sku").active = False
        with self.assertRaises(ValidationError):
            self.key("Customer", "email").key = "sku"


class TestReading(ScanCase):
    def stock_up(self, count=5):
        return [self.mug(f"S-{n}", f"P{n}") for n in range(count)]

    def operations(self):
        return [row["query"] for row in self.shop.of_type("BulkOperation")]

    def test_second_scan_is_the_first_while_that_is_open(self):
        scan = self.backend._scan("matching")

        self.assertEqual(self.backend._scan("matching"), scan)

    def test_store_that_is_not_connected_is_not_read(self):
        self.backend.state = "draft"
        with self.assertRaises(UserError):
            self.backend._scan("matching")

    def test_killed_between_lots_it_goes_on_at_the_next_one(self):
        self.stock_up(7)
        self.small_lots()
        scan = self.backend._scan("matching", ["ProductVariant"])
        insert, calls = scan_reader.ScanReader._insert, []

        def die_at_third(reader, kind, nodes):
            calls.append(len(nodes))
            if len(calls) == 3:
                raise RuntimeError("killed")
            insert(reader, kind, nodes)

        with (
            patch.object(scan_reader.ScanReader, "_insert", die_at_third),
            self.assertRaisesRegex(RuntimeError, "killed"),
        ):
            self.step(scan)
        part = scan.part_ids
        kept = part.read_count
        self.assertEqual((kept, len(scan.match_ids)), (4, 4))
        self.assertEqual(scan.progress, round(50.0 * 4 / part.object_count, 1))

        self.wake()
        self.finish(scan)

        self.assertEqual(scan.state, "done", scan.message)
        rows = scan.match_ids.filtered("shopify_gid")
        self.assertEqual(part.read_count, part.object_count)
        self.assertEqual(len(rows), part.object_count)
        self.assertEqual(len(self.operations()), 1)

    def test_killed_while_comparing_it_ends_with_the_same_verdicts(self):
        self.stock_up(5)
        self.odoo_product("S-1")
        self.small_lots()
        whole = self.verdicts(self.scan())
        scan = self.backend._scan("matching")
        write, calls = match_judge.Judge._write, []

        def die_at_third(judge, *args):
            calls.append(1)
            write(judge, *args)
            if len(calls) == 3:
                raise RuntimeError("killed")

        with (
            patch.object(match_judge.Judge, "_write", die_at_third),
            self.assertRaisesRegex(RuntimeError, "killed"),
        ):
            for _each in range(9):
                self.step(scan)
        self.assertEqual(scan.state, "comparing")

        self.wake()
        self.finish(scan)

        self.assertEqual(self.verdicts(scan), whole)

    def test_start_without_an_answer_is_not_started_twice(self):
        self.stock_up(2)
        self.shop.fault("reset_after", operation="BulkRun")

        scan = self.scan(["ProductVariant"])

        self.assertEqual(len(self.operations()), 1)
        self.assertIn(scan.part_ids.bulk_key, self.operations()[0])

    def test_file_that_breaks_off_is_read_on(self):
        self.stock_up(6)
        self.shop.fault("truncate", operation="bulk_file", times=2)

        scan = self.scan(["ProductVariant"])

        part = scan.part_ids
        self.assertEqual(part.read_count, part.object_count)
        self.assertEqual(part.tries, 0)
        self.assertEqual(scan.troubles, 0)

    def test_operation_that_fails_is_started_again(self):
        self.stock_up(3)
        scan = self.backend._scan("matching", ["ProductVariant"])
        self.shop.set_bulk_time(60)
        self.step(scan)
        self.shop.fail_bulk(scan.part_ids.bulk_gid)
        self.shop.set_bulk_time(0)
        self.emulator.advance(120)

        self.finish(scan)

        self.assertEqual((scan.state, scan.part_ids.tries), ("done", 1))
        self.assertEqual(len(self.operations()), 2)

    def test_operation_that_always_fails_fails_the_scan_with_its_reason(self):
        self.stock_up(1)
        fail = shopify_scan.bulk.BulkFailedError
        error = fail("broken", status="FAILED", code="TIMEOUT", partial_url=None)
        scan = self.backend._scan("matching", ["ProductVariant"])

        with patch.object(scan_reader.ScanReader, "_running", side_effect=error):
            self.finish(scan)

        self.assertEqual(scan.state, "failed")
        self.assertIn("broken", scan.message)

    def test_file_that_is_gone_is_asked_for_anew(self):
        self.stock_up(3)
        self.small_lots()
        scan = self.backend._scan("matching", ["ProductVariant"])
        with patch.object(shopify_steps, "STEP_SECONDS", -1):
            while scan.part_ids.state != "ready":
                self.step(scan)
            self.step(scan)
        self.assertEqual(scan.part_ids.read_count, 2)
        self.emulator.advance(8 * 24 * 3600)

        self.finish(scan)

        part = scan.part_ids
        self.assertEqual((scan.state, part.tries), ("done", 1), scan.message)
        self.assertEqual(len(scan.match_ids.filtered("shopify_gid")), part.object_count)

    def test_other_reads_of_the_app_are_waited_for(self):
        self.shop.set_bulk_time(60)
        with self.backend._client() as client:
            for _each in range(5):
                key = shopify_scan.bulk.new_key()
                shopify_scan.bulk.start(client, "bulk/orders", key)
        scan = self.backend._scan("matching", ["ProductVariant"])
        self.step(scan)

        self.assertEqual(scan.state, "reading")
        self.assertIn("busy", scan.message)
        self.shop.set_bulk_time(0)
        self.emulator.advance(120)
        self.finish(scan)
        self.assertEqual((scan.state, scan.message), ("done", False))

    def test_other_reads_are_waited_for_however_long_they_take(self):
        self.shop.set_bulk_time(24 * 3600)
        with self.backend._client() as client:
            for _each in range(5):
                key = shopify_scan.bulk.new_key()
                shopify_scan.bulk.start(client, "bulk/orders", key)
        scan = self.backend._scan("matching", ["ProductVariant"])
        for _turn in range(shopify_steps.MOST_TROUBLES + 5):
            self.step(scan)

        self.assertEqual(scan.state, "reading")

    def test_type_without_a_scope_is_left_out_and_said(self):
        self.stock_up(1)
        self.shop.fault("missing_scope", scope="read_locations", times=None)

        scan = self.scan(["Location", "ProductVariant"])

        states = dict(scan.part_ids.mapped(lambda p: (p.shopify_type, p.state)))
        self.assertEqual(states, {"Location": "failed", "ProductVariant": "compared"})
        self.assertIn("read_locations", scan.message)

    def test_cancelled_scan_stops_and_so_does_shopify(self):
        self.shop.set_bulk_time(60)
        scan = self.backend._scan("matching", ["ProductVariant"])
        self.step(scan)

        scan.action_cancel()
        self.step(scan)

        self.assertEqual(scan.state, "cancelled")
        [operation] = self.shop.of_type("BulkOperation")
        self.assertIn(operation["status"], ("CANCELING", "CANCELED"))

    def test_who_only_looks_may_not_begin_or_stop_it(self):
        user = new_test_user(
            self.env, "scan looker", groups="shopify_connector.group_user"
        )
        scan = self.backend._scan("matching")
        for act in (
            self.backend.with_user(user).action_scan,
            scan.with_user(user).action_cancel,
        ):
            with self.assertRaises(AccessError):
                act()
        self.assertEqual(scan.with_user(user).state, "asked")

    def test_queries_do_not_grow_with_the_rows_of_a_lot(self):
        self.stock_up(4)
        few = self.count_queries()
        self.stock_up_more(40)
        many = self.count_queries()

        self.assertLess(many, few + 12)

    def stock_up_more(self, count):
        for n in range(count):
            self.mug(f"M-{n}", f"Q{n}")

    def count_queries(self):
        scan = self.backend._scan("matching", ["ProductVariant"])
        before = self.env.cr.sql_log_count
        self.finish(scan)
        return self.env.cr.sql_log_count - before

    def test_scan_is_as_old_as_its_start(self):
        scan = self.scan(["Location"])

        self.assertLess(scan.done_at - scan.started_at, timedelta(minutes=5))


class TestManyTypes(ScanCase):
    shop_options = {"currency": "USD", "taxesIncluded": False, "_b2b": True}

    def test_more_types_than_may_be_read_at_once_take_turns(self):
        """Shopify reads five at once: all types of a shop with companies are seven."""
        self.mug()
        self.assertTrue(self.backend.has_companies)
        self.shop.set_bulk_time(60)
        scan = self.backend._scan("audit")
        self.step(scan)
        parts = scan.part_ids
        running = parts.filtered(lambda part: part.state == "running")
        self.assertEqual((len(parts), len(running)), (8, 5))

        for _turn in range(shopify_steps.MOST_TROUBLES + 5):
            self.step(scan)
        self.assertEqual((scan.state, scan.troubles), ("reading", 0))
        self.assertFalse(scan.message)
        for _turn in range(2):
            self.emulator.advance(61)
            self.finish_reading(scan)

        self.finish(scan)
        self.assertEqual((scan.state, scan.message), ("done", False))
        self.assertEqual(set(parts.mapped("state")), {"compared"})

    def finish_reading(self, scan):
        """Until there is nothing to read but what Shopify still writes."""
        for _turn in range(20):
            self.step(scan)
