"""Companies (B2B) and their locations: each once in Odoo, with its Odoo ID in Shopify."""

from odoo.exceptions import UserError

from .sync_case import SyncCase

DOCK = {
    "recipient": "Goods In",
    "address1": "3 Dock Road",
    "city": "London",
    "zip": "E16 1AA",
    "countryCode": "GB",
    "phone": "+44 20 7946 0001",
}
DESK = {"address1": "9 Bank Street", "city": "London", "countryCode": "GB"}


class CompanyCase(SyncCase):
    shop_options = {"currency": "USD", "taxesIncluded": False, "_b2b": True}

    def acme(self, name="Acme", **values):
        return self.shop.create_company(name, **values)

    def branch(self, company, name="Harbour", **values):
        values = {"shipping_address": DOCK} | values
        return self.shop.create_company_location(company["id"], name, **values)

    def read(self, *nodes):
        for node in nodes:
            self.ask("customers", node["id"], kind=node["__typename"])
        self.run_syncs()

    def company_link(self, node):
        model = {
            "Company": "shopify.company",
            "CompanyLocation": "shopify.company.location",
        }[node["__typename"]]
        return self.env[model].search([("shopify_gid", "=", node["id"])])

    def partner(self, **values):
        return self.env["res.partner"].create({"name": "Acme Ltd", **values})

    def count(self):
        return self.env["res.partner"].with_context(active_test=False).search_count([])


class TestCompanyImport(CompanyCase):
    def test_company_and_location_become_a_company_with_a_delivery_contact(self):
        company = self.acme(external_id="C-1")
        branch = self.branch(company, external_id="L-1")

        self.read(company, branch)

        partner = self.company_link(company).odoo_id
        place = self.company_link(branch).odoo_id
        self.assertTrue(partner.is_company)
        self.assertEqual(
            (partner.name, partner.ref, partner.parent_id.id, partner.company_id.id),
            ("Acme", "C-1", False, False),
        )
        self.assertFalse(place.is_company)
        self.assertEqual(
            (place.name, place.ref, place.parent_id, place.type, place.phone),
            ("Harbour", "L-1", partner, "delivery", "+44 20 7946 0001"),
        )
        self.assertEqual(
            (place.street, place.city, place.zip, place.country_id.code),
            ("3 Dock Road", "London", "E16 1AA", "GB"),
        )

    def test_location_that_is_billed_only_is_no_delivery_address(self):
        company = self.acme()
        branch = self.branch(company, shipping_address=None, billing_address=DESK)

        self.read(company, branch)

        place = self.company_link(branch).odoo_id
        self.assertEqual((place.type, place.street), ("other", "9 Bank Street"))

    def test_both_carry_their_odoo_id_proven_and_read_back(self):
        company = self.acme()
        branch = self.branch(company)

        self.read(company, branch)

        for node in (company, branch):
            link = self.company_link(node)
            self.assertTrue(link.verified_at)
            self.assertEqual(self.marked(node["id"]), str(link.odoo_id.id))
            self.assertEqual(self.proof(node["id"])["model"], "res.partner")
            self.assertEqual(self.proof(node["id"])["token"], link.token)
            self.assertDone(node["id"], direction="mark")

    def test_second_sync_makes_and_writes_nothing(self):
        company = self.acme(external_id="C-1")
        branch = self.branch(company)
        self.read(company, branch)
        count = self.count()
        self.start_counting()

        self.read(company, branch)

        self.assertDone(company["id"], "unchanged")
        self.assertDone(branch["id"], "unchanged")
        self.assertEqual(self.count(), count)
        self.assertEqual(self.written(), {})

    def test_change_in_shopify_is_noted_and_the_contact_is_left(self):
        company = self.acme()
        branch = self.branch(company)
        self.read(company, branch)

        self.shop.edit_company_location(branch["id"], name="Airport")
        self.read(branch)

        self.assertDone(branch["id"], "unchanged")
        link = self.company_link(branch)
        self.assertEqual(link.odoo_id.name, "Harbour")
        self.assertEqual(link.synced_values["name"], ["Airport", "Harbour"])

    def test_location_waits_for_its_company_and_goes_on_with_it(self):
        company = self.acme()
        branch = self.branch(company)

        self.read(branch)

        row = self.assertReview(branch["id"], "company_not_imported")
        self.assertEqual(row.wait_ids.mapped("key"), [f"company:{company['id']}"])
        self.assertFalse(self.company_link(branch))

        self.read(company)

        self.assertDone(branch["id"])
        self.assertEqual(
            self.company_link(branch).odoo_id.parent_id,
            self.company_link(company).odoo_id,
        )

    def test_country_that_odoo_lacks_stops_and_writes_nothing(self):
        company = self.acme()
        branch = self.branch(company, shipping_address={**DOCK, "countryCode": "ZZ"})
        self.read(company)
        count = self.count()

        self.read(branch)

        self.assertReview(branch["id"], "country_unknown")
        self.assertEqual(self.count(), count)

    def test_review_asks_before_a_company_is_made(self):
        self.set_policy("customers", "review")
        company = self.acme()

        self.read(company)

        self.assertReview(company["id"], "to_accept")
        self.assertFalse(self.company_link(company))


class TestCompanyIdentity(CompanyCase):
    def test_same_external_reference_links_and_changes_nothing_else(self):
        partner = self.partner(ref=" C-1 ", is_company=True)
        company, count = self.acme(external_id="C-1"), self.count()

        self.read(company)

        self.assertDone(company["id"])
        self.assertEqual(self.company_link(company).odoo_id, partner)
        self.assertEqual(self.count(), count)
        self.assertEqual((partner.name, partner.ref), ("Acme Ltd", " C-1 "))

    def test_same_name_alone_is_another_company(self):
        partner = self.partner(name="Acme", is_company=True)
        company = self.acme("Acme")

        self.read(company)

        self.assertNotEqual(self.company_link(company).odoo_id, partner)

    def test_company_is_no_address_and_a_location_no_company(self):
        parent = self.partner(ref="A-1", is_company=True)
        child = self.partner(name="Dock", ref="B-1", parent_id=parent.id)
        company = self.acme(external_id="B-1")
        branch = self.branch(company, external_id="A-1")

        self.read(company, branch)

        self.assertNotEqual(self.company_link(company).odoo_id, child)
        self.assertNotEqual(self.company_link(branch).odoo_id, parent)

    def test_location_is_found_by_its_reference(self):
        parent = self.partner(ref="C-1", is_company=True)
        child = self.partner(name="Dock", ref="L-1", parent_id=parent.id)
        company = self.acme(external_id="C-1")
        branch = self.branch(company, external_id="L-1")

        self.read(company, branch)

        self.assertEqual(self.company_link(company).odoo_id, parent)
        self.assertEqual(self.company_link(branch).odoo_id, child)

    def test_place_of_another_company_with_the_same_reference_is_another(self):
        other = self.partner(name="Elsewhere", ref="C-9", is_company=True)
        theirs = self.partner(name="Dock", ref="MAIN", parent_id=other.id)
        company = self.acme(external_id="C-1")
        branch = self.branch(company, external_id="MAIN")

        self.read(branch)
        self.assertReview(branch["id"], "company_not_imported")
        self.read(company)

        place = self.company_link(branch).odoo_id
        self.assertNotEqual(place, theirs)
        self.assertEqual(place.parent_id, self.company_link(company).odoo_id)

    def test_two_contacts_of_one_reference_stop_and_are_both_named(self):
        first, second = self.partner(ref="C-1"), self.partner(ref="C-1")
        company, count = self.acme(external_id="C-1"), self.count()

        self.read(company)

        row = self.assertReview(company["id"], "ambiguous_match")
        self.assertEqual(
            row.reason_params["candidates"],
            [f"res.partner {first.id}", f"res.partner {second.id}"],
        )
        self.assertEqual(self.count(), count)

    def test_contact_of_another_company_of_shopify_stops(self):
        partner = self.partner(ref="C-1")
        first = self.acme(external_id="C-1")
        self.read(first)
        self.shop.edit_company(first["id"], externalId="C-9")
        second = self.acme("Acme 2", external_id="C-1")

        self.read(second)

        row = self.assertReview(second["id"], "match_taken")
        self.assertEqual(row.reason_params["other"], first["id"])
        self.assertEqual(self.company_link(first).odoo_id, partner)

    def test_a_store_that_matches_by_no_reference_makes_a_new_company(self):
        partner = self.partner(ref="C-1")
        self.backend.match_key_ids.filtered(lambda key: key.key == "external").write(
            {"active": False}
        )
        company = self.acme(external_id="C-1")

        self.read(company)

        self.assertNotEqual(self.company_link(company).odoo_id, partner)

    def test_copied_mark_stops_and_names_the_original(self):
        first, second = self.acme("Acme"), self.acme("Copy")
        self.read(first)
        self.mark(second["id"], self.marked(first["id"]), self.proof(first["id"]))
        count = self.count()

        self.read(second)

        self.assertReview(second["id"], "identity_copied")
        self.assertEqual(self.count(), count)

    def test_contact_may_be_a_customer_and_a_company_of_one_store(self):
        customer = self.shop.create_customer(email="a@example.com", first_name="Ada")
        self.read_again("customers", customer["id"])
        partner = self.customer_link(customer).odoo_id
        partner.ref = "C-1"
        company = self.acme(external_id="C-1")

        self.read(company)

        self.assertEqual(self.company_link(company).odoo_id, partner)
        self.assertEqual(self.marked(company["id"]), str(partner.id))
        self.assertEqual(self.marked(customer["id"]), str(partner.id))

    def test_cleared_mark_is_written_again(self):
        company = self.acme()
        self.read(company)
        self.mark(company["id"])

        self.read(company)

        link = self.company_link(company)
        self.assertEqual(self.marked(company["id"]), str(link.odoo_id.id))

    def test_lost_link_is_restored_by_the_mark(self):
        company = self.acme()
        self.read(company)
        partner = self.company_link(company).odoo_id
        self.env.cr.execute("DELETE FROM shopify_company")
        self.env.invalidate_all()
        count = self.count()

        self.read(company)

        self.assertEqual(self.company_link(company).odoo_id, partner)
        self.assertEqual(self.count(), count)

    def test_id_that_another_company_holds_is_refused_and_says_so(self):
        first, second = self.acme("Acme"), self.acme("Other")
        self.ask("customers", first["id"], kind="Company")
        self.drain("records")
        link = self.company_link(first)
        self.mark(second["id"], str(link.odoo_id.id))

        self.run_syncs()

        row = self.row(first["id"], "mark")
        self.assertEqual((row.state, row.reason_code), ("review", "mark_refused"))
        self.assertEqual(row.reason_params["other"], "another record")


class TestCompanyAccidents(CompanyCase):
    def test_lost_answer_of_the_mark_marks_once(self):
        company = self.acme()
        self.shop.fault("reset_after", operation="metafieldsSet")
        self.ask("customers", company["id"], kind="Company")
        self.run_syncs()

        self.time_passes(self.row(company["id"], "mark"))
        self.wake()
        self.run_syncs()

        self.assertTrue(self.company_link(company).verified_at)
        self.assertEqual(self.written(), {"metafieldsSet": 1})

    def test_deleted_in_shopify_keeps_the_link_and_says_so(self):
        company = self.acme()
        branch = self.branch(company)
        self.read(company, branch)
        self.shop.delete_company(company["id"])

        self.read(company, branch)

        for node in (company, branch):
            link = self.company_link(node)
            self.assertTrue(link.gone_at)
            self.assertTrue(link.odoo_id.active)

    def test_weekly_comparison_finds_a_deleted_one(self):
        company = self.acme()
        self.read(company)
        self.shop.delete_company(company["id"])

        with self.backend._client() as client:
            self.backend._compare_linked(client)
        self.run_syncs()

        self.assertTrue(self.company_link(company).gone_at)

    def test_withheld_companies_stop_and_are_not_gone(self):
        company = self.acme()
        self.read(company)
        self.shop.set_b2b(False)

        self.read(company)

        row = self.row(company["id"])
        self.assertEqual((row.state, row.reason_code), ("review", "scope_missing"))
        self.assertFalse(self.company_link(company).gone_at)

    def test_missing_scope_stops_and_is_not_gone(self):
        company = self.acme()
        self.read(company)
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        self.shop.set_scopes(
            [s for s in granted if "customers" not in s and "companies" not in s]
        )

        self.read(company)

        row = self.row(company["id"])
        self.assertEqual(row.reason_code, "scope_missing")
        self.assertFalse(self.company_link(company).gone_at)


class TestCompaniesOfAStore(CompanyCase):
    def test_definitions_and_topics_are_there(self):
        kinds = {owner for owner, _namespace, _key in self.shop.definitions}
        topics = {one["topic"] for one in self.shop.of_type("WebhookSubscription")}

        self.assertLessEqual({"COMPANY", "COMPANY_LOCATION"}, kinds)
        self.assertLessEqual(
            {
                f"{what}_{act}"
                for what in ("COMPANIES", "COMPANY_LOCATIONS")
                for act in ("CREATE", "UPDATE", "DELETE")
            },
            topics,
        )

    def test_altered_definition_is_mended(self):
        key = next(key for key in self.shop.definitions if key[0] == "COMPANY")
        self.shop.definitions[key]["access"]["admin"] = "MERCHANT_READ_WRITE"

        self.backend._heal()

        self.assertEqual(self.shop.definitions[key]["access"]["admin"], "MERCHANT_READ")

    def test_lists_of_changes_find_them_without_webhooks(self):
        company = self.acme()
        branch = self.branch(company)

        counts = self.backend._reconcile(hours=2, flows=["customers"])
        self.run_syncs()

        self.assertEqual(counts["companies"], {"listed": 1, "triggered": 1})
        self.assertEqual(counts["company_locations"], {"listed": 1, "triggered": 1})
        self.assertTrue(self.company_link(company))
        self.assertTrue(self.company_link(branch))

    def test_contact_can_neither_be_deleted_nor_change_company(self):
        company = self.acme()
        self.read(company)
        partner = self.company_link(company).odoo_id

        with self.assertRaisesRegex(UserError, "it can't be deleted"):
            partner.unlink()
        with self.assertRaisesRegex(UserError, "it can't belong to"):
            partner.company_id = self.env["res.company"].create({"name": "Other"})

    def test_link_cannot_be_made_or_changed_by_hand(self):
        company = self.acme()
        self.read(company)
        link, other = self.company_link(company), self.partner()

        with self.assertRaisesRegex(UserError, "by hand"):
            link.sudo().odoo_id = other
        with self.assertRaisesRegex(UserError, "by hand"):
            link.sudo().unlink()
        with self.assertRaisesRegex(UserError, "by hand"):
            link.sudo().create(
                {
                    "backend_id": self.backend.id,
                    "shopify_gid": "gid://shopify/Company/1",
                    "odoo_id": other.id,
                }
            )

    def merge(self, src, dst):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((src | dst).ids, dst, extra_checks=False)
        self.env.invalidate_all()

    def test_merged_contacts_keep_the_link_and_its_new_id_is_written(self):
        company, kept = self.acme(), self.partner()
        self.read(company)

        self.merge(self.company_link(company).odoo_id, kept)
        self.run_syncs()

        self.assertEqual(self.company_link(company).odoo_id, kept)
        self.assertEqual(self.marked(company["id"]), str(kept.id))

    def test_two_companies_of_a_store_are_never_merged(self):
        first, second = self.acme("Acme"), self.acme("Bolt")
        self.read(first, second)
        partners = [self.company_link(each).odoo_id for each in (first, second)]

        with self.assertRaisesRegex(UserError, "different companies"):
            self.merge(*partners)

        self.assertEqual(len(partners[0].exists() | partners[1].exists()), 2)


class TestShopWithoutCompanies(CompanyCase):
    shop_options = {"currency": "USD", "taxesIncluded": False}

    def test_connects_without_them_and_asks_for_none(self):
        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.backend.has_companies)
        kinds = {owner for owner, _namespace, _key in self.shop.definitions}
        topics = {one["topic"] for one in self.shop.of_type("WebhookSubscription")}
        self.assertFalse({"COMPANY", "COMPANY_LOCATION"} & kinds)
        self.assertFalse([topic for topic in topics if topic.startswith("COMPAN")])
        self.assertNotIn("companies", self.backend._reconcile(flows=["customers"]))

    def test_when_they_appear_they_are_prepared_for_and_read(self):
        self.shop.set_b2b()
        company = self.acme()

        self.backend._check()
        self.run_syncs()
        self.backend._heal()

        self.assertTrue(self.backend.has_companies)
        self.assertTrue(self.company_link(company).verified_at)
        topics = {one["topic"] for one in self.shop.of_type("WebhookSubscription")}
        self.assertIn("COMPANIES_CREATE", topics)
        events = self.env["shopify.event"].search([("outcome", "=", "companies")])
        self.assertEqual(
            events.mapped("message"),
            ["The shop has companies (B2B): they are synced too."],
        )

    def test_when_they_go_the_links_are_kept_and_the_store_works(self):
        self.shop.set_b2b()
        company = self.acme()
        self.backend._check()
        self.run_syncs()
        self.shop.set_b2b(False)

        self.backend._check()
        self.run_syncs()

        self.assertFalse(self.backend.has_companies)
        self.assertEqual(self.backend.state, "connected")
        self.assertFalse(self.company_link(company).gone_at)
        self.assertFalse(any(self.backend.flow_ids.mapped("paused_at")))


class TestCompanyMatching(CompanyCase):
    """The worksheet, the gate's neighbours, and what reads the whole store."""

    def scan(self, purpose="matching"):
        scan = self.backend._scan(purpose)
        for _each in range(60):
            if scan.state in ("done", "failed"):
                break
            self.jobs_come_due()
            self.run_syncs()
        self.assertEqual(scan.state, "done", scan.part_ids.mapped("message"))
        return scan

    def match(self, scan, node):
        return self.env["shopify.match"].search(
            [("scan_id", "=", scan.id), ("shopify_gid", "=", node["id"])]
        )

    def test_worksheet_shows_both_with_what_they_are_known_by(self):
        partner = self.partner(ref="C-1")
        company = self.acme(external_id="C-1")
        branch = self.branch(company, external_id="L-1")

        scan = self.scan()

        row, below = self.match(scan, company), self.match(scan, branch)
        self.assertEqual(
            (row.shopify_type, row.name, row.verdict, row.odoo_id, row.key_used),
            ("Company", "Acme", "proposed", partner.id, "external"),
        )
        self.assertEqual(
            (below.shopify_type, below.parent_gid, below.verdict, below.reference),
            ("CompanyLocation", company["id"], "only_shopify", "L-1"),
        )
        self.assertEqual(below.facts["company"], "Acme")
        self.assertEqual(below.facts["city"], "London")

    def test_worksheet_knows_a_company_from_its_location(self):
        parent = self.partner(ref="A-1", is_company=True)
        self.partner(name="Dock", ref="B-1", parent_id=parent.id)
        company = self.acme(external_id="B-1")
        branch = self.branch(company, external_id="A-1")

        scan = self.scan()

        self.assertEqual(self.match(scan, company).verdict, "only_shopify")
        self.assertEqual(self.match(scan, branch).verdict, "only_shopify")

    def test_accepting_a_proposal_links_and_marks(self):
        partner = self.partner(ref="C-1")
        company = self.acme(external_id="C-1")
        row = self.match(self.scan(), company)

        row.action_accept()
        self.run_syncs()

        self.assertEqual(self.company_link(company).odoo_id, partner)
        self.assertEqual(self.marked(company["id"]), str(partner.id))

    def test_place_below_another_company_is_not_accepted(self):
        own = self.partner(ref="C-1", is_company=True)
        other = self.partner(name="Elsewhere", is_company=True)
        theirs = self.partner(name="Dock", ref="MAIN", parent_id=other.id)
        company = self.acme(external_id="C-1")
        branch = self.branch(company, external_id="MAIN")
        scan = self.scan()
        row = self.match(scan, branch)
        self.assertEqual((row.verdict, row.odoo_id), ("proposed", theirs.id))

        (row | self.match(scan, company)).action_accept()

        self.assertEqual(self.company_link(company).odoo_id, own)
        self.assertFalse(self.company_link(branch))
        self.assertIn("isn't below Acme Ltd", row.decision_error)

        theirs.parent_id = own
        row.action_accept()
        self.assertEqual(self.company_link(branch).odoo_id, theirs)

    def test_two_of_one_reference_are_listed_side_by_side(self):
        partners = self.partner(ref="C-1") | self.partner(ref="C-1")
        company = self.acme(external_id="C-1")

        row = self.match(self.scan(), company)

        self.assertEqual(row.verdict, "ambiguous")
        self.assertEqual(
            sorted(row.candidate_ids.mapped("odoo_id")), sorted(partners.ids)
        )

    def test_linked_ones_are_shown_as_linked(self):
        company = self.acme()
        branch = self.branch(company)
        self.read(company, branch)
        partner = self.company_link(company).odoo_id

        scan = self.scan()

        # It is no customer that Shopify lacks.
        self.assertFalse(
            scan.match_ids.filtered(
                lambda row: row.odoo_id == partner.id and row.shopify_type == "Customer"
            )
        )

        self.assertEqual(self.match(scan, company).verdict, "linked")
        self.assertEqual(self.match(scan, branch).verdict, "linked")

    def test_rebuild_restores_lost_links_and_makes_nothing(self):
        company = self.acme()
        branch = self.branch(company)
        self.read(company, branch)
        partners = [self.company_link(each).odoo_id for each in (company, branch)]
        self.env.cr.execute("DELETE FROM shopify_company_location")
        self.env.cr.execute("DELETE FROM shopify_company")
        self.env.invalidate_all()
        count = self.count()

        self.scan("rebuild")

        self.assertEqual(
            [self.company_link(each).odoo_id for each in (company, branch)], partners
        )
        self.assertEqual(self.count(), count)

    def test_audit_finds_a_cleared_mark(self):
        company = self.acme()
        self.read(company)
        self.mark(company["id"])

        scan = self.scan("audit")

        findings = self.env["shopify.audit.finding"].search(
            [("scan_id", "=", scan.id), ("shopify_gid", "=", company["id"])]
        )
        self.assertEqual(findings.mapped("kind"), ["missing"])


class TestCompanyLinksByHand(CompanyCase):
    def test_chosen_in_the_wizard(self):
        chosen, _other = self.partner(ref="C-1"), self.partner(ref="C-1")
        company = self.acme(external_id="C-1")
        self.read(company)
        row = self.assertReview(company["id"], "ambiguous_match")

        wizard = self.env["shopify.link.wizard"].create(
            self.env["shopify.link.wizard"]
            .with_context(default_sync_id=row.id)
            .default_get(["sync_id", "line_ids"])
        )
        self.assertTrue(wizard.has_contacts)
        wizard.line_ids.partner_id = chosen
        wizard.action_link()
        self.run_syncs()

        self.assertEqual(self.company_link(company).odoo_id, chosen)
        self.assertDone(company["id"], "unchanged")

    def test_relinked_by_a_person_carries_the_new_id(self):
        company, other = self.acme(), self.partner()
        self.read(company)

        self.company_link(company)._relink(other, "It is them")
        self.run_syncs()

        self.assertEqual(self.company_link(company).odoo_id, other)
        self.assertEqual(self.marked(company["id"]), str(other.id))

    def test_unlinked_by_a_person_stays_apart(self):
        company = self.acme()
        self.read(company)

        self.company_link(company)._unlink_chosen("None of ours")
        self.run_syncs()
        self.read(company)

        self.assertFalse(self.company_link(company))
        self.assertIsNone(self.marked(company["id"]))
        self.assertReview(company["id"], "unlinked_by_hand")
