"""The report for support: whole enough to help, and nobody's data in it."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.sale.models.sale_order import SaleOrder

from ..common import ShopifyHttpCase
from .sync_case import SyncCase

# One of each kind of data that a report must never hold.
PLANTED = {
    "first name": "Adalberta",
    "last name": "Byronovska",
    "e-mail": "adalberta@byronovska.example",
    "phone": "+31612345678",
    "street": "17 Planted Avenue",
    "city": "Springfieldville",
    "zip": "62719",
    "note": "Leave it at the blue gate",
    "company": "Byronovska Holding",
}
TOKEN = "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"


class SupportCase(SyncCase):
    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        self.operator = self.someone("operator")
        self.user = self.someone("user")
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "131.17"}])
        self.variants["BELT"] = belt["variants"][0]
        address = {
            "firstName": PLANTED["first name"],
            "lastName": PLANTED["last name"],
            "company": PLANTED["company"],
            "address1": PLANTED["street"],
            "city": PLANTED["city"],
            "zip": PLANTED["zip"],
            "phone": PLANTED["phone"],
            "countryCodeV2": "US",
            "provinceCode": "IL",
        }
        self.buyer = self.shop.create_customer(
            firstName=PLANTED["first name"],
            lastName=PLANTED["last name"],
            email=PLANTED["e-mail"],
        )
        self.planted = {
            "customer": self.buyer["id"],
            "email": PLANTED["e-mail"],
            "shipping_address": address,
            "billing_address": address,
            "overrides": {"note": PLANTED["note"]},
        }

    def someone(self, role):
        return new_test_user(
            self.env, f"support_{role}", f"shopify_connector.group_{role}"
        )

    def keep_for(self, days):
        self.env["ir.config_parameter"].set_param("shopify_connector.bodies_days", days)

    def stopped(self, lines=(("BELT", 1),)):
        order = self.order(list(lines), **self.planted)
        self.sync(order)
        return self.row(order["id"])

    def kept(self, row):
        return self.env["shopify.kept.request"].search(
            [("subject", "=", row._subject_name())]
        )

    def reports(self, row):
        """Every form of the report, for everyone who may have one."""
        found = []
        for user in (self.operator, self.user):
            for kind in ("txt", "json"):
                self.env.invalidate_all()
                found.append(row.with_user(user)._support_report(kind))
        return found

    def assertNothingLeaks(self, row, *more):
        secrets = [
            self.backend.client_secret,
            self.backend.webhook_key,
            self.backend.access_token,
            TOKEN,
            *more,
        ]
        amounts = [f"{row.amount:.2f}"] if row.amount else []
        kept = [json.dumps([r.variables, r.answer]) for r in self.kept(row)]
        for text in [*self.reports(row), *kept]:
            for value in [*PLANTED.values(), *filter(None, secrets), *amounts]:
                self.assertNotIn(value, text)
                # Nor its words alone.
                for word in str(value).split():
                    if len(word) > 4:
                        self.assertNotIn(word, text)


class TestSupportReport(SupportCase):
    def test_report_names_versions_store_reason_attempts_and_requests(self):
        row = self.stopped()
        facts = json.loads(row.with_user(self.operator)._support_report("json"))

        self.assertEqual(facts["versions"]["shopify_api"], "2026-10")
        self.assertTrue(facts["versions"]["odoo"].startswith("19.0"))
        self.assertTrue(facts["versions"]["module"].startswith("19.0"))
        self.assertEqual(facts["store"]["domain"], self.backend.shop_domain)
        self.assertEqual(facts["reason"], "variant_unmapped")
        self.assertEqual(facts["attempts"], 1)
        self.assertEqual(facts["subject"], f"in/Order/{row.subject_key}")
        self.assertIn(f"variant:{self.variants['BELT']}", facts["waits_on"])
        self.assertEqual(facts["history"][0]["outcome"], "variant_unmapped")
        self.assertTrue(facts["history"][0]["request"])
        self.assertIn("not kept", facts["requests"][0])

    def test_nothing_is_kept_unless_asked_for(self):
        row = self.stopped()

        self.assertFalse(self.kept(row))
        self.assertFalse(self.env["shopify.kept.request"].search_count([]))

    def test_stop_keeps_its_request_and_answer_cleaned(self):
        self.keep_for(7)
        row = self.stopped()
        kept = self.kept(row)

        self.assertTrue(kept)
        self.assertEqual(set(kept.mapped("status")), {200})
        self.assertIn("orders/import", kept.mapped("operation"))
        read = kept.filtered(lambda r: r.operation == "orders/import")[:1]
        self.assertIn(row.subject_key, json.dumps(read.variables))
        [node] = read.answer
        self.assertEqual(node["id"], row.subject_key)
        self.assertEqual(node["lineItems"]["nodes"][0]["quantity"], 1)
        self.assertNothingLeaks(row)

    def test_what_went_well_keeps_nothing(self):
        self.keep_for(7)
        row = self.stopped([("SHIRT", 1)])

        self.assertEqual(row.state, "done")
        self.assertFalse(self.kept(row))

    def test_next_stop_of_a_record_replaces_what_was_kept(self):
        self.keep_for(7)
        row = self.stopped()
        before = self.kept(row)
        row.action_retry()
        self.run_syncs()

        after = self.kept(row)
        self.assertEqual(len(before), len(after))
        self.assertFalse(before & after)

    def test_kept_requests_go_after_their_days_or_when_switched_off(self):
        self.keep_for(7)
        row = self.stopped()
        store = self.env["shopify.backend"]
        store._cron_retention()
        self.assertTrue(self.kept(row))
        self.env.cr.execute(
            "UPDATE shopify_kept_request SET create_date = create_date - %s",
            [timedelta(days=8)],
        )
        self.env.invalidate_all()
        store._cron_retention()
        self.assertFalse(self.kept(row))

        self.keep_for(7)
        row.action_retry()
        self.run_syncs()
        self.keep_for(0)
        self.env.cr.execute(
            "UPDATE shopify_kept_request SET create_date = create_date - %s",
            [timedelta(hours=1)],
        )
        store._cron_retention()
        self.assertFalse(self.kept(row))

    def test_defect_shows_where_it_broke_and_not_whose_data_broke_it(self):
        self.keep_for(7)
        said = f"no way for {' '.join(PLANTED.values())} with {TOKEN} of 131.17 EUR"

        def broken(_orders):
            raise ValueError(said)

        with (
            patch.object(SaleOrder, "action_confirm", broken),
            mute_logger("odoo.addons.shopify_connector.models.shopify_sync_run"),
        ):
            row = self.stopped([("SHIRT", 1)])

        self.assertEqual(row.reason_code, "defect")
        text = row.with_user(self.operator).support_text
        self.assertIn("in broken", text)
        self.assertIn("ValueError: no ", text)
        self.assertIn("fingerprint: ValueError@", text)
        self.assertNothingLeaks(row)

    def test_write_with_personal_values_is_shown_without_them(self):
        row = self.stopped()
        self.env["shopify.mutation"].create(
            {
                "uuid": "0" * 32,
                "backend_ref": self.backend.id,
                "company_ref": self.company.id,
                "operation": "customers/update",
                "subjects": [row._subject_name()],
                "state": "unknown",
                "created_at": "2026-11-24 09:12:00",
                "request_id": "req-unknown",
                "error": f"no answer for {PLANTED['e-mail']}",
                "variables": {
                    "input": {"id": self.buyer["id"], **PLANTED, "token": TOKEN}
                },
                "answer": {
                    "customerUpdate": {
                        "userErrors": [
                            {
                                "field": ["input", "email"],
                                "code": "TAKEN",
                                "message": f"{PLANTED['e-mail']} is taken",
                            }
                        ]
                    }
                },
            }
        )
        [write] = json.loads(row.with_user(self.operator)._support_report("json"))[
            "writes"
        ]

        self.assertEqual(write["state"], "unknown")
        self.assertEqual(write["request"], "req-unknown")
        self.assertEqual(write["variables"]["input"]["id"], self.buyer["id"])
        [error] = write["answer"]["customerUpdate"]["userErrors"]
        self.assertEqual((error["field"], error["code"]), (["input", "email"], "TAKEN"))
        self.assertNothingLeaks(row)

    def test_every_parameter_of_a_reason_may_hold_planted_values(self):
        row = self.stopped()
        for name in ("variant", "problem", "detail", "other", "summary", "fields"):
            row.reason_params = {
                "variant": "BELT",
                name: f"{PLANTED['first name']} {TOKEN}",
                "total": "131.17 EUR",
                "list": list(PLANTED.values()),
            }
            self.assertNothingLeaks(row, "131.17")

    def test_customers_own_row_leaks_nothing_either(self):
        self.stopped([("SHIRT", 1)])
        self.read_again("customers", self.buyer["id"])

        self.assertNothingLeaks(self.row(self.buyer["id"]))
        self.assertIn(PLANTED["first name"], self.row(self.buyer["id"]).record_name)

    def test_requests_and_parameters_are_for_operators(self):
        self.keep_for(7)
        row = self.stopped()
        facts = json.loads(row.with_user(self.user)._support_report("json"))

        self.assertFalse({"params", "requests", "traceback"} & set(facts))
        self.assertEqual(facts["reason"], "variant_unmapped")
        with self.assertRaises(AccessError):
            self.kept(row).with_user(self.user).read(["answer"])

    def test_setting_is_off_by_default_and_never_below_zero(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.shopify_bodies_days, 0)
        settings.shopify_bodies_days = -3
        settings.execute()

        self.assertEqual(self.backend._parameter("bodies_days"), 0)
        self.assertFalse(self.env["shopify.kept.request"]._keeps())


class TestSupportFile(ShopifyHttpCase):
    def setUp(self):
        super().setUp()
        self.row = self.env["shopify.sync"].create(
            {
                "backend_id": self.backend.id,
                "flow": "orders",
                "direction": "in",
                "drain_group": "records",
                "subject_type": "Order",
                "subject_key": "gid://shopify/Order/4711",
                "state": "review",
                "reason_code": "to_accept",
                "reason_params": {"summary": "one line"},
            }
        )
        for login, company in (("fetcher", self.company), ("stranger", None)):
            company = company or self.env["res.company"].create({"name": "Elsewhere"})
            new_test_user(
                self.env,
                login,
                "shopify_connector.group_operator",
                password=login * 2,
                company_id=company.id,
                company_ids=[(6, 0, company.ids)],
            )

    def fetch(self, login, kind):
        self.authenticate(login, login and login * 2)
        return self.url_open(f"/shopify/support/{self.row.id}/{kind}")

    def test_report_is_fetched_as_text_and_as_json(self):
        for kind, mime in (("txt", "text/plain"), ("json", "application/json")):
            with self.subTest(kind):
                answer = self.fetch("fetcher", kind)

                self.assertEqual(answer.status_code, 200)
                self.assertIn(mime, answer.headers["Content-Type"])
                self.assertIn("attachment", answer.headers["Content-Disposition"])
                self.assertIn("gid://shopify/Order/4711", answer.text)

    def test_report_of_another_company_is_not_found(self):
        with mute_logger("odoo.http"):
            self.assertEqual(self.fetch("stranger", "txt").status_code, 404)
            self.assertEqual(self.fetch("fetcher", "exe").status_code, 404)

    def test_report_asks_for_a_login(self):
        answer = self.fetch(None, "txt")

        self.assertNotIn("gid://shopify/Order/4711", answer.text)

    def test_button_leads_to_the_file(self):
        url = self.row.with_context(report_kind="json").action_download_report()["url"]

        self.assertEqual(url, f"/shopify/support/{self.row.id}/json")
