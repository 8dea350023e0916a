"""Links that were lost come back from Shopify, marks that were lost from the links."""

import json
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.core.customers import CustomerPlan
from odoo.addons.shopify_connector.core.identity import NO_MARK
from odoo.addons.shopify_connector.models import link_rebuilder
from odoo.addons.shopify_connector.models.shopify_mark import LINKS

from .stock_case import StockCase
from .test_audit import AuditCase

# Emptied by somebody, in an order that foreign keys allow.
TABLES = (
    "shopify_stock_picking",
    "shopify_line_place",
    "shopify_sale_order_line",
    "shopify_sale_order",
    "shopify_res_partner",
    "shopify_stock_level",
    "shopify_product_component",
    "shopify_product_product",
    "shopify_product_template",
    "shopify_mapping_location",
)


# To ask for a list is a mutation, and changes nothing.
READ_ONLY = {"bulkOperationRunQuery"}


class RebuildCase(AuditCase):
    def links(self):
        """{type: {(GID, Odoo ID, token)}} of everything that has a mark."""
        self.env.invalidate_all()
        return {
            kind: {
                (link.shopify_gid, link._record().id, link.token)
                for link in self.env[model].search([("shopify_gid", "!=", False)])
                if link._record()
            }
            for kind, model in LINKS.items()
        }

    def lines(self):
        return {
            (line.shopify_gid, line.odoo_id.id, line.per_pack)
            for line in self.env["shopify.sale.order.line"].search([])
        }

    def empty_tables(self):
        self.env.flush_all()
        for table in TABLES:
            self.env.cr.execute(f"DELETE FROM {table}")
        self.env.invalidate_all()

    def counts(self):
        counts = self.records()
        return {name: n for name, n in counts.items() if "shopify" not in name}

    def contents(self):
        """All that these tables hold, as text."""
        self.env.flush_all()
        found = {}
        for table in (
            "product_template",
            "product_product",
            "res_partner",
            "sale_order",
        ):
            self.env.cr.execute(f"SELECT t::text FROM {table} t ORDER BY id")
            found[table] = self.env.cr.fetchall()
        return found

    def rebuild(self):
        # What it would push afterwards is the stock flow's own matter.
        self.set_policy("stock", "off")
        self.start_counting()
        return self.scan(purpose="rebuild")


class TestRebuild(RebuildCase):
    def test_emptied_tables_are_as_before_and_nothing_is_made_or_written(self):
        before, lines, counts = self.links(), self.lines(), self.counts()
        contents = self.contents()
        self.empty_tables()

        scan = self.rebuild()

        self.assertEqual(self.links(), before)
        self.assertEqual(self.lines(), lines)
        self.assertEqual(self.counts(), counts)
        self.assertEqual(self.contents(), contents)
        self.assertEqual(set(self.written()), READ_ONLY)
        self.assertEqual(scan.finding_ids.ids, [])
        total = sum(map(len, before.values()))
        self.assertEqual(
            scan.conclusion,
            f"{total} links restored, 0 were here, 0 could not be restored.",
        )

    def test_rebuilt_links_agree_without_any_mark_written(self):
        self.empty_tables()

        self.rebuild()

        self.assertEqual(set(self.written()), READ_ONLY)
        self.assertEqual(self.findings(self.audit()), {})

    def test_rebuilt_variant_is_whole(self):
        link = self.variant_link(self.item)
        names = ("product_gid", "inventory_item_gid", "tracked", "label")
        before = [link[name] for name in names]
        self.empty_tables()

        self.rebuild()

        link = self.variant_link(self.item)
        self.assertEqual([link[name] for name in names], before)
        self.assertEqual(link.product_link_id, self.product_link(self.item))

    def test_order_is_read_again_and_goes_on_as_before(self):
        self.empty_tables()
        self.rebuild()

        self.sync(self.bought)

        self.assertDone(self.bought["id"], "unchanged")
        self.assertTrue(self.link(self.bought).content_digest)

    def test_buyer_and_addresses_are_recognised_by_the_next_order(self):
        place = {
            "firstName": "Ada",
            "lastName": "Byron",
            "address1": "2 Side Street",
            "city": "Springfield",
            "zip": "62701",
            "provinceCode": "IL",
            "countryCodeV2": "US",
        }
        order = self.order([("SHIRT", 1)], shipping_address=place)
        self.sync(order)
        before = self.sale_order(order)
        counts = self.counts()
        self.empty_tables()

        self.rebuild()
        again = self.order([("SHIRT", 1)], shipping_address=place)
        self.sync(again)

        self.assertDone(again["id"])
        after = self.sale_order(again)
        names = ("partner_id", "partner_shipping_id", "partner_invoice_id")
        self.assertEqual([after[n] for n in names], [before[n] for n in names])
        self.assertEqual(self.counts() | {"sale.order": 0}, counts | {"sale.order": 0})

    def test_order_whose_lines_were_changed_is_linked_and_its_lines_reviewed(self):
        order = self.sale_order(self.bought)
        self.empty_tables()
        order.order_line[:1].product_uom_qty = 7

        self.rebuild()

        self.assertEqual(self.sale_order(self.bought), order)
        self.assertFalse(self.link(self.bought).line_ids)
        self.assertEqual(self.row(self.bought["id"]).state, "review")

    def test_pack_is_restored_with_its_contents(self):
        link = self.variant_link(self.item)
        part = self.odoo_product("PART")
        link._set_contents(2, [(part, 3)], "a pack")
        self.run_syncs()
        proof = self.proof(link.shopify_gid)
        self.assertEqual(proof["ids"], [link.odoo_id.id, part.id])
        self.empty_tables()

        self.rebuild()

        link = self.variant_link(self.item)
        self.assertEqual(link.main_quantity, 2)
        self.assertEqual(
            [(c.product_id, c.quantity) for c in link.component_ids], [(part, 3)]
        )
        self.assertEqual(self.proof(link.shopify_gid), proof)

    def test_shared_product_has_both_its_links_again(self):
        link = self.variant_link(self.item)
        twin = self.mug("MUG", "Twin")
        self.env["shopify.shared.product"]._declare(
            self.backend, link.odoo_id, "sold twice"
        )
        self.read_again("products", twin["id"])
        self.run_syncs()
        before = self.links()
        self.assertTrue(self.variant_link(twin).shared_id)
        self.empty_tables()

        self.rebuild()

        self.assertEqual(self.links(), before)
        self.assertTrue(self.variant_link(twin).shared_id)
        self.assertFalse(self.variant_link(self.item).shared_id)

    def test_id_that_was_handed_out_again_is_listed_and_not_linked(self):
        partner = self.customer_link(self.ada).odoo_id
        self.forget(self.customer_link(self.ada))
        # As a restored backup has it: another contact under the same ID.
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = create_date - interval '1 s',"
            " name = 'Somebody else' WHERE id = %s",
            [partner.id],
        )
        self.env.invalidate_all()

        scan = self.rebuild()

        self.assertEqual(
            self.findings(scan),
            {self.ada["id"]: ("orphaned", "identity_birth_differs", "review")},
        )
        self.assertFalse(self.customer_link(self.ada))
        self.assertIn("1 could not be restored", scan.conclusion)

    def test_record_newer_than_the_backup_is_listed(self):
        partner = self.env["res.partner"].create({"name": "Eve"})
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        ours = self.proof(self.ada["id"])
        self.mark(eve["id"], str(partner.id + 999), ours | {"ids": [partner.id + 999]})

        scan = self.rebuild()

        self.assertEqual(
            self.findings(scan),
            {eve["id"]: ("orphaned", "identity_record_gone", "review")},
        )

    def test_foreign_mark_is_listed_and_links_that_are_here_stay(self):
        before = self.links()
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.mark(eve["id"], "7", self.foreign_proof())

        scan = self.rebuild()

        self.assertEqual(
            self.findings(scan),
            {eve["id"]: ("foreign", "identity_foreign_database", "review")},
        )
        self.assertEqual(self.links(), before)

    def further_account(self):
        """Eve's customer is a further account of Ada's contact."""
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", eve["id"])
        main = self.customer_link(self.ada)
        self.customer_link(eve)._make_alias(main, "one person")
        self.run_syncs()
        self.assertIsNone(self.marked(eve["id"]))
        return eve

    def test_further_account_comes_back_by_its_order(self):
        eve = self.further_account()
        order = self.order([("SHIRT", 1)], customer=eve["id"])
        self.sync(order)
        ours = self.customer_link(self.ada).odoo_id
        self.assertEqual(self.sale_order(order).partner_id, ours)
        counts = self.counts()
        self.empty_tables()

        scan = self.rebuild()

        link = self.customer_link(eve)
        self.assertEqual(link.odoo_id, ours)
        self.assertEqual(link.alias_of_id, self.customer_link(self.ada))
        self.assertIsNone(self.marked(eve["id"]))
        self.assertEqual(scan.finding_ids.ids, [])
        self.assertEqual(self.counts(), counts)

    def test_further_account_that_no_order_brings_back_is_listed(self):
        eve = self.further_account()
        self.empty_tables()

        scan = self.rebuild()

        self.assertFalse(self.customer_link(eve))
        self.assertEqual(
            self.findings(scan),
            {eve["id"]: ("orphaned", "identity_unproven", "review")},
        )
        self.assertIn("1 could not be restored", scan.conclusion)

    def test_buyer_of_an_order_linked_by_hand_becomes_nobodys_further_account(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        order = self.order([("SHIRT", 1)], customer=eve["id"])
        ours = self.customer_link(self.ada).odoo_id
        link = self.link(self.bought)
        sale = self.sale_order(self.bought)
        sale.partner_id = ours
        self.env["shopify.res.partner"]._restore_account(
            self.backend, CustomerPlan(order["customer"], "Eve", mark=NO_MARK), sale
        )

        self.assertTrue(link.sale_order_id)
        self.assertFalse(self.customer_link(eve))

    def test_killed_rebuild_goes_on_and_ends_the_same(self):
        before = self.links()
        self.empty_tables()
        lots = patch.object(link_rebuilder, "LINKS_A_LOT", 1)
        lots.start()
        self.addCleanup(lots.stop)
        scan = self.backend._scan("rebuild")
        restore, calls = link_rebuilder.Rebuilder._restore, []

        def die_at_third(rebuilder, part, rows):
            calls.append(len(rows))
            done = restore(rebuilder, part, rows)
            if len(calls) == 3:
                raise RuntimeError("killed")
            return done

        with (
            patch.object(link_rebuilder.Rebuilder, "_restore", die_at_third),
            self.assertRaisesRegex(RuntimeError, "killed"),
        ):
            for _each in range(9):
                self.step(scan)
        self.wake()
        self.finish(scan)

        self.assertEqual(scan.state, "done", scan.message)
        self.assertEqual(self.links(), before)

    def test_flows_that_wait_after_a_restore_go_on(self):
        self.backend._wait_for_rebuild()
        self.assertTrue(self.backend.waits_for_rebuild)

        self.rebuild()

        self.assertFalse(self.backend.waits_for_rebuild)
        self.assertFalse(any(self.backend.flow_ids.mapped("paused_at")))

    def test_queries_do_not_grow_with_the_records(self):
        people = [
            self.shop.create_customer(email=f"p{n}@x.org", first_name=f"P{n}")
            for n in range(30)
        ]
        self.read_again("customers", *[each["id"] for each in people])
        self.run_syncs()
        self.env.cr.execute("DELETE FROM shopify_res_partner")
        self.env.invalidate_all()
        scan = self.backend._scan("rebuild", ["Customer"])
        rows, counts = link_rebuilder.Rebuilder._rows, []

        def counted(rebuilder, part):
            before = rebuilder.env.cr.sql_log_count
            rows(rebuilder, part)
            rebuilder.env.flush_all()
            counts.append(rebuilder.env.cr.sql_log_count - before)

        with patch.object(link_rebuilder.Rebuilder, "_rows", counted):
            self.finish(scan)

        links = self.env["shopify.res.partner"].search([("shopify_gid", "!=", False)])
        self.assertEqual(len(links), 31)
        self.assertLess(counts[0], 40)

    def test_only_a_manager_rebuilds(self):
        operator = new_test_user(self.env, "o", "shopify_connector.group_operator")
        with self.assertRaises(AccessError):
            self.backend.with_user(operator).action_rebuild_links()


class TestRebuiltDelivery(RebuildCase, StockCase):
    def test_delivery_is_linked_again_and_sent_no_second_time(self):
        sale = self.sale_order(self.bought)
        picking = self.deliver(sale)
        self.run_syncs()
        gid = picking.shopify_binding_ids.shopify_gid
        self.assertTrue(gid)
        self.empty_tables()

        self.rebuild()
        self.run_syncs()

        self.assertEqual(picking.shopify_binding_ids.shopify_gid, gid)
        self.assertEqual(
            picking.shopify_binding_ids.order_link_id, self.link(self.bought)
        )
        self.assertEqual(len(self.fulfillments()), 1)
        self.assertNotIn("fulfillmentCreate", self.written())

    def test_stock_rests_until_every_order_is_read_again(self):
        before = {sku: self.available(sku) for sku in ("SHIRT", "SOCKS")}
        place = self.place.shopify_gid
        self.empty_tables()
        self.forget_requests()
        stock = self.backend.flow_ids.filtered(lambda flow: flow.flow == "stock")
        others = self.backend.flow_ids - stock
        self.shop.fault("status_before", operation="OrdersImport", times=None)
        scan = self.backend._scan("rebuild")
        for _round in range(8):
            self.jobs_come_due()
            self.run_syncs()

        self.assertFalse(self.link(self.bought).content_digest)
        # However long it takes: an hour of looks.
        scan.looks = 240
        self.jobs_come_due()
        self.run_syncs()
        self.assertEqual(scan.state, "comparing")
        self.assertEqual(scan.conclusion, "Stock waits until 1 orders are read again.")
        self.assertEqual(stock.paused_reason, "links_not_rebuilt")
        self.assertNotIn("links_not_rebuilt", others.mapped("paused_reason"))
        self.assertNotIn("inventorySetQuantities", self.written())

        self.emulator.faults.clear()
        others._resume()
        self.time_passes(self.row(self.bought["id"]))
        self.backend._enqueue_due()
        self.finish(scan)
        self.run_syncs()

        self.assertEqual(scan.state, "done", scan.message)
        self.assertTrue(self.link(self.bought).content_digest)
        self.assertFalse(stock.paused_at)
        self.place = self.place.search([("shopify_gid", "=", place)])
        self.assertEqual(
            {sku: self.available(sku) for sku in ("SHIRT", "SOCKS")}, before
        )


class TestNewApp(RebuildCase):
    def setUp(self):
        super().setUp()
        self.old_marks = {
            gid: self.marked(gid)
            for found in self.links().values()
            for gid, _id, _token in found
        }
        apps, old = dict(self.shop.apps), self.shop.app
        tokens = dict(old.tokens)
        self.addCleanup(self.shop.apps.update, apps)
        self.addCleanup(self.shop.apps.clear)
        self.addCleanup(vars(old).update, installed=True, tokens=tokens)
        self.shop.uninstall_app()
        self.shop.webhook_queue.clear()
        self.shop.install_app(client_id="new", client_secret="new")
        # The helpers look at the first.
        new = self.shop.apps.pop("new")
        self.shop.apps.clear()
        self.shop.apps.update({"new": new} | apps)
        self.backend.write({"client_id": "new", "client_secret": "new"})

    def wizard(self, reason="app made anew"):
        return self.env["shopify.remark.wizard"].create(
            {"backend_id": self.backend.id, "reason": reason}
        )

    def test_all_ids_are_written_for_the_new_app_and_verified(self):
        before = self.links()

        action = self.wizard().action_apply()
        scan = self.env["shopify.scan"].browse(action["res_id"])
        self.finish(scan)

        self.assertEqual(scan.state, "done", scan.message)
        self.assertEqual(self.links(), before)
        self.assertEqual(
            {gid: self.marked(gid) for gid in self.old_marks}, self.old_marks
        )
        for model in LINKS.values():
            for link in self.env[model].search([("shopify_gid", "!=", False)]):
                if link._record():
                    self.assertTrue(link.verified_at)
                    proof = self._metafield(link.shopify_gid, "proof")
                    self.assertEqual(json.loads(proof)["token"], link.token)
        total = len(self.old_marks)
        self.assertEqual(
            scan.conclusion, f"{total} of {total} IDs are written and verified."
        )
        self.assertEqual(self.findings(self.audit()), {})

    def test_connecting_with_another_app_is_noticed_and_nothing_counts_as_cleared(self):
        counts = self.counts()
        self.backend.action_connect()
        self.assertTrue(self.backend.marks_lost_at)

        self.read_again("customers", self.ada["id"])

        event = self.events(self.ada["id"])[-1:]
        self.assertNotIn("removed", event.message or "")
        self.finish(
            self.env["shopify.scan"].browse(self.wizard().action_apply()["res_id"])
        )
        self.assertFalse(self.backend.marks_lost_at)
        self.assertEqual(self.counts(), counts)

    def test_lease_is_taken_for_the_new_app(self):
        self.wizard().action_apply()
        with self.backend._client() as client:
            problem = self.env["shopify.lease"]._problem(self.backend, client)
        self.assertIsNone(problem)

    def test_record_that_is_gone_gets_no_id_and_is_noted(self):
        self.shop.delete_customer(self.ada["id"])

        scan = self.env["shopify.scan"].browse(self.wizard().action_apply()["res_id"])
        self.finish(scan)

        self.assertTrue(self.customer_link(self.ada).gone_at)
        self.assertFalse(self.customer_link(self.ada).verified_at)

    def test_flow_that_is_off_is_said(self):
        self.set_policy("customers", "off")

        scan = self.env["shopify.scan"].browse(self.wizard().action_apply()["res_id"])
        self.finish(scan)

        self.assertIn("belong to flows that are off", scan.conclusion)
        self.assertIsNone(self.marked(self.ada["id"]))

    def test_reason_is_asked_of_a_manager(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.wizard(" ").action_apply()
        operator = new_test_user(self.env, "o", "shopify_connector.group_operator")
        with self.assertRaises(AccessError):
            self.backend.with_user(operator)._write_marks_again("x")
