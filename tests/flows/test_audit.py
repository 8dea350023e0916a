"""The audit finds whatever differs between links and marks, repairs what is safe, and
never calls clean what it hasn't read."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from odoo.addons.shopify_connector.models import (
    scan_reader,
    shopify_audit,
    shopify_backend,
    shopify_steps,
)

from .test_scan import ScanCase


class AuditCase(ScanCase):
    """A product, a customer and an order are linked and marked, besides what SyncCase
    has."""

    def setUp(self):
        super().setUp()
        self.item = self.mug()
        self.read_again("products", self.item["id"])
        self.ada = self.shop.create_customer(email="ada@x.org", first_name="Ada")
        self.read_again("customers", self.ada["id"])
        self.bought = self.order([("SHIRT", 1), ("SOCKS", 2)])
        self.sync(self.bought)
        self.run_syncs()

    def audit(self):
        return self.scan(purpose="audit")

    def findings(self, scan):
        """{GID: (kind, reason, state)}"""
        return {
            row.shopify_gid: (row.kind, row.reason_code or "", row.state)
            for row in scan.finding_ids
        }

    def forget(self, link):
        """As if its row had never been: past every guard, and what hangs on it."""
        self.env.flush_all()
        self.env.cr.execute(f"DELETE FROM {link._table} WHERE id = %s", [link.id])
        self.env.invalidate_all()

    def foreign_proof(self, **values):
        return {
            "database": "another",
            "model": "res.partner",
            "ids": [7],
            "birth": "none",
            "token": "x",
        } | values


class TestAudit(AuditCase):
    def test_clean_audit_says_so_with_the_counts_of_both_sides(self):
        scan = self.audit()

        self.assertEqual(self.findings(scan), {})
        links = 0
        for kind, count in (("Product", 1), ("ProductVariant", 3), ("Order", 1)):
            side = scan.sides[kind]
            self.assertEqual((side["links"], side["agreeing"]), (count, count), kind)
            self.assertEqual(side["remote"], len(self.shop.of_type(kind)), kind)
        # A shop without companies has none to read.
        unread = {kind for kind, side in scan.sides.items() if not side["is_read"]}
        self.assertEqual(unread, {"Company", "CompanyLocation"})
        for side in scan.sides.values():
            links += side["links"]
        remote = sum(side["remote"] for side in scan.sides.values())
        self.assertEqual(
            scan.conclusion,
            f"Clean: {links} links here agree with {remote} records in Shopify.",
        )
        self.assertIn("In Shopify", scan.sides_html)

    def test_mark_that_was_removed_is_written_again_by_itself(self):
        self.mark(self.ada["id"])

        scan = self.audit()

        self.assertEqual(
            self.findings(scan), {self.ada["id"]: ("missing", "", "repaired")}
        )
        self.assertEqual(
            self.marked(self.ada["id"]), str(self.customer_link(self.ada).odoo_id.id)
        )
        self.assertIn("1 repaired by themselves.", scan.conclusion)
        self.assertIn("Clean", scan.conclusion)

    def test_repairs_are_settled_page_by_page(self):
        self.mark(self.ada["id"])
        self.mark(self.item["id"])
        with patch.object(shopify_audit, "FINDINGS_A_LOOK", 1):
            scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {
                self.ada["id"]: ("missing", "", "repaired"),
                self.item["id"]: ("missing", "", "repaired"),
            },
        )

    def test_retention_drops_old_scans_but_those_still_read(self):
        old, last = self.audit(), self.audit()
        (old | last).write({"done_at": "2020-01-01"})
        rows = old.match_ids
        self.assertTrue(rows)
        with (
            patch.object(shopify_backend, "ROWS_A_LOT", 1),
            patch.object(self.registry["ir.cron"], "_commit_progress"),
        ):
            self.env["shopify.backend"]._drop_old_scans(180)

        self.assertFalse(old.exists() or rows.exists())
        self.assertTrue(last.exists() and last.match_ids)

    def test_mark_of_a_flow_that_is_off_stays_for_review(self):
        self.mark(self.ada["id"])
        self.set_policy("customers", "off")

        scan = self.audit()

        self.assertEqual(
            self.findings(scan), {self.ada["id"]: ("missing", "", "review")}
        )
        self.assertEqual(scan.conclusion, "1 to review.")

    def test_mark_that_names_another_record_is_for_a_person(self):
        other = self.env["res.partner"].create({"name": "Other"})
        proof = self.proof(self.ada["id"]) | {"ids": [other.id]}
        self.mark(self.ada["id"], str(other.id), proof)

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {self.ada["id"]: ("different", "identity_conflict", "review")},
        )
        row = scan.finding_ids
        self.assertEqual(row.odoo_id, self.customer_link(self.ada).odoo_id.id)
        self.assertIn(str(other.id), row.message)
        action = row.action_fix()
        self.assertEqual(action["context"]["default_shopify_gid"], self.ada["id"])

    def test_product_duplicated_in_shopify_is_a_copy_with_its_variant(self):
        copy = self.shop.duplicate_product(self.item["id"])

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {
                copy["id"]: ("copied", "", "review"),
                copy["variants"][0]: ("copied", "", "review"),
            },
        )
        row = scan.finding_ids.filtered(lambda r: r.shopify_type == "ProductVariant")
        context = row.action_fix()["context"]
        self.assertEqual(context["default_shopify_gid"], copy["id"])
        self.assertEqual(context["default_mode"], "new")

    def test_lost_link_is_restored_by_itself(self):
        partner = self.customer_link(self.ada).odoo_id
        self.forget(self.customer_link(self.ada))
        people = self.env["res.partner"].search_count([])

        scan = self.audit()

        self.assertEqual(
            self.findings(scan), {self.ada["id"]: ("orphaned", "", "repaired")}
        )
        self.assertEqual(self.customer_link(self.ada).odoo_id, partner)
        self.assertEqual(self.env["res.partner"].search_count([]), people)

    def test_lost_link_of_a_pack_comes_back_with_its_contents(self):
        link = self.variant_link(self.item)
        part = self.odoo_product("PART")
        link._set_contents(2, [(part, 3)], "a pack")
        self.run_syncs()
        proof = self.proof(link.shopify_gid)
        self.env["shopify.stock.level"].search(
            [("variant_link_id", "=", link.id)]
        ).unlink()
        self.env.cr.execute("DELETE FROM shopify_product_component")
        self.forget(link)

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {self.item["variants"][0]: ("orphaned", "", "repaired")},
        )
        link = self.variant_link(self.item)
        self.assertEqual(link.main_quantity, 2)
        self.assertEqual(
            [(c.product_id, c.quantity) for c in link.component_ids], [(part, 3)]
        )
        after = self.proof(link.shopify_gid)
        self.assertEqual(after | {"token": ""}, proof | {"token": ""})

    def test_record_deleted_in_shopify_is_noted_as_gone(self):
        self.shop.delete_customer(self.ada["id"])

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {self.ada["id"]: ("orphaned", "shopify_record_gone", "repaired")},
        )
        self.assertTrue(self.customer_link(self.ada).gone_at)
        self.assertEqual(self.findings(self.audit()), {})

    def test_mark_of_another_database_is_foreign(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.mark(eve["id"], "7", self.foreign_proof())

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {eve["id"]: ("foreign", "identity_foreign_database", "review")},
        )

    def test_mark_without_its_odoo_record_is_orphaned(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        ours = self.proof(self.ada["id"])
        self.mark(eve["id"], "999999", ours | {"ids": [999999]})

        scan = self.audit()

        self.assertEqual(
            self.findings(scan),
            {eve["id"]: ("orphaned", "identity_record_gone", "review")},
        )

    def test_two_that_name_one_record_are_both_found(self):
        self.small_lots(1)
        twins = [
            self.shop.create_customer(email=f"{n}@x.org", first_name=n) for n in "ab"
        ]
        partner = self.env["res.partner"].create({"name": "One"})
        birth = self.env["shopify.binding"]._births([partner])
        proof = self.proof(self.ada["id"]) | {
            "ids": [partner.id],
            "birth": birth["res.partner", partner.id],
        }
        for twin in twins:
            self.mark(twin["id"], str(partner.id), proof)

        scan = self.audit()

        wanted = ("two_in_one", "identity_claimed_twice", "review")
        self.assertEqual(
            self.findings(scan), {twins[0]["id"]: wanted, twins[1]["id"]: wanted}
        )

    def test_two_links_of_one_record_are_found_though_the_index_was_dropped(self):
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.read_again("customers", eve["id"])
        self.env.cr.execute("DROP INDEX shopify_res_partner_odoo_uniq")
        self.env.cr.execute(
            "UPDATE shopify_res_partner SET odoo_id = %s WHERE shopify_gid = %s",
            [self.customer_link(self.ada).odoo_id.id, eve["id"]],
        )
        self.env.invalidate_all()

        scan = self.audit()

        kinds = {
            (row.shopify_gid, row.kind, row.other_gid)
            for row in scan.finding_ids.filtered("is_twice")
        }
        self.assertEqual(
            kinds,
            {
                (self.ada["id"], "two_in_one", eve["id"]),
                (eve["id"], "two_in_one", self.ada["id"]),
            },
        )

    def test_list_that_is_cut_short_is_never_clean(self):
        real = scan_reader.bulk.lines

        def short(url, offset=0):
            whole = list(real(url, offset))
            return _Stream(whole[:-1])

        with patch.object(scan_reader.bulk, "lines", short):
            scan = self.backend._scan("audit", ["ProductVariant", "Location"])
            self.finish(scan)

        self.assertEqual(scan.state, "failed")
        self.assertFalse(scan.sides["ProductVariant"]["is_read"])
        self.assertIn("Variants:", scan.conclusion)
        self.assertNotIn("Clean", scan.conclusion)

    def test_type_that_the_app_may_not_read_is_not_clean(self):
        scopes = set(self.backend.granted_scopes.split(","))
        kept = scopes - {"read_orders", "write_orders"}
        self.backend.granted_scopes = ",".join(kept)

        scan = self.audit()

        self.assertIn("Not everything could be compared: Orders", scan.conclusion)

    def test_what_somebody_settled_meanwhile_is_no_finding(self):
        self.mark(self.ada["id"])
        scan = self.backend._scan("audit")
        with patch.object(shopify_steps, "STEP_SECONDS", -1):
            for _each in range(60):
                if scan.finding_ids:
                    break
                self.step(scan)
        self.ask("customers", self.ada["id"], direction="mark", kind="Customer")
        self.drain("mark")
        self.finish(scan)

        self.assertEqual(
            self.findings(scan), {self.ada["id"]: ("missing", "", "settled")}
        )
        self.assertIn("Clean", scan.conclusion)

    def test_links_of_another_store_are_neither_counted_nor_found(self):
        other = self.env["shopify.backend"].create(
            {"name": "Second", "shop_domain": "second.myshopify.com"}
        )
        partner = self.customer_link(self.ada).odoo_id
        self.env["shopify.res.partner"]._as_engine().create(
            {
                "backend_id": other.id,
                "kind": "customer",
                "shopify_gid": "gid://shopify/Customer/424242",
                "odoo_id": partner.id,
            }
        )
        # The very same GID may be another record in another shop.
        self.env["shopify.product.template"]._as_engine().create(
            {
                "backend_id": other.id,
                "shopify_gid": self.item["id"],
                "odoo_id": self.odoo_product("OTHER").product_tmpl_id.id,
            }
        )

        scan = self.audit()

        self.assertEqual(self.findings(scan), {})
        sides = {kind: scan.sides[kind] for kind in ("Customer", "Product")}
        for kind, side in sides.items():
            self.assertEqual((side["links"], side["agreeing"]), (1, 1), kind)

    def test_archived_records_stay_linked_and_agree(self):
        self.customer_link(self.ada).odoo_id.active = False
        self.variant_link(self.item).odoo_id.product_tmpl_id.active = False
        self.run_syncs()

        scan = self.audit()

        self.assertEqual(self.findings(scan), {})
        for kind in ("Customer", "Product"):
            side = scan.sides[kind]
            self.assertEqual((side["links"], side["agreeing"]), (1, 1), kind)

    def test_what_a_rule_or_a_person_left_out_is_no_finding(self):
        trial = self.order([("SHIRT", 1)], test=True)
        self.sync(trial)
        self.assertFalse(self.link(trial).sale_order_id)
        eve = self.shop.create_customer(email="eve@x.org", first_name="Eve")
        self.env["shopify.match.never"].create(
            {
                "backend_id": self.backend.id,
                "shopify_type": "Customer",
                "shopify_gid": eve["id"],
                "reason": "a tester",
                "user_id": self.env.uid,
            }
        )

        scan = self.audit()

        self.assertEqual(self.findings(scan), {})
        self.assertIn("Clean", scan.conclusion)

    def test_operator_audits_and_a_user_does_not(self):
        user = new_test_user(self.env, "u", "shopify_connector.group_user")
        operator = new_test_user(self.env, "o", "shopify_connector.group_operator")
        with self.assertRaises(AccessError):
            self.backend.with_user(user).action_audit()
        action = self.backend.with_user(operator).action_audit()
        self.assertEqual(action["res_model"], "shopify.scan")

    def test_cron_audits_connected_stores(self):
        self.env["shopify.backend"]._cron_audit()
        scan = self.env["shopify.scan"].search([("purpose", "=", "audit")])
        self.assertEqual(scan.backend_id, self.backend)


class _Stream(list):
    def __iter__(self):
        rows = super().__iter__()
        while True:
            try:
                yield next(rows)
            except StopIteration:
                return

    def close(self):
        pass
