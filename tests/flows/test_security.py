"""Who may do what, tried by calling methods directly: a hidden button stops nobody."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..common import ShopifyCase

GID = "gid://shopify/Order/4711"
OPEN_TO_NOBODY = (
    "shopify.bucket",
    "shopify.claim",
    "shopify.lease",
    "shopify.token",
)
# Models without a company of their own: kept from everybody, or one's own only.
WITHOUT_COMPANY_RULE = OPEN_TO_NOBODY


class SecurityCase(ShopifyCase):
    """A stopped sync of a store, and users of each role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._user("clerk", "base.group_user")
        cls.user = cls._user("looker", "shopify_connector.group_user")
        cls.operator = cls._user("operator", "shopify_connector.group_operator")
        cls.manager = cls._user("manager", "shopify_connector.group_manager")

    @classmethod
    def _user(cls, login, groups, **values):
        return new_test_user(cls.env, f"shopify_{login}", groups, **values)

    def setUp(self):
        super().setUp()
        self.run_syncs()
        self.row = self.stopped_row()

    def stopped_row(self, backend=None, gid=GID, **values):
        return self.env["shopify.sync"].create(
            {
                "backend_id": (backend or self.backend).id,
                "flow": "orders",
                "direction": "in",
                "drain_group": "records",
                "subject_type": "Order",
                "subject_key": gid,
                "record_name": "#1042",
                "state": "review",
                "reason_code": "to_accept",
                "reason_params": {"summary": "one line"},
                "cause_key": "to_accept",
                "headline": "Waits to be accepted",
                "nature": "data",
                "attempt_count": 1,
                **values,
            }
        )

    def triggers(self):
        return self.env["shopify.trigger"].search([("subject_key", "=", GID)])

    def assertRefused(self, call, text=""):
        """The call raises AccessError in plain words and changes nothing."""
        before = self.row.read(["state", "owner_id", "next_attempt_at", "close_reason"])
        with (
            mute_logger(
                "odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule"
            ),
            self.assertRaisesRegex(AccessError, text),
            self.cr.savepoint(),
        ):
            call()
        self.env.invalidate_all()
        self.assertEqual(
            self.row.read(["state", "owner_id", "next_attempt_at", "close_reason"]),
            before,
        )
        self.assertFalse(self.triggers())


class TestRoles(SecurityCase):
    def test_clerk_reads_nothing_of_the_connector(self):
        for model in self.env.registry:
            if model.startswith("shopify.") and not self.env[model]._abstract:
                self.assertFalse(
                    self.env[model].with_user(self.clerk).has_access("read"), model
                )

    def test_clerk_cant_retry(self):
        self.assertRefused(lambda: self.row.with_user(self.clerk).action_retry())

    def test_user_retries(self):
        self.row.with_user(self.user).action_retry()

        self.assertEqual(self.triggers().mapped("cause"), ["retry"])
        self.assertEqual(self.triggers().user_id, self.user.id)

    def test_user_cant_accept_close_postpone_or_hand_over(self):
        row = self.row.with_user(self.user)

        self.assertRefused(row.action_accept, "Only Shopify operators")
        self.assertRefused(
            lambda: row.action_close("because"), "Only Shopify operators"
        )
        self.assertRefused(lambda: row.action_postpone(1), "Only Shopify operators")
        self.assertRefused(
            lambda: row.action_hand_over(self.user), "Only Shopify operators"
        )
        self.assertRefused(row.action_ask, "Only Shopify operators")
        self.assertRefused(row.action_link, "Only Shopify operators")

    def test_operator_accepts(self):
        self.row.with_user(self.operator).action_accept()

        self.assertEqual(self.triggers().mapped("cause"), ["accepted"])

    def test_operator_closes_postpones_and_hands_over(self):
        row = self.row.with_user(self.operator)

        row.action_hand_over(self.user)
        self.assertEqual(self.row.owner_id, self.user)
        row.action_postpone(2)
        self.assertEqual(self.row.state, "waiting")
        row.action_close("Not ours")
        self.assertEqual(self.row.state, "cancelled")
        self.assertEqual(self.row.close_reason, "Not ours")

    def test_closing_needs_a_reason(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.row.with_user(self.operator).action_close(" ")

    def test_nobody_writes_the_engines_books_by_hand(self):
        for user in (self.user, self.operator, self.manager):
            row = self.row.with_user(user)
            self.assertRefused(lambda row=row: row.write({"state": "done"}))
            self.assertRefused(row.unlink)
            for model in ("shopify.event", "shopify.trigger", "shopify.mutation"):
                book = self.env[model].with_user(user)
                self.assertFalse(book.has_access("create"), model)
                self.assertFalse(book.has_access("write"), model)
                self.assertFalse(book.has_access("unlink"), model)

    def test_only_a_manager_sets_a_store_up(self):
        for user in (self.user, self.operator):
            backend = self.backend.with_user(user)
            self.assertRefused(lambda backend=backend: backend.write({"name": "Mine"}))
            self.assertRefused(backend.action_connect, "Only Shopify managers")
            self.assertRefused(backend.action_copy_wizard, "Only Shopify managers")
            self.assertRefused(backend.action_connect_wizard, "Only Shopify managers")
            flow = backend.flow_ids[:1]
            self.assertRefused(lambda flow=flow: flow.write({"policy": "off"}))

        self.backend.with_user(self.manager).write({"name": "Renamed"})
        self.assertEqual(self.backend.name, "Renamed")

    def test_refused_take_over_sends_nothing_to_shopify(self):
        sent = len(self.shop.requests)

        with self.assertRaises(AccessError), self._own_cursors():
            self.backend.with_user(self.operator)._become_live("mine")

        self.assertEqual(len(self.shop.requests), sent)

    def test_user_cant_resume_a_flow_but_an_operator_can(self):
        flow = self.backend.flow_ids[:1]
        flow.write({"paused_at": "2026-01-01", "paused_message": "Broken"})

        self.assertRefused(flow.with_user(self.user).action_resume, "operators")
        self.assertTrue(flow.paused_at)
        flow.with_user(self.operator).action_resume()

        self.assertFalse(flow.paused_at)

    def test_secrets_are_closed_below_managers_on_every_route(self):
        for user in (self.user, self.operator):
            backend = self.backend.with_user(user)
            for name in ("client_secret", "access_token", "webhook_key", "client_id"):
                with self.assertRaises(AccessError):
                    backend.read([name])
                with self.assertRaises(AccessError):
                    backend.search([(name, "=like", "s%")])
                self.assertNotIn(name, backend.read()[0])

    def test_wizards_that_decide_are_closed_to_users(self):
        for model in ("shopify.link.wizard", "shopify.sync.act"):
            self.assertFalse(self.env[model].with_user(self.user).has_access("create"))
        for model in ("shopify.connect.wizard", "shopify.connect.check"):
            self.assertFalse(
                self.env[model].with_user(self.operator).has_access("create")
            )

    def test_personal_values_of_history_are_for_operators(self):
        self.env["shopify.event"].create(
            {
                "backend_id": self.backend.id,
                "kind": "change",
                "subject_key": GID,
                "changes": [["Name", "Ada", "Grace"]],
                "message": "Name differs",
            }
        )
        event = self.env["shopify.event"].search([("subject_key", "=", GID)])

        with self.assertRaises(AccessError):
            event.with_user(self.user).read(["changes"])
        with self.assertRaises(AccessError):
            event.with_user(self.user).read(["changes_text"])
        self.assertEqual(
            event.with_user(self.operator).changes_text, "Name: Ada → Grace"
        )
        self.assertEqual(
            event.with_user(self.user).read(["message"])[0]["message"], "Name differs"
        )

    def test_shopify_writes_are_for_operators(self):
        writes = self.env["shopify.mutation"]
        self.assertFalse(writes.with_user(self.user).has_access("read"))
        self.assertTrue(writes.with_user(self.operator).has_access("read"))

    def test_report_for_support_holds_the_traceback_for_operators_only(self):
        self.row.traceback = (
            "Traceback (most recent call last):\n"
            '  File "models/x.py", line 1, in boom\n'
            "KeyError: 'x'\n"
        )

        self.assertIn("boom", self.row.with_user(self.operator).support_text)
        self.env.invalidate_all()
        self.assertNotIn("boom", self.row.with_user(self.user).support_text)


class TestCompanies(SecurityCase):
    """People of one company, and the store of another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.stranger = cls._user(
            "stranger",
            "shopify_connector.group_manager",
            company_id=cls.other_company.id,
            company_ids=[Command.set(cls.other_company.ids)],
        )

    def test_every_model_has_an_access_line_and_a_rule(self):
        models = self.env["ir.model"].search([("model", "=like", "shopify.%")])
        for model in models:
            if self.env[model.model]._abstract:
                continue
            lines = model.access_ids.filtered("group_id")
            self.assertTrue(lines, model.model)
            self.assertEqual(
                model.access_ids, lines, f"{model.model}: open to everyone"
            )
            if model.model in WITHOUT_COMPANY_RULE:
                self.assertFalse(lines.filtered("perm_read"), model.model)
            else:
                self.assertTrue(model.rule_ids, model.model)

    def test_another_companys_rows_are_not_found(self):
        for model in (
            "shopify.backend",
            "shopify.sync",
            "shopify.flow",
            "shopify.event",
        ):
            self.assertTrue(self.env[model].search_count([]), model)
            self.assertFalse(
                self.env[model].with_user(self.stranger).search_count([]), model
            )

    def test_acts_on_another_companys_row_are_refused(self):
        row = self.row.with_user(self.stranger)

        self.assertRefused(row.action_retry)
        self.assertRefused(row.action_accept)
        self.assertRefused(row.action_fix)
        self.assertRefused(row.action_retry_cause)
        self.assertRefused(lambda: row.action_postpone(1))
        self.assertRefused(lambda: row.action_close("gone"))
        self.assertRefused(lambda: row.action_hand_over(self.stranger))

    def test_acts_on_another_companys_store_are_refused(self):
        backend = self.backend.with_user(self.stranger)
        sent = len(self.shop.requests)

        self.assertRefused(backend.action_connect)
        self.assertRefused(lambda: backend._become_live("mine"))
        self.assertRefused(backend.action_sync_now)
        self.assertRefused(backend.action_resume_flows)
        self.assertRefused(self.backend.flow_ids.with_user(self.stranger).action_resume)
        self.assertEqual(len(self.shop.requests), sent)

    def test_wizard_of_somebody_else_is_closed(self):
        wizard = self.env["shopify.connect.wizard"].with_user(self.manager)
        wizard = wizard.create({"shop_domain": "x", "client_secret": "hush"})
        wizard.flush_recordset()
        self.env.invalidate_all()

        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            wizard.with_user(self.stranger).read(["client_secret"])

    def test_link_wizard_refuses_another_companys_item(self):
        wizard = (
            self.env["shopify.link.wizard"]
            .with_user(self.stranger)
            .with_context(default_sync_id=self.row.id)
        )

        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
        ):
            wizard.create({"sync_id": self.row.id}).action_link()
        self.assertFalse(self.env["shopify.product.product"].search_count([]))
