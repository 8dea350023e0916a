"""Links of other connectors: claims, checked on both sides, then linked or left."""

import base64
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import (
    shopify_backend,
    shopify_steps,
    shopify_takeover_file,
)

from .sync_case import SyncCase


class TakeoverCase(SyncCase):
    def run_for(self, **values):
        return self.env["shopify.takeover"].create(
            {"backend_id": self.backend.id, **values}
        )

    def from_file(self, text, **values):
        data = base64.b64encode(text.encode())
        run = self.run_for(origin="file", file=data, filename="old.csv", **values)
        run.action_check()
        self.run_syncs()
        return run

    def from_column(self, table, column):
        run = self.run_for(origin="database")
        run.action_inspect()
        source = run.source_ids.filtered(
            lambda row: (row.table, row.column) == (table, column)
        )
        source.chosen = True
        run.action_check()
        self.run_syncs()
        return run, source

    def verdicts(self, run):
        """{Shopify ID: (verdict, why)}"""
        return {
            line.shopify_gid: (line.verdict, line.why or "") for line in run.line_ids
        }

    def number(self, gid):
        return gid.rpartition("/")[2]

    def old_order(self, order, total=None, **values):
        """As another connector made it: with the products' prices, and no link."""
        partner = self.env["res.partner"].create({"name": "Old buyer"})
        sale = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "client_order_ref": order["name"],
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "name": "As it was",
                            "product_id": self.service.id,
                            "price_unit": total,
                            "tax_ids": False,
                        },
                    )
                ],
                **values,
            }
        )
        self.assertEqual(sale.amount_total, total)
        return sale

    def setUp(self):
        super().setUp()
        self.service = self.env["product.product"].create(
            {"name": "Anything", "type": "service"}
        )


class TestTakeoverFile(TakeoverCase):
    def test_dry_run_links_nothing_and_then_only_what_is_confirmed(self):
        mug, cup = self.mug("MUG"), self.mug("CUP")
        ours, other = self.odoo_product("MUG"), self.odoo_product("GLASS")
        run = self.from_file(
            "shopify_id,type,odoo_id\n"
            f"{self.number(mug['variants'][0])},variant,{ours.id}\n"
            f"{cup['variants'][0]},,{other.id}\n"
            "999999999,variant,1\n"
            "nonsense,variant,1\n"
        )

        self.assertEqual(run.state, "checked")
        self.assertFalse(self.variant_link(mug))
        self.assertEqual(
            (run.confirmed_count, run.contradicted_count, run.bad_count), (1, 2, 1)
        )
        found = self.verdicts(run)
        self.assertEqual(found[mug["variants"][0]], ("confirmed", ""))
        self.assertEqual(found[cup["variants"][0]], ("contradicted", "differs: SKU"))
        self.assertEqual(
            found["gid://shopify/ProductVariant/999999999"],
            ("contradicted", "Shopify has no such record"),
        )
        bad = run.line_ids.filtered(lambda line: line.verdict == "bad")
        self.assertEqual((bad.line, bad.why), (5, "“nonsense” is no Shopify ID"))

        run.action_link()
        self.run_syncs()

        self.assertEqual(run.state, "done")
        self.assertEqual(self.variant_link(mug).odoo_id, ours)
        self.assertFalse(self.variant_link(cup))
        self.assertEqual(run.linked_count, 1)
        self.assertEqual(self.marked(mug["variants"][0]), str(ours.id))

    def test_order_is_linked_and_otherwise_left_alone(self):
        order = self.order([("SHIRT", 1)])
        total = float(order["total"]) if "total" in order else 23.0
        sale = self.old_order(order, total)
        before = sale.read()[0]
        run = self.from_file(f"gid,odoo_id\n{order['id']},{sale.id}\n")
        self.assertEqual(self.verdicts(run)[order["id"]], ("confirmed", ""))

        run.action_link()
        self.run_syncs()

        self.assertEqual(self.link(order).sale_order_id, sale)
        self.assertEqual(self.link(order).name, order["name"])
        sale.invalidate_recordset()
        after = sale.read(list(before))[0]
        changed = {name for name in before if before[name] != after[name]}
        self.assertEqual({name for name in changed if "shopify" not in name}, set())
        self.assertEqual(self.marked(order["id"]), str(sale.id))

    def test_a_cent_or_another_reference_contradicts(self):
        order = self.order([("SHIRT", 1)])
        cent = self.old_order(order, 23.01)
        named = self.old_order(order, 23.0, client_order_ref="#9")
        run = self.from_file(
            f"gid,odoo_id\n{order['id']},{cent.id}\n{order['id']},{named.id}\n"
        )

        self.assertEqual(
            run.line_ids.sorted("line").mapped("why"),
            ["differs: total", "differs: reference"],
        )

    def test_two_lines_that_both_fit_are_left_to_a_person(self):
        order = self.order([("SHIRT", 1)])
        first, second = self.old_order(order, 23.0), self.old_order(order, 23.0)
        run = self.from_file(
            f"gid,odoo_id\n{order['id']},{first.id}\n{order['id']},{second.id}\n"
            f"{order['id']},{second.id}\n"
        )

        self.assertEqual(run.confirmed_count, 0)
        self.assertEqual(
            run.line_ids.mapped("why"), ["another line claims otherwise"] * 3
        )

    def test_customers_by_mail_and_by_external_id(self):
        ada = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        bob = self.shop.create_customer(email="bob@x.org", first_name="Bob")
        ours = self.env["res.partner"].create({"name": "A", "email": "Ada@X.org"})
        shy = self.env["res.partner"].create({"name": "Shy"})
        self.env["ir.model.data"].create(
            {"module": "old", "name": "ada", "model": "res.partner", "res_id": ours.id}
        )
        run = self.from_file(
            "id,Shopify ID,Record type,xmlid\n"
            f",{ada['id']},customer,old.ada\n"
            f"{shy.id},{bob['id']},customer,\n"
            f",{bob['id']},customer,old.nobody\n",
        )

        lines = run.line_ids.sorted("line")
        self.assertEqual(lines.mapped("verdict"), ["confirmed", "unverifiable", "bad"])
        self.assertEqual(lines[0].found_id, ours.id)
        self.assertEqual(lines[1].why, "nothing to compare: e-mail")
        self.assertIn("old.nobody", lines[2].why)

    def test_a_taken_record_and_one_of_another_company_are_refused(self):
        mug, cup = self.mug("MUG"), self.mug("MUG")
        ours = self.odoo_product("MUG")
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.odoo_product("MUG", company_id=company.id)
        self.env["shopify.product.product"]._bind(
            self.backend,
            [
                {
                    "shopify_gid": mug["variants"][0],
                    "odoo_id": ours.id,
                    "product_gid": mug["id"],
                }
            ],
        )
        run = self.from_file(
            f"gid,odoo_id\n{cup['variants'][0]},{ours.id}\n"
            f"{cup['variants'][0]},{foreign.id}\n{mug['variants'][0]},{ours.id}\n"
        )

        lines = run.line_ids.sorted("line")
        self.assertEqual(lines.mapped("verdict"), ["refused", "contradicted", "linked"])
        self.assertIn(mug["variants"][0], lines[0].why)
        self.assertEqual(lines[1].why, "differs: company")
        self.assertFalse(lines[1].name_here)

    def test_lines_of_a_product_declared_shared_are_all_linked(self):
        one, two, ours = self.mug("MUG"), self.mug("MUG"), self.odoo_product("MUG")
        self.env["shopify.shared.product"]._declare(self.backend, ours, "two looks")
        gids = [one["variants"][0], two["variants"][0]]
        run = self.from_file(
            "shopify_id,type,odoo_id\n"
            + "".join(f"{gid},variant,{ours.id}\n" for gid in gids)
        )
        self.assertEqual(
            {each[0] for each in self.verdicts(run).values()}, {"confirmed"}
        )

        run.action_link()
        self.run_syncs()

        links = self.variant_link({"variants": gids})
        self.assertEqual((len(links), links.odoo_id), (2, ours))

    def test_what_changed_after_the_dry_run_is_not_linked(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")
        self.assertEqual(run.confirmed_count, 1)
        ours.default_code = "CHANGED"

        run.action_link()
        self.run_syncs()

        self.assertFalse(self.variant_link(mug))
        self.assertEqual(run.line_ids.why, "differs: SKU")

    def test_a_product_and_its_variant_by_the_product(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        template = ours.product_tmpl_id
        run = self.from_file(
            "gid,model,odoo_id\n"
            f"{mug['id']},product.template,{template.id}\n"
            f"{mug['variants'][0]},product.template,{template.id}\n"
        )
        run.action_link()
        self.run_syncs()

        self.assertEqual(set(run.line_ids.mapped("verdict")), {"linked"})
        self.assertEqual(self.product_link(mug).odoo_id, template)
        self.assertEqual(self.variant_link(mug).odoo_id, ours)
        self.assertEqual(self.variant_link(mug).product_link_id, self.product_link(mug))

    def test_lost_link_of_a_pack_comes_back_with_its_contents(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        part, file = self.odoo_product("PART"), "gid,odoo_id\n%s,%s\n"
        file %= (mug["variants"][0], ours.id)
        self.from_file(file).action_link()
        self.run_syncs()
        self.variant_link(mug)._set_contents(2, [(part, 3)], "a pack")
        self.run_syncs()
        self.assertEqual(self.proof(mug["variants"][0])["ids"], [ours.id, part.id])
        self.env["shopify.stock.level"].search([]).unlink()
        self.env.cr.execute("DELETE FROM shopify_product_component")
        self.env.invalidate_all()
        self.variant_link(mug)._as_engine().unlink()

        self.from_file(file).action_link()
        self.run_syncs()

        link = self.variant_link(mug)
        self.assertEqual((link.odoo_id, link.main_quantity), (ours, 2))
        self.assertEqual(
            [(c.product_id, c.quantity) for c in link.component_ids], [(part, 3)]
        )
        self.assertEqual(self.proof(link.shopify_gid)["ids"], [ours.id, part.id])

    def test_a_column_that_is_not_there_is_said(self):
        run = self.run_for(file=base64.b64encode(b"gid,odoo_id\n1,2\n"))
        self.assertEqual((run.header, run.column_gid), ("gid, odoo_id", "gid"))
        run.column_gid = "missing"

        with self.assertRaisesRegex(UserError, "no column missing"):
            run.action_check()

    def test_a_manager_without_other_rights_can_do_all_of_it(self):
        manager = new_test_user(
            self.env, "the_manager", "shopify_connector.group_manager"
        )
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        run = (
            self.env["shopify.takeover"]
            .with_user(manager)
            .create(
                {
                    "backend_id": self.backend.id,
                    "filename": "old.csv",
                    "file": base64.b64encode(
                        f"gid,sku\n{mug['variants'][0]},MUG\n".encode()
                    ),
                }
            )
        )
        run.action_inspect()
        run.action_check()
        self.run_syncs()
        self.assertEqual((run.state, run.confirmed_count), ("checked", 1))
        run.action_link()
        self.run_syncs()

        self.assertEqual(run.line_ids.verdict, "linked")
        self.assertEqual(self.variant_link(mug).odoo_id, ours)
        told = self.events(mug["variants"][0]).filtered(
            lambda event: event.outcome == "linked"
        )
        self.assertEqual(told.caused_by_id, manager)
        self.assertIn("old.csv", told.message)

    def test_only_managers_take_over(self):
        operator = new_test_user(
            self.env, "the_operator", "shopify_connector.group_operator"
        )
        run = self.run_for(origin="marks")

        for act in ("action_check", "action_link", "action_inspect"):
            with self.assertRaises(AccessError):
                getattr(run.with_user(operator), act)()


class TestTakeoverDatabase(TakeoverCase):
    def leftover(self, variant_gid, product):
        """A table that an uninstalled module left, without any model."""
        self.env.cr.execute(
            "CREATE TABLE shopify_product_product_old (id serial PRIMARY KEY,"
            " product_id int REFERENCES product_product, variant_id varchar,"
            " instance_id int)"
        )
        self.env.cr.execute(
            "INSERT INTO shopify_product_product_old (product_id, variant_id)"
            " VALUES (%s, %s), (%s, 'none yet')",
            [product.id, self.number(variant_gid), product.id],
        )

    def test_leftover_table_is_offered_with_count_and_samples_and_read(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        self.leftover(mug["variants"][0], ours)

        run, source = self.from_column("shopify_product_product_old", "variant_id")

        self.assertEqual(
            (source.count, source.samples, source.id_column, source.shopify_type),
            (1, self.number(mug["variants"][0]), "product_id", "ProductVariant"),
        )
        self.assertEqual(self.verdicts(run)[mug["variants"][0]], ("confirmed", ""))
        self.assertEqual(run.bad_count, 1)
        run.action_link()
        self.run_syncs()
        self.assertEqual(self.variant_link(mug).odoo_id, ours)

    def test_column_that_an_uninstalled_module_left_on_the_variants(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        self.env.cr.execute("ALTER TABLE product_product ADD shopify_product_id int8")
        self.env.cr.execute(
            "UPDATE product_product SET shopify_product_id = %s WHERE id = %s",
            [int(self.number(mug["variants"][0])), ours.id],
        )

        run, source = self.from_column("product_product", "shopify_product_id")

        self.assertEqual(
            (source.id_column, source.shopify_type), ("id", "ProductVariant")
        )
        self.assertEqual(self.verdicts(run), {mug["variants"][0]: ("confirmed", "")})

    def test_values_of_a_named_field_that_are_no_ids_are_shown_to_nobody(self):
        self.env["res.partner"].create({"name": "Ada", "email": "ada@x.org"})
        field = self.env["ir.model.fields"]._get("res.partner", "email")
        run = self.run_for(
            origin="database", source_ids=[(0, 0, {"field_id": field.id})]
        )
        run.action_check()
        self.run_syncs()

        self.assertTrue(run.bad_count)
        said = [(line.text, line.params) for line in run.line_ids]
        self.assertNotIn("ada@x.org", str(said))

    def test_field_that_the_admin_made(self):
        self.env["ir.model.fields"].create(
            {
                "name": "x_shopify_id",
                "model_id": self.env.ref("base.model_res_partner").id,
                "ttype": "char",
                "field_description": "Old ID",
            }
        )
        field = self.env["ir.model.fields"]._get("res.partner", "x_shopify_id")
        ada = self.shop.create_customer(email="ada@x.org")
        ours = self.env["res.partner"].create(
            {"name": "A", "email": "ada@x.org", "x_shopify_id": self.number(ada["id"])}
        )
        run = self.run_for(
            origin="database", source_ids=[(0, 0, {"field_id": field.id})]
        )
        self.assertEqual(run.source_ids.shopify_type, "Customer")
        run.action_check()
        self.run_syncs()

        self.assertEqual(run.line_ids.verdict, "confirmed")
        self.assertEqual(run.line_ids.found_id, ours.id)

    def test_records_of_another_company_are_not_read(self):
        self.env.cr.execute(
            "CREATE TABLE shopify_old (id serial PRIMARY KEY, shopify_id varchar,"
            " product_id int, sale_order_id int)"
        )
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self.odoo_product("THEIRS", company_id=company.id)
        ours, open_to_all = self.odoo_product("OURS"), self.odoo_product("ALL")
        ours.product_tmpl_id.company_id = self.backend.company_id
        for number, product in enumerate((foreign, ours, open_to_all), start=1):
            self.env.cr.execute(
                "INSERT INTO shopify_old (shopify_id, product_id) VALUES (%s, %s)",
                [str(number), product.id],
            )
        run = self.run_for(origin="database")
        run.source_ids.sudo().create(
            {
                "takeover_id": run.id,
                "chosen": True,
                "table": "shopify_old",
                "column": "shopify_id",
                "id_column": "product_id",
                "odoo_model": "product.product",
                "shopify_type": "ProductVariant",
            }
        )
        run.action_check()
        self.run_syncs()

        self.assertEqual(set(run.line_ids.mapped("odoo_id")), {ours.id, open_to_all.id})

    def test_own_tables_are_not_offered(self):
        run = self.run_for(origin="database")
        run.action_inspect()

        tables = set(run.source_ids.mapped("table"))
        self.assertFalse({t for t in tables if t in self._own_tables()})

    def _own_tables(self):
        return {m._table for m in self.env.values() if m._name.startswith("shopify.")}

    def test_a_manager_can_not_name_any_table(self):
        manager = new_test_user(
            self.env, "the_manager", "shopify_connector.group_manager"
        )
        run = self.run_for(origin="database").with_user(manager)
        values = {"table": "res_users", "column": "password", "id_column": "id"}

        with self.assertRaises(UserError):
            run.write({"source_ids": [(0, 0, values)]})
        run.sudo().source_ids = [(0, 0, {**values, "table": "x_shopify"})]
        with self.assertRaises(UserError):
            run.source_ids.write({"table": "res_users"})


class TestTakeoverMarks(TakeoverCase):
    def test_marks_of_another_are_checked_and_never_trusted(self):
        mug, cup = self.mug("MUG"), self.mug("CUP")
        ours = self.odoo_product("MUG")
        variant, wrong = mug["variants"][0], cup["variants"][0]
        self.shop.set_metafield(variant, "custom", "odoo_id", str(ours.id))
        self.shop.set_metafield(wrong, "custom", "odoo_id", str(ours.id))
        run = self.run_for(origin="marks")

        run.action_check()
        self.run_syncs()

        found = self.verdicts(run)
        self.assertEqual(found[variant], ("confirmed", ""))
        self.assertEqual(found[wrong], ("contradicted", "differs: SKU"))

    def test_type_that_may_not_be_read_has_a_line_that_says_so(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        self.shop.set_metafield(mug["variants"][0], "custom", "odoo_id", str(ours.id))
        self.shop.fault("missing_scope", scope="read_customers", times=None)
        run = self.run_for(origin="marks")

        run.action_check()
        self.run_syncs()

        bad = run.line_ids.filtered(lambda line: line.verdict == "bad")
        self.assertEqual((run.state, run.confirmed_count), ("checked", 1))
        self.assertEqual((bad.shopify_type, bad.text), ("Customer", "Customer"))
        self.assertIn("read_customers", bad.why)

    def test_an_invoice_leads_to_its_order(self):
        order = self.order([("SHIRT", 1)])
        sale = self.old_order(order, 23.0)
        sale.action_confirm()
        self.service.invoice_policy = "order"
        invoice = sale._create_invoices()
        self.shop.set_metafield(order["id"], "custom", "invoice_id", str(invoice.id))
        run = self.run_for(origin="marks", key="invoice_id", holds="invoice")

        run.action_check()
        self.run_syncs()

        self.assertEqual(run.line_ids.verdict, "confirmed")
        self.assertEqual(run.line_ids.found_id, sale.id)


class TestTakeoverJob(TakeoverCase):
    def small_lots(self, size):
        lots = patch.object(shopify_takeover_file, "ROWS_A_LOT", size)
        lots.start()
        self.addCleanup(lots.stop)

    def step(self, run, seconds=-1):
        """One lot of it, in a job of its own."""
        self.env.flush_all()
        try:
            with (
                patch.object(shopify_steps, "STEP_SECONDS", seconds),
                self.env.registry.cursor() as cr,
            ):
                env = self.env(cr=cr, user=self.env.ref("base.user_root"))
                run.with_env(env)._step_job()
        finally:
            self.env.invalidate_all()

    def drop_jobs(self):
        self.env["queue.job"].search([("model_name", "=", "shopify.takeover")]).unlink()

    def test_file_is_read_by_the_job_in_lots_and_a_kill_loses_and_repeats_no_line(self):
        self.small_lots(3)
        text = 'gid,odoo_id,type\n1,1,variant\n"2",1,variant\nbad,1,variant\n'
        text += '3,1,variant\n4,"1\n",variant\n5,1,variant\n6,"1,variant\n7,1,variant\n'
        run = self.run_for(file=base64.b64encode(text.encode()))

        run.action_check()

        self.assertEqual((run.state, len(run.line_ids)), ("gathering", 0))
        self.step(run)
        self.assertEqual(run.line_ids.sorted("line").mapped("line"), [2, 3, 4])
        self.assertGreater(run.progress, 30)
        self.assertLess(run.progress, 60)
        self.drop_jobs()  # its worker died
        self.wake()
        self.run_syncs()

        self.assertEqual(run.state, "checked")
        lines = run.line_ids.sorted("line")
        self.assertEqual(lines.mapped("line"), [2, 3, 4, 5, 6, 8, 9, 10])
        bad = lines.filtered(lambda line: line.verdict == "bad")
        self.assertEqual(
            [(line.line, line.why) for line in bad],
            [
                (4, "“bad” is no Shopify ID"),
                (9, "a quotation mark in the line is never closed"),
            ],
        )
        self.assertEqual(run.progress, 100)

    def test_file_kept_in_the_database_is_read_as_well(self):
        self.env["ir.config_parameter"].set_param("ir_attachment.location", "db")
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")

        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")

        self.assertFalse(run._attachment().store_fname)
        self.assertEqual((run.header, run.confirmed_count), ("gid, odoo_id", 1))

    def test_what_is_being_read_is_not_changed(self):
        run = self.run_for(file=base64.b64encode(b"gid,odoo_id\n1,2\n"))
        run.action_check()

        with self.assertRaisesRegex(UserError, "at work"):
            run.file = base64.b64encode(b"gid,odoo_id\n3,4\n")
        with self.assertRaisesRegex(UserError, "at work"):
            run.unlink()

    def test_step_that_breaks_leaves_the_run_ready_to_be_checked_again(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")
        run.action_link()

        run._step_failed(exc_name="KeyError", exc_message="x")

        self.assertEqual((run.state, run.message), ("checked", "KeyError: x"))
        run.action_check()
        run._step_failed(exc_name="KeyError", exc_message="y")
        self.assertEqual((run.state, run.message), ("draft", "KeyError: y"))

    def test_retention_drops_old_runs_with_their_file_but_none_at_work(self):
        runs = self.env["shopify.takeover"].create(
            [
                {
                    "backend_id": self.backend.id,
                    "file": base64.b64encode(b"gid,email\n1,ada@x.org\n"),
                    "state": state,
                }
                for state in ("draft", "checked", "done", "checking", "checked")
            ]
        )
        lines = self.env["shopify.takeover.line"].create(
            [{"takeover_id": run.id, "text": "ada@x.org"} for run in runs]
        )
        files = [run._attachment() for run in runs]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE shopify_takeover SET write_date = '2020-01-01' WHERE id = ANY(%s)",
            [runs[:4].ids],
        )
        with (
            patch.object(shopify_backend, "ROWS_A_LOT", 1),
            patch.object(self.registry["ir.cron"], "_commit_progress"),
        ):
            self.env["shopify.backend"]._drop_old_scans(180)

        self.assertEqual(runs.exists(), runs[3:])
        self.assertEqual(lines.exists(), lines[3:])
        self.assertEqual(
            [bool(each.exists()) for each in files], [False] * 3 + [True] * 2
        )

    def test_three_lots_of_lines_all_get_a_verdict(self):
        self.patch(type(self.env["shopify.takeover"]), "_lot_size", lambda *_args: 2)
        lines = ""
        for number in range(5):
            mug = self.mug(f"MUG{number}")
            ours = self.odoo_product(f"MUG{number}")
            lines += f"{mug['variants'][0]},{ours.id}\n"
        run = self.from_file("gid,odoo_id\n" + lines)
        run.action_link()
        self.run_syncs()

        self.assertEqual((run.state, run.linked_count), ("done", 5))

    def test_shopify_that_is_down_for_a_while_only_delays_it(self):
        mug, ours = self.mug("MUG"), self.odoo_product("MUG")
        self.shop.fault("status_before", operation="TakeoverRead", times=None)
        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")

        self.assertEqual(run.state, "checking")
        self.assertEqual(run.waiting_count, 1)
        self.assertTrue(run.message)
        self.emulator.faults.clear()
        self.jobs_come_due()
        self.run_syncs()
        self.assertEqual((run.state, run.confirmed_count), ("checked", 1))
        self.assertFalse(run.message)

    def test_checking_again_begins_anew(self):
        mug, ours = self.mug("MUG"), self.odoo_product("OTHER")
        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")
        self.assertEqual(run.contradicted_count, 1)
        ours.default_code = "MUG"

        run.action_check()
        self.run_syncs()

        self.assertEqual((len(run.line_ids), run.confirmed_count), (1, 1))
        with self.assertRaises(UserError):
            run.copy().action_link()

    def test_a_line_left_over_is_linked_by_hand(self):
        mug, ours = self.mug("MUG"), self.odoo_product("GLASS")
        run = self.from_file(f"gid,odoo_id\n{mug['variants'][0]},{ours.id}\n")
        action = run.line_ids.action_choose()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"reason": "relabelled"}).action_apply()
        self.run_syncs()

        self.assertEqual(self.variant_link(mug).odoo_id, ours)
