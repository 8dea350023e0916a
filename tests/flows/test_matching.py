"""The worksheet: what people decide there, and that it links and does nothing else."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import (
    match_decider,
    shopify_match_acts,
    shopify_match_run,
    shopify_steps,
)

from .test_scan import ScanCase

TABLES = (
    "product_template",
    "product_product",
    "product_template_attribute_line",
    "product_template_attribute_value",
    "res_partner",
)


class MatchingCase(ScanCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env,
            "matching operator",
            groups="shopify_connector.group_operator,sales_team.group_sale_salesman",
        )

    def rows(self, *gids, scan=None):
        domain = [("shopify_gid", "in", gids)]
        domain += [("scan_id", "=", scan.id)] if scan else []
        found = self.env["shopify.match"].search(domain)
        return found.with_user(self.operator)

    def tables(self):
        """Every column of every record that accepting must not touch."""
        self.env.flush_all()
        content = {}
        for table in TABLES:
            self.env.cr.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id")
            content[table] = [row for (row,) in self.env.cr.fetchall()]
        return content

    def stocked(self, count, prefix="B"):
        """So many variants in Shopify with their twins in Odoo, unlinked."""
        mugs = [self.mug(f"{prefix}-{n}", f"{prefix} {n}") for n in range(count)]
        odoo = self.env["product.product"].create(
            [
                {"name": f"Odoo {n}", "default_code": f"{prefix}-{n}"}
                for n in range(count)
            ]
        )
        return mugs, odoo


class TestAccept(MatchingCase):
    def test_lost_link_of_a_pack_comes_back_with_its_contents(self):
        [mug], ours = self.stocked(1)
        gid, part = mug["variants"][0], self.odoo_product("PART")
        self.scan()
        self.rows(gid).action_accept()
        self.run_syncs()
        self.variant_link(mug)._set_contents(2, [(part, 3)], "a pack")
        self.run_syncs()
        self.assertEqual(self.proof(gid)["ids"], [ours.id, part.id])
        self.env["shopify.stock.level"].search([]).unlink()
        self.env.cr.execute("DELETE FROM shopify_product_component")
        self.env.invalidate_all()
        self.variant_link(mug)._as_engine().unlink()

        scan = self.scan()
        self.rows(gid, scan=scan).action_accept()
        self.run_syncs()

        link = self.variant_link(mug)
        self.assertEqual((link.odoo_id, link.main_quantity), (ours, 2))
        self.assertEqual(
            [(c.product_id, c.quantity) for c in link.component_ids], [(part, 3)]
        )
        self.assertEqual(self.proof(gid)["ids"], [ours.id, part.id])

    def test_accepting_links_and_touches_nothing_else(self):
        shirt = self.shop.create_product(
            title="Tee",
            options=["Size"],
            variants=[
                {"options": ["S"], "sku": "TEE-S", "price": "7"},
                {"options": ["M"], "sku": "TEE-M", "price": "7"},
            ],
        )
        size = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [(0, 0, {"name": n}) for n in ("S", "M", "L")],
            }
        )
        template = self.env["product.template"].create(
            {
                "name": "Tee shirt",
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
        small, medium, large = template.product_variant_ids
        small.default_code, medium.default_code = "TEE-S", "TEE-M"
        large.default_code = "TEE-L"
        ada = self.shop.create_customer(email="ada@twin.example", first_name="Ada")
        partner = self.env["res.partner"].create(
            {"name": "Lovelace", "email": "ada@twin.example"}
        )
        self.scan()
        before = self.tables()

        self.rows(shirt["id"], *shirt["variants"], ada["id"]).action_accept()

        self.assertEqual(self.tables(), before)
        self.assertEqual(self.product_link(shirt).odoo_id, template)
        self.assertEqual(
            self.variant_link(shirt).sorted("shopify_gid").mapped("odoo_id.id"),
            [small.id, medium.id],
        )
        self.assertEqual(self.customer_link(ada).odoo_id, partner)
        self.assertEqual(
            {row.decision for row in self.rows(*shirt["variants"])}, {"accepted"}
        )
        asked = self.triggers().filtered(lambda t: t.direction == "mark")
        self.assertEqual(
            set(asked.mapped("subject_key")),
            {shirt["id"], *shirt["variants"], ada["id"]},
        )

        self.run_syncs()

        self.assertEqual(self.tables(), before)
        self.assertEqual(self.marked(shirt["variants"][0]), str(small.id))
        self.assertEqual(
            self.variant_link(shirt).product_link_id, self.product_link(shirt)
        )
        self.assertTrue(all(self.variant_link(shirt).mapped("inventory_item_gid")))

    def test_history_names_who_accepted_what(self):
        mug, odoo = self.mug(), self.odoo_product()
        self.scan()

        self.rows(mug["variants"][0]).action_accept()

        event = self.events(mug["variants"][0])[-1]
        self.assertEqual(event.caused_by_id, self.operator)
        self.assertIn(f"Odoo ID {odoo.id}", event.message)

    def test_sku_changed_in_shopify_since_the_scan_stays_undecided(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        self.shop.edit_variant(mug["variants"][0], sku="OTHER")

        self.rows(mug["variants"][0]).action_accept()

        row = self.rows(mug["variants"][0])
        self.assertFalse(self.variant_link(mug))
        self.assertEqual((row.decision, row.verdict), ("todo", "only_shopify"))
        self.assertEqual((row.sku, row.odoo_id), ("OTHER", 0))
        self.assertIn("Changed since", row.decision_error)

    def test_second_odoo_product_of_the_sku_since_the_scan_stays_undecided(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        self.odoo_product()

        self.rows(mug["variants"][0]).action_accept()

        row = self.rows(mug["variants"][0])
        self.assertFalse(self.variant_link(mug))
        self.assertEqual((row.decision, row.verdict), ("todo", "ambiguous"))
        self.assertEqual(len(row.candidate_ids), 2)

    def test_mark_that_appeared_since_the_scan_is_a_conflict_not_a_link(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        proof = {
            "database": "another",
            "model": "product.product",
            "ids": [7],
            "birth": "none",
            "token": "x",
        }
        self.mark(mug["variants"][0], "7", proof)

        self.rows(mug["variants"][0]).action_accept()

        row = self.rows(mug["variants"][0])
        self.assertFalse(self.variant_link(mug))
        self.assertEqual(row.reason_code, "identity_foreign_database")
        self.assertEqual(row.decision, "todo")

    def test_gone_in_shopify_since_the_scan_is_said(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        self.shop.delete_product(mug["id"])

        self.rows(mug["variants"][0]).action_accept()

        self.assertFalse(self.variant_link(mug))
        self.assertIn("Gone in Shopify", self.rows(mug["variants"][0]).decision_error)

    def test_others_of_the_lot_are_linked_when_one_has_changed(self):
        mugs, _odoo = self.stocked(3)
        self.scan()
        self.shop.edit_variant(mugs[1]["variants"][0], sku="OTHER")

        told = self.rows(*[m["variants"][0] for m in mugs]).action_accept()

        self.assertEqual(
            [bool(self.variant_link(mug)) for mug in mugs], [True, False, True]
        )
        self.assertIn(
            "Rows decided: 2; left as they were: 1", told["params"]["message"]
        )

    def test_product_in_another_unit_is_refused_by_name(self):
        mug = self.mug()
        self.odoo_product(uom_id=self.env.ref("uom.product_uom_dozen").id)
        self.scan()

        self.rows(mug["variants"][0]).action_accept()

        self.assertFalse(self.variant_link(mug))
        self.assertIn("pieces", self.rows(mug["variants"][0]).decision_error)

    def test_what_is_not_proposed_is_not_accepted(self):
        lamp = self.mug("LAMP")
        self.scan()

        self.rows(lamp["variants"][0]).action_accept()

        self.assertEqual(self.rows(lamp["variants"][0]).decision, "todo")

    def test_shopify_down_changes_nothing_and_is_said(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        self.shop.fault("status_before", operation="MatchingRead", times=None)

        with self.assertRaisesRegex(UserError, "asked first"):
            self.rows(mug["variants"][0]).action_accept()

        self.assertFalse(self.variant_link(mug))

    def test_thousand_rows_cost_queries_by_the_lot_not_by_the_row(self):
        mugs, _odoo = self.stocked(1000)
        self.scan(["ProductVariant"])
        gids = [mug["variants"][0] for mug in mugs]

        counts = [
            self.queries(self.rows(*gids[:10])),
            self.queries(self.rows(*gids[10:510])),
            # Of somebody whom no access rule makes read the products beforehand.
            self.queries(self.rows(*gids[510:]).with_user(self.env.user)),
        ]

        self.assertEqual(len(self.variant_link({"variants": gids})), 1000)
        # Of these, 6 a request to Shopify (4 of them for 500 rows), and one for each 100
        # links and each 100 lines of history: Odoo inserts no more in one statement.
        self.assertLessEqual(max(counts), 80, counts)
        self.assertLessEqual(counts[1] - counts[0], 3 * 6 + 2 * 4, counts)

    def queries(self, rows):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        rows.action_accept()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before


class TestMany(MatchingCase):
    def test_many_go_to_a_job_lot_by_lot_and_survive_a_kill(self):
        mugs, _odoo = self.stocked(7)
        scan = self.scan()
        for module in (match_decider, shopify_match_acts, shopify_match_run):
            lots = patch.object(module, "ROWS_A_LOT", 2)
            lots.start()
            self.addCleanup(lots.stop)
        rows = self.rows(*[mug["variants"][0] for mug in mugs])

        told = rows.action_accept()

        self.assertIn("7 rows are being worked on", told["params"]["message"])
        self.assertFalse(self.variant_link(mugs[0]))
        run = self.env["shopify.match.run"].search([("scan_id", "=", scan.id)])
        with patch.object(shopify_steps, "STEP_SECONDS", -1):
            self.step(run)
        self.assertEqual((run.seen_count, run.done_count, run.state), (2, 2, "open"))
        header = self.env["shopify.match"].with_user(self.operator).get_header()
        [store] = header["stores"]
        self.assertEqual((store["runs"][0]["done"], store["runs"][0]["total"]), (2, 7))
        self.env["queue.job"].search([("model_name", "=", run._name)]).unlink()

        self.wake()
        self.run_syncs()

        self.assertEqual((run.done_count, run.state), (7, "done"))
        self.assertTrue(all(self.variant_link(mug) for mug in mugs))

    def test_passing_trouble_of_shopify_is_waited_for(self):
        mugs, _odoo = self.stocked(2)
        self.scan()
        with patch.object(shopify_match_acts, "ROWS_A_LOT", 1):
            self.rows(*[mug["variants"][0] for mug in mugs]).action_accept()
        run = self.env["shopify.match.run"].search([])
        self.shop.fault("status_before", operation="MatchingRead", times=None)
        self.step(run)
        self.assertEqual((run.state, run.troubles, run.done_count), ("open", 1, 0))
        self.emulator.faults.clear()

        self.jobs_come_due()
        self.run_syncs()

        self.assertEqual((run.state, run.done_count), ("done", 2))

    def test_when_shopify_slows_down_the_rest_comes_later(self):
        mugs, _odoo = self.stocked(2)
        self.scan()
        with patch.object(shopify_match_acts, "ROWS_A_LOT", 1):
            self.rows(*[mug["variants"][0] for mug in mugs]).action_accept()
        run = self.env["shopify.match.run"].search([])
        self.env["queue.job"].search([("model_name", "=", run._name)]).unlink()
        self.shop.fault("throttle", operation="MatchingRead", times=None)

        self.step(run)

        self.assertEqual((run.state, run.done_count), ("open", 0))
        job = self.env["queue.job"].search([("model_name", "=", run._name)])
        self.assertTrue(job.eta)

    def test_a_job_that_does_not_hold_the_work_starts_no_other(self):
        mugs, _odoo = self.stocked(2)
        self.scan()
        with patch.object(shopify_match_acts, "ROWS_A_LOT", 1):
            self.rows(*[mug["variants"][0] for mug in mugs]).action_accept()
        run = self.env["shopify.match.run"].search([])
        self.env["queue.job"].search([("model_name", "=", run._name)]).unlink()

        # Held elsewhere; a second connection can't hold a row that isn't committed.
        with patch.object(type(run), "_take", lambda _self: False):
            self.step(run)

        self.assertFalse(self.env["queue.job"].search([("model_name", "=", run._name)]))

    def test_stopped_work_is_shown_and_goes_on_or_is_left(self):
        mugs, _odoo = self.stocked(2)
        self.scan()
        with patch.object(shopify_match_acts, "ROWS_A_LOT", 1):
            self.rows(*[mug["variants"][0] for mug in mugs]).action_accept()
        run = self.env["shopify.match.run"].search([])
        self.backend.state = "hold"
        self.step(run)
        self.assertEqual(run.state, "failed")
        self.assertIn("isn't connected", run.message)
        looker = new_test_user(
            self.env, "run looker", groups="shopify_connector.group_user"
        )
        with self.assertRaises(AccessError):
            run.with_user(looker).action_go_on()
        [store] = self.env["shopify.match"].get_header()["stores"]
        self.assertTrue(store["runs"][0]["failed"])

        self.backend.state = "connected"
        run.with_user(self.operator).action_go_on()
        self.run_syncs()

        self.assertEqual((run.state, run.done_count), ("done", 2))


class TestChoose(MatchingCase):
    def test_chosen_candidate_is_linked_and_the_other_left(self):
        mug = self.mug()
        one, two = self.odoo_product(), self.odoo_product()
        self.scan()
        row = self.rows(mug["variants"][0])
        before = self.tables()

        row.candidate_ids.filtered(lambda c: c.odoo_id == two.id).action_choose()

        self.assertEqual(self.variant_link(mug).odoo_id, two)
        self.assertEqual((row.decision, row.verdict), ("chosen", "linked"))
        self.assertEqual(self.tables(), before)
        self.assertTrue(one.active)

    def test_candidates_show_what_tells_them_apart(self):
        mug = self.mug(barcode="77")
        self.odoo_product(barcode="88", name="First")
        self.odoo_product(name="Second")
        self.scan()

        first, second = self.rows(mug["variants"][0]).candidate_ids

        self.assertEqual((first.odoo_name, second.odoo_name), ("First", "Second"))
        self.assertIn("barcode: 77 ≠ 88", first.differs)
        self.assertNotIn("barcode", second.differs)
        self.assertIn("table-warning", first.sides)

    def test_another_record_is_picked_with_a_reason(self):
        lamp, odoo = self.mug("LAMP"), self.odoo_product("TABLE-LAMP")
        self.scan()
        action = self.rows(lamp["variants"][0]).action_choose_other()
        wizard = (
            self.env["shopify.match.wizard"]
            .with_user(self.operator)
            .with_context(action["context"])
            .create({"product_id": odoo.id, "reason": "renamed here"})
        )

        wizard.action_apply()

        self.assertEqual(self.variant_link(lamp).odoo_id, odoo)
        self.assertIn("renamed here", self.events(lamp["variants"][0])[-1].message)

    def test_choice_against_the_mark_is_refused(self):
        mug, odoo = self.mug(), self.odoo_product()
        self.read_again("products", mug["id"])
        self.variant_link(mug)._as_engine().unlink()
        other = self.odoo_product("OTHER")
        self.scan()

        with self.assertRaises(UserError):
            self.rows(mug["variants"][0])._choose(other)
        self.assertFalse(self.variant_link(mug))

        self.rows(mug["variants"][0]).action_accept()
        self.assertEqual(self.variant_link(mug).odoo_id, odoo)

    def test_record_that_is_linked_elsewhere_is_refused_by_name(self):
        mug, odoo = self.mug(), self.odoo_product()
        self.read_again("products", mug["id"])
        lamp = self.mug("LAMP")
        self.scan()

        with self.assertRaisesRegex(UserError, mug["variants"][0]):
            self.rows(lamp["variants"][0])._choose(odoo)

    def test_link_moves_when_the_record_was_made_anew_in_shopify(self):
        mug, odoo = self.mug(), self.odoo_product()
        self.read_again("products", mug["id"])
        link = self.variant_link(mug)
        self.shop.delete_product(mug["id"])
        self.read_again("products", mug["id"])
        self.assertTrue(link.gone_at)
        anew = self.mug("MUG-NEW")
        self.scan()

        self.rows(anew["variants"][0])._choose(odoo, "made anew")

        self.assertEqual(self.variant_link(anew), link)
        self.assertFalse(link.gone_at)
        self.assertEqual(self.rows(anew["variants"][0]).decision, "chosen")

    def test_record_of_another_company_is_refused(self):
        lamp = self.mug("LAMP")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.operator.company_ids |= company
        foreign = self.odoo_product("X", company_id=company.id)
        self.scan()
        rows = self.rows(lamp["variants"][0]).with_context(
            allowed_company_ids=(self.company | company).ids
        )

        with self.assertRaisesRegex(UserError, "Elsewhere"):
            rows._choose(foreign.with_user(self.operator).with_env(rows.env))


class TestOrders(MatchingCase):
    """Orders that were entered by hand, or by something else, before the connector."""

    def setUp(self):
        super().setUp()
        service = {"name": "Anything", "type": "service", "taxes_id": False}
        self.service = self.env["product.product"].create(service)
        self.operator = new_test_user(
            self.env,
            "orders operator",
            groups="shopify_connector.group_operator,"
            "sales_team.group_sale_salesman_all_leads",
        )

    def entered(self, price, **values):
        return self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "By hand"}).id,
                "order_line": [
                    (0, 0, {"product_id": self.service.id, "price_unit": price})
                ],
                **values,
            }
        )

    def placed(self, price="5.00"):
        return self.shop.create_order(lines=[{"variant": "SHIRT", "price": price}])

    def order_link(self, order):
        return self.env["shopify.sale.order"].search(
            [("shopify_gid", "=", order["id"])]
        )

    def test_order_with_the_same_number_and_total_is_accepted_and_left_as_it_is(self):
        order = self.placed()
        sale = self.entered(5.0, client_order_ref=order["name"])
        scan = self.scan(["Order"])
        self.assertVerdict(scan, order["id"], "proposed", sale, "reference")
        before = sale.read(["state", "amount_total", "client_order_ref", "order_line"])

        self.rows(order["id"]).action_accept()

        link = self.order_link(order)
        self.assertEqual((link.sale_order_id, link.name), (sale, order["name"]))
        self.assertEqual(
            sale.read(["state", "amount_total", "client_order_ref", "order_line"]),
            before,
        )
        row = self.rows(order["id"])
        self.assertEqual((row.verdict, row.decision), ("linked", "accepted"))
        asked = {(t.direction, t.subject_key) for t in self.triggers()}
        self.assertEqual(asked, {("mark", order["id"]), ("in", order["id"])})
        [event] = self.events(order["id"])
        self.assertEqual(event.caused_by_id, self.operator)

    def test_order_that_is_a_cent_off_is_not_linked_and_says_so(self):
        order = self.placed()
        self.entered(5.01, client_order_ref=order["name"])
        self.scan(["Order"])

        self.rows(order["id"]).action_accept()

        self.assertFalse(self.order_link(order))
        row = self.rows(order["id"])
        self.assertEqual((row.verdict, row.decision), ("proposed", "todo"))
        self.assertIn("total differ", row.decision_error)

    def test_order_that_grew_too_old_to_be_shown_is_not_called_gone(self):
        order = self.placed()
        self.entered(5.0, client_order_ref=order["name"])
        self.scan(["Order"])
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        recent = [scope for scope in granted if scope != "read_all_orders"]
        self.shop.set_scopes(recent)
        self.backend.granted_scopes = ",".join(recent)
        self.shop.set_order(order["id"], createdAt="2025-01-01T10:00:00Z")
        row = self.rows(order["id"])
        row.sudo().facts = row.facts | {"created": "2025-01-01T10:00:00Z"}

        row.action_accept()

        self.assertFalse(self.order_link(order))
        self.assertIn("older than 60 days", row.decision_error)
        self.assertNotIn("Gone", row.decision_error)

    def test_chosen_order_of_another_number_is_refused(self):
        order = self.placed()
        sale = self.entered(5.0, client_order_ref="4711")
        self.scan(["Order"])

        with self.assertRaisesRegex(UserError, "reference differ"):
            self.choose(order, sale)

        self.assertFalse(self.order_link(order))

    def test_one_of_two_orders_with_the_same_number_is_chosen(self):
        order = self.placed()
        wrong, right = (
            self.entered(price, client_order_ref=order["name"]) for price in (9, 5)
        )
        scan = self.scan(["Order"])
        self.assertVerdict(scan, order["id"], "ambiguous", key="reference")

        with self.assertRaisesRegex(UserError, "total differ"):
            self.choose(order, wrong)
        self.choose(order, right)

        self.assertEqual(self.order_link(order).sale_order_id, right)
        self.assertEqual(self.rows(order["id"]).decision, "chosen")

    def test_order_that_the_person_may_not_see_is_not_linked(self):
        order = self.placed()
        self.entered(5.0, client_order_ref=order["name"])
        self.scan(["Order"])
        seller = new_test_user(
            self.env,
            "own orders only",
            groups="shopify_connector.group_operator,sales_team.group_sale_salesman",
        )

        self.rows(order["id"]).with_user(seller).action_accept()

        self.assertFalse(self.order_link(order))
        self.assertIn("no access", self.rows(order["id"]).decision_error)

    def test_order_of_another_company_is_refused(self):
        order = self.placed()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        sale = self.env["sale.order"].create(
            {
                "company_id": company.id,
                "partner_id": self.env["res.partner"].create({"name": "Ada"}).id,
                "client_order_ref": order["name"],
            }
        )
        scan = self.scan(["Order"])
        self.assertVerdict(scan, order["id"], "only_shopify")

        with self.assertRaisesRegex(UserError, "Elsewhere"):
            self.rows(order["id"]).with_user(self.env.user)._choose(sale)

        self.assertFalse(self.order_link(order))

    def choose(self, order, sale):
        action = self.rows(order["id"]).action_choose_other()
        wizard = (
            self.env["shopify.match.wizard"]
            .with_context(action["context"])
            .create({"order_id": sale.id, "reason": "entered by hand"})
        )
        wizard.action_apply()


class TestShared(MatchingCase):
    """Products that a manager declared shared: several may mean one."""

    def declared(self, count=2):
        mugs, product = [self.mug() for _n in range(count)], self.odoo_product()
        self.env["shopify.shared.product"]._declare(self.backend, product, "two looks")
        return mugs, product

    def test_variants_of_a_shared_product_are_each_proposed_and_accepted_together(self):
        (one, two), product = self.declared()
        scan = self.scan()
        gids = [one["variants"][0], two["variants"][0]]
        for mug in (one, two):
            self.assertVerdict(scan, mug["variants"][0], "proposed", product, "sku")
            template = product.product_tmpl_id
            self.assertVerdict(scan, mug["id"], "proposed", template, "variants")

        self.rows(*gids, one["id"], two["id"]).action_accept()

        links = self.variant_link({"variants": gids})
        self.assertEqual(links.mapped("odoo_id"), product)
        self.assertEqual([bool(link.shared_id) for link in links.sorted("id")], [0, 1])
        self.assertEqual(self.product_link(two).odoo_id, product.product_tmpl_id)
        self.assertEqual(set(self.rows(*gids).mapped("decision")), {"accepted"})

    def test_second_variant_of_a_shared_product_is_proposed_beside_the_linked_one(self):
        (one, two), product = self.declared()
        self.scan()
        self.rows(one["variants"][0]).action_accept()

        scan = self.scan()

        self.assertVerdict(scan, one["variants"][0], "linked", product)
        self.assertVerdict(scan, two["variants"][0], "proposed", product, "sku")

    def test_product_that_nobody_declared_shared_stays_ambiguous(self):
        one, two = self.mug(), self.mug()
        self.odoo_product()
        self.env["shopify.shared.product"]._declare(
            self.backend, self.odoo_product("OTHER"), "two looks"
        )

        scan = self.scan()

        for mug in (one, two):
            self.assertVerdict(scan, mug["variants"][0], "ambiguous", key="sku")


class TestOtherActs(MatchingCase):
    store_values = {"product_policy": "link_only"}

    def test_create_in_odoo_goes_past_the_stores_policy_for_this_one(self):
        lamp, other = self.mug("LAMP", "Lamp"), self.mug("OTHER", "Other")
        self.scan()

        self.rows(lamp["variants"][0]).action_create_here()
        self.ask("products", other["id"])
        self.run_syncs()

        self.assertEqual(self.variant_link(lamp).odoo_id.default_code, "LAMP")
        self.assertFalse(self.variant_link(other))
        self.assertReview(other["id"], "product_unmapped")

    def test_create_in_odoo_needs_no_second_word_in_review(self):
        self.set_policy("products", "review")
        lamp = self.mug("LAMP", "Lamp")
        self.scan()

        self.rows(lamp["id"]).action_create_here()
        self.run_syncs()

        self.assertTrue(self.variant_link(lamp))

    def test_customer_that_only_shopify_has_is_made(self):
        ada = self.shop.create_customer(email="new@ada.example", first_name="Ada")
        self.scan()

        self.rows(ada["id"]).action_create_here()
        self.run_syncs()

        self.assertEqual(self.customer_link(ada).odoo_id.email, "new@ada.example")

    def test_create_in_odoo_of_a_flow_that_is_off_is_refused_and_left(self):
        self.set_policy("products", "off")
        lamp = self.mug("LAMP", "Lamp")
        self.scan()

        self.rows(lamp["id"]).action_create_here()

        row = self.rows(lamp["id"])
        self.assertEqual(row.decision, "todo")
        self.assertIn("is off", row.decision_error)

    def test_variant_of_a_matched_product_is_not_made(self):
        shirt = self.shop.create_product(
            title="Tee",
            options=["Size"],
            variants=[
                {"options": ["S"], "sku": "TEE-S"},
                {"options": ["M"], "sku": "TEE-M"},
            ],
        )
        self.odoo_product("TEE-S")
        self.scan()
        gid = shirt["variants"][1]
        before = self.records()

        self.rows(gid).action_create_here()
        self.run_syncs()

        self.assertIn("Add the variant", self.rows(gid).decision_error)
        self.assertEqual(self.records(), before)

    def never(self, rows, reason="a sample"):
        wizard = (
            self.env["shopify.match.wizard"]
            .with_user(self.operator)
            .with_context(rows.action_never()["context"])
            .create({"reason": reason})
        )
        return wizard.action_apply()

    def test_never_is_kept_with_its_reason_and_can_be_taken_back(self):
        lamp = self.mug("LAMP")
        odoo = self.odoo_product("DESK")
        scan = self.scan()
        row = self.rows(lamp["variants"][0])
        here = self.only_odoo(scan, odoo).with_user(self.operator)

        self.never(row | here)

        nevers = self.env["shopify.match.never"].search([])
        self.assertEqual(nevers.mapped("reason"), ["a sample"] * 2)
        self.assertEqual(nevers.user_id, self.operator)
        self.assertEqual({row.decision, here.decision}, {"never"})
        again = self.scan()
        self.assertEqual(self.rows(lamp["variants"][0], scan=again).decision, "never")

        (row | here).action_again()

        self.assertFalse(self.env["shopify.match.never"].search([]))
        self.assertEqual({row.decision, here.decision}, {"todo"})

    def test_never_needs_a_reason(self):
        lamp = self.mug("LAMP")
        self.scan()

        with self.assertRaises(UserError):
            self.never(self.rows(lamp["variants"][0]), " ")

    def test_who_only_looks_sees_and_decides_nothing(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        looker = new_test_user(
            self.env, "matching looker", groups="shopify_connector.group_user"
        )
        rows = self.rows(mug["variants"][0]).with_user(looker)

        self.assertEqual(rows.verdict, "proposed")
        for act in ("accept", "create_here", "create_there", "never", "again"):
            with self.assertRaises(AccessError):
                getattr(rows, f"action_{act}")()
        with self.assertRaises(AccessError):
            self.backend.with_user(self.operator).action_scan()

    def test_rows_of_another_company_are_not_seen_nor_decided(self):
        mug = self.mug()
        self.odoo_product()
        self.scan()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="shopify_connector.group_operator",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        rows = self.rows(mug["variants"][0]).with_user(stranger)

        self.assertFalse(rows.search([]))
        with self.assertRaises(AccessError):
            rows.action_accept()


class TestLooks(MatchingCase):
    def test_one_search_box_finds_by_id_sku_email_and_admin_address(self):
        mug, odoo = self.mug("Find-Me"), self.odoo_product("Find-Me")
        ada = self.shop.create_customer(email="find@me.example", first_name="Ada")
        self.scan()
        gid = mug["variants"][0]
        number = gid.rpartition("/")[2]
        product = mug["id"].rpartition("/")[2]
        handle = self.shop.domain.removesuffix(".myshopify.com")
        url = f"https://admin.shopify.com/store/{handle}/products/{product}"

        for text, wanted in (
            ("find-me", gid),
            (gid, gid),
            (number, gid),
            (f"product.product,{odoo.id}", gid),
            (f"{url}/variants/{number}", gid),
            (url, mug["id"]),
            ("Find@me.example", ada["id"]),
        ):
            found = self.env["shopify.match"].search([("anything", "ilike", text)])
            self.assertIn(wanted, found.mapped("shopify_gid"), text)

    def test_worksheet_shows_the_last_finished_scan_of_each_store(self):
        self.mug()
        first = self.scan()
        self.shop.set_bulk_time(60)
        self.backend._scan("matching")

        rows = self.env["shopify.match"].search([("is_newest", "=", True)])

        self.assertEqual(rows.scan_id, first)

    def test_reading_shows_how_far_it_is_and_that_it_can_be_left(self):
        manager = new_test_user(
            self.env, "matching manager", groups="shopify_connector.group_manager"
        )
        self.shop.set_bulk_time(60)

        action = self.backend.with_user(manager).action_scan()

        self.assertEqual(action["res_model"], "shopify.match")
        [store] = self.env["shopify.match"].with_user(manager).get_header()["stores"]
        self.assertEqual((store["progress"], store["read"]), (0, ""))
        self.assertIn("Variants: 0 of ?", store["state"])
        self.assertEqual(store["scan_id"], self.env["shopify.scan"].search([]).id)

    def test_header_counts_and_warns_of_keys_that_are_not_unique(self):
        mug = self.mug()
        self.odoo_product()
        self.odoo_product("TWIN")
        self.odoo_product("twin")
        self.scan(["ProductVariant", "Product"])

        [store] = self.env["shopify.match"].get_header()["stores"]

        counts = {count["kind"]: count["text"] for count in store["counts"]}
        total = len(
            self.env["shopify.match"].search(
                [("shopify_type", "=", "ProductVariant"), ("shopify_gid", "!=", False)]
            )
        )
        self.assertIn(f"of {total} linked", counts["ProductVariant"])
        [warning] = store["warnings"]
        self.assertIn("SKU isn't unique", warning)
        self.assertIn("twin", warning)
        row = self.rows(mug["variants"][0])
        self.assertEqual((row.why, row.product_name), ("equal: SKU", "Mug"))
