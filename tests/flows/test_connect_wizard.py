"""Connecting a store step by step: errors next to the field, and nothing half done."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user

from ..common import SHOP, ShopifyCase


class WizardCase(ShopifyCase):
    """A shop in Shopify, and no store for it in Odoo."""

    @classmethod
    def _make_store(cls, shop=None, **values):
        return cls.env["shopify.backend"]

    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env, "shopify_boss", "shopify_connector.group_manager"
        )
        self.wizards = self.env["shopify.connect.wizard"].with_user(self.manager)

    def wizard(self, **values):
        return self.wizards.create(
            {
                "shop_domain": self.shop.domain,
                "client_id": self.shop.app.client_id,
                "client_secret": self.shop.app.client_secret,
                **values,
            }
        )

    def go_on(self, wizard, steps=1):
        with self._own_cursors():
            for _step in range(steps):
                wizard.action_next()

    def checks(self, wizard):
        return {check.key: (check.ok, check.detail) for check in wizard.check_ids}

    def store(self):
        return self.env["shopify.backend"].search(
            [("shop_domain", "=", self.shop.domain)]
        )


class TestStoreStep(WizardCase):
    def test_domain_is_completed_as_it_is_typed(self):
        with Form(self.wizards) as form:
            form.shop_domain = "my-store"
            self.assertEqual(form.shop_domain, "my-store.myshopify.com")
            form.shop_domain = "https://admin.shopify.com/store/other-one/products"
            self.assertEqual(form.shop_domain, "other-one.myshopify.com")
            form.client_id = "x"
            form.client_secret = "y"

    def test_wrong_domain_is_told_next_to_the_field(self):
        with Form(self.wizards) as form:
            form.shop_domain = "www.my-shop.com"
            self.assertIn("my-store.myshopify.com", form.domain_problem)
            form.shop_domain = "fine"
            self.assertFalse(form.domain_problem)
            form.client_id = "x"
            form.client_secret = "y"

    def test_wrong_domain_makes_no_store(self):
        wizard = self.wizard(shop_domain="evil.example.com")

        with self.assertRaises(ValidationError):
            self.go_on(wizard)

        self.assertFalse(self.store())
        self.assertFalse(self.shop.requests)

    def test_missing_credentials_are_named(self):
        for values, text in (
            ({"client_id": False}, "client ID"),
            ({"client_secret": False}, "client secret"),
            ({"auth_kind": "token"}, "access token"),
        ):
            with self.assertRaisesRegex(UserError, text):
                self.go_on(self.wizard(**values))
        self.assertFalse(self.store())

    def test_refused_credentials_are_told_in_plain_words_and_change_nothing(self):
        wizard = self.wizard(client_secret="wrong")

        self.go_on(wizard)

        self.assertEqual(wizard.step, "test")
        ok, detail = self.checks(wizard)["sign_in"]
        self.assertFalse(ok)
        self.assertIn("Shopify refuses", detail)
        self.assertNotIn("wrong", detail)
        self.assertTrue(wizard.failed)
        with self.assertRaisesRegex(UserError, "Signing in doesn't work yet"):
            self.go_on(wizard)
        self.assertEqual(self.store().state, "draft")

    def test_corrected_secret_goes_on(self):
        wizard = self.wizard(client_secret="wrong")
        self.go_on(wizard)
        wizard.action_back()
        wizard.client_secret = self.shop.app.client_secret

        self.go_on(wizard)

        self.assertFalse(wizard.failed)
        self.assertEqual(len(self.store()), 1)

    def test_secret_is_kept_by_the_store_alone(self):
        wizard = self.wizard()

        self.go_on(wizard)

        self.assertFalse(wizard.client_secret)
        self.assertTrue(wizard.has_secret)
        self.assertEqual(self.store().client_secret, self.shop.app.client_secret)

    def test_store_that_is_connected_already_is_named(self):
        self.go_on(self.wizard(), 2)

        with self.assertRaisesRegex(UserError, f"{SHOP} is connected already"):
            self.go_on(self.wizard())

        self.assertEqual(len(self.store()), 1)


class TestFurtherSteps(WizardCase):
    def setUp(self):
        super().setUp()
        self.backend = self.store()

    def test_test_step_shows_what_was_found_and_writes_nothing(self):
        # A port that nothing listens on, whatever else runs on this machine.
        self.env["ir.config_parameter"].set_param("web.base.url", "http://127.0.0.1:9")
        wizard = self.wizard()

        self.go_on(wizard)

        found = self.checks(wizard)
        self.assertEqual(found["currency"], (True, "USD"))
        self.assertEqual(found["version"][0], True)
        self.assertEqual(found["webhooks"][0], False)
        self.assertIn("by schedule only", found["webhooks"][1])
        self.assertFalse(self.shop.mutations_applied)

    def test_missing_scope_is_told_with_what_stays_off(self):
        app = self.shop.app
        self.addCleanup(setattr, app, "scopes", app.scopes)
        app.scopes = app.scopes - {"write_inventory"}
        wizard = self.wizard()

        self.go_on(wizard)

        details = [c.detail for c in wizard.check_ids if not c.ok]
        self.assertIn("write_inventory missing: Push stock stays off", details)
        self.assertFalse(wizard.failed)

    def test_going_on_connects_and_reads_locations(self):
        wizard = self.wizard()

        self.go_on(wizard, 2)

        store = self.store()
        self.assertEqual(wizard.step, "land")
        self.assertEqual(store.state, "connected")
        self.assertTrue(store.location_ids)
        self.assertEqual(wizard.location_ids, store.location_ids)

    def test_choices_made_in_the_wizard_are_the_stores(self):
        wizard = self.wizard()
        self.go_on(wizard, 2)
        with Form(wizard) as form:
            form.order_confirm = "draft"
            self.assertEqual(form.unpaid_orders, "wait")
            form.unpaid_orders = "import"
            with form.location_ids.edit(0) as line:
                line.warehouse_id = self.store().default_warehouse_id
        self.go_on(wizard)
        with Form(wizard) as form:
            with form.flow_ids.edit(0) as line:
                line.policy = "review"
                line.owner_id = self.manager

        store = self.store()
        self.assertEqual(store.order_confirm, "draft")
        self.assertEqual(store.unpaid_orders, "import")
        self.assertEqual(
            store.location_ids[:1].warehouse_id, store.default_warehouse_id
        )
        self.assertEqual(store.flow_ids[:1].policy, "review")
        self.assertEqual(store.flow_ids[:1].owner_id, self.manager)

    def test_wizard_reads_the_store_and_keeps_automatic_as_a_wish(self):
        wizard = self.wizard()
        self.go_on(wizard, 3)
        store = self.store()
        scan = self.env["shopify.scan"].search([("backend_id", "=", store.id)])
        self.assertEqual(scan.purpose, "matching")
        names = store.flow_ids.mapped("flow")
        with Form(wizard) as form:
            for name in ("stock", "products"):
                with form.flow_ids.edit(names.index(name)) as line:
                    line.policy = "automatic"

        by_name = {flow.flow: flow for flow in store.flow_ids}
        self.assertEqual(by_name["products"].policy, "automatic")
        self.assertEqual(by_name["stock"].policy, "review")
        self.assertTrue(by_name["stock"].automatic_when_ready)
        with self.assertRaisesRegex(UserError, "can't run by itself yet"):
            by_name["stock"].policy = "automatic"

    def test_tax_typed_in_the_wizard_is_the_stores(self):
        tax = self.env["account.tax"].create(
            {"name": "VAT 7", "amount": 7.0, "type_tax_use": "sale"}
        )
        wizard = self.wizard()
        self.go_on(wizard, 2)
        with Form(wizard) as form:
            with form.tax_ids.new() as line:
                line.title = "VAT"
                line.rate = 0.07
                line.tax_id = tax

        self.assertEqual(self.store().tax_ids.tax_id, tax)
        self.assertEqual(self.store().tax_ids.key, "VAT|0.07|excluded")

    def test_last_step_says_what_is_ready(self):
        wizard = self.wizard()
        self.go_on(wizard, 4)

        self.assertEqual(wizard.step, "ready")
        self.assertIn("nobody looks after its stops yet", wizard.readiness)
        with self._own_cursors():
            action = wizard.action_done()
        self.assertEqual(action["res_id"], self.store().id)

    def test_left_and_resumed_where_it_was(self):
        self.go_on(self.wizard(), 2)
        action = self.store().with_user(self.manager).action_connect_wizard()

        values = self.wizards.with_context(**action["context"]).default_get(
            ["step", "shop_domain", "client_id", "backend_id", "client_secret"]
        )

        self.assertEqual(values["step"], "land")
        self.assertEqual(values["shop_domain"], self.shop.domain)
        self.assertEqual(values["client_id"], self.shop.app.client_id)
        self.assertFalse(values.get("client_secret"))

    def test_resumed_wizard_goes_on_with_the_next_step(self):
        self.go_on(self.wizard(), 2)
        action = self.store().with_user(self.manager).action_connect_wizard()
        with Form(self.wizards.with_context(**action["context"])) as form:
            form.order_confirm = "draft"
        wizard = form.record

        self.go_on(wizard)

        self.assertEqual(wizard.step, "people")
        self.assertEqual(self.store().order_confirm, "draft")

    def test_connected_store_keeps_its_domain(self):
        self.go_on(self.wizard(), 2)
        wizard = self.wizards.create({"backend_id": self.store().id})

        self.assertTrue(wizard.is_connected)
        wizard.write({"shop_domain": "another", "client_id": "x", "client_secret": "y"})
        with self.assertRaisesRegex(UserError, "keeps its domain"):
            self.go_on(wizard)
