"""What every stop answers, checked on the stored row: which record, what is missing, of
what kind it is, whether a retry is safe. And that its fix opens the right place."""

import re
from contextlib import contextmanager
from copy import copy

from odoo.tests import Form, new_test_user

from ...core.failures import CATALOGUE
from .reasons_reached import codes_of

OPEN = ("waiting", "review")
# What no reader can do anything with: code, raw IDs, words of the machinery.
MACHINE = re.compile(
    r"Traceback|File \"|gid://|%\(|\bNone\b|\bFalse\b|<class|\b[a-z]+(?:\.[a-z]+)+ \d+\b"
)
FAILED_ALONE = re.compile(
    r"(?i)^\W*(?:(?:it|this|the|sync|import|export)\W+)*failed\W*$"
)
DIALOGS = {
    "link_variant": "shopify.link.wizard",
    "link_product": "shopify.link.wizard",
    "link_customer": "shopify.link.wizard",
    "choose_match": "shopify.link.wizard",
    "relink": "shopify.relink.wizard",
    "treat_as_new": "shopify.relink.wizard",
}
LISTS = {
    "set_location": "shopify.mapping.location",
    "set_tax": "shopify.mapping.tax",
}
ON_THE_ROW = {
    "compare": "shopify_connector.view_sync_compare",
    "report": "shopify_connector.view_sync_report",
}
ON_THE_STORE = (
    "resume_store",
    "reconnect",
    "grant_scope",
    "open_credentials",
    "open_settings",
)


class FourAnswers:
    """Mixed into every case: a test that `reasons_reached` names for a reason fails
    unless that reason was stored and answers all that people ask."""

    def setUp(self):
        super().setUp()
        self._answered = set()

    def tearDown(self):
        if self._outcome.success:
            self._hear_answers()
            missing = self._codes_to_reach() - self._answered
            self.assertFalse(missing, "named for what it doesn't reach")
        super().tearDown()

    def _codes_to_reach(self):
        module = type(self).__module__.rpartition(".")[2]
        return codes_of(f"{module}.{self._testMethodName.removeprefix('test_')}")

    def _hear_answers(self):
        """Look at what has stopped by now for the reasons that this test is named for."""
        for code in self._codes_to_reach() - self._answered:
            row = self.env["shopify.sync"].search(
                [("reason_code", "=", code), ("state", "in", OPEN)], limit=1
            )
            if row:
                self.assert_four_answers(row)

    # --- a row ---

    def assert_four_answers(self, row):
        """One sync row: all four answers, plainly, and where its button leads."""
        self._answered.add(row.reason_code)
        reason = CATALOGUE[row.reason_code]
        self.assertIn(row.state, OPEN)
        self._assert_record(row, reason)
        self._assert_missing(row, reason)
        self.assertEqual(row.nature, reason.nature)
        if reason.nature != "temporary":
            self.assertEqual(row.state, "review")
        self._assert_retry(row, reason)
        for text in (row.headline, row.message, row.missing, row.retry_text):
            self.assert_plain(text or "")
        for role in ("operator", "manager"):
            with self._undone():
                user = new_test_user(
                    self.env, f"answers_{role}", f"shopify_connector.group_{role}"
                )
                self._assert_fix(row.with_user(user), reason)

    def _assert_record(self, row, reason):
        self.assertTrue(row.record_name, "which record")
        self.assertFalse(row.record_name.startswith("gid://"), row.record_name)
        if "%(record)s" in reason.message:
            self.assertIn(row.record_name, row.message)
        self.assertTrue(row.shopify_url or row.odoo_ref, "no way to the record")

    def _assert_missing(self, row, reason):
        for name in reason.params:
            self.assertTrue(str(row.reason_params[name]), name)
        self.assertEqual(bool(row._wait_keys()), bool(row.missing))
        self.assertTrue(row.message and row.headline and row.cause_key)

    def _assert_retry(self, row, reason):
        text = row._translate(reason.retry_text, row._failure(), row._record_label())
        self.assertEqual(row.retry_text, text)
        self.assertEqual(row.retry_safe, reason.retry_safe)
        self.assertEqual(text.startswith("Safe"), reason.retry_safe)
        if row.state == "waiting":
            self.assertTrue(row.next_attempt_at, "nobody tries again")

    def assert_plain(self, text):
        self.assertNotRegex(text, MACHINE)
        self.assertNotRegex(text, FAILED_ALONE)

    # --- its fix ---

    @contextmanager
    def _undone(self):
        """What a button does here is nobody's business afterwards."""
        hooks = self.env.cr.postcommit
        noted = {name: copy(value) for name, value in hooks.data.items()}
        to_do = copy(hooks._funcs)
        with self.env.cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
        hooks.data.clear()
        hooks.data.update(noted)
        hooks._funcs = to_do
        self.env.invalidate_all()

    def _assert_fix(self, row, reason):
        action, fix = row.action_fix(), reason.fix
        if fix == "none":
            self.assertEqual(action["tag"], "display_notification")
            return
        self.assertTrue(row.fix_label)
        if fix in DIALOGS:
            self._assert_dialog(row, action, DIALOGS[fix])
        elif fix in ON_THE_ROW:
            self._assert_own_dialog(row, action, ON_THE_ROW[fix])
        elif fix in LISTS:
            self.assertEqual(action["res_model"], LISTS[fix])
            store = action["context"]["search_default_backend_id"]
            self.assertEqual(store, row.backend_id.id)
        elif fix in ON_THE_STORE:
            found = (action["res_model"], action["res_id"])
            self.assertEqual(found, ("shopify.backend", row.backend_id.id))
        else:
            getattr(self, f"_assert_{fix}")(row, action)

    def _assert_dialog(self, row, action, model):
        self.assertEqual((action["res_model"], action["target"]), (model, "new"))
        records = self.env[model].with_user(row.env.user)
        dialog = Form(records.with_context(**action["context"]))
        self.assertEqual(dialog.sync_id.id, row.id)

    def _assert_own_dialog(self, row, action, view):
        self.assertEqual((action["res_model"], action["res_id"]), (row._name, row.id))
        self.assertEqual(action["views"], [(self.env.ref(view).id, "form")])

    def _assert_settle_outcome(self, row, action):
        self.assertEqual(action["res_model"], "shopify.sync.act")
        self.assertEqual(action["context"]["default_sync_ids"], row.ids)

    def _assert_accept(self, row, action):
        self.assertEqual(action["tag"], "display_notification")
        asked = self.env["shopify.trigger"].search(
            [("subject_key", "=", row.subject_key), ("cause", "=", "accepted")]
        )
        self.assertEqual(asked.direction, row.direction)

    def _assert_open_in_shopify(self, row, action):
        """Where Shopify's admin has no page for it, the record on Odoo's side."""
        if row.shopify_url:
            self.assertEqual(action["url"], row.shopify_url)
        else:
            self._assert_open_record(row, action)

    def _assert_open_record(self, row, action):
        """Where Odoo has none yet, the record in Shopify."""
        record = row._odoo_record()
        if record:
            found = (action["res_model"], action["res_id"])
            self.assertEqual(found, (record._name, record.id))
        else:
            self.assertEqual(action["url"], row.shopify_url)

    def _assert_open_blocker(self, row, action):
        """Where it was never asked for, its page in Shopify."""
        if action["type"] == "ir.actions.act_url":
            self.assertEqual(action["url"], row.shopify_url)
        else:
            self.assertEqual(action["res_model"], "shopify.sync")
            self.assertTrue(self.env["shopify.sync"].search(action["domain"]))

    def _assert_grant_access(self, row, action):
        user = row.backend_id.sudo().sync_user_id
        self.assertIn(
            (action["res_model"], action["res_id"]),
            (("res.users", user.id), ("shopify.backend", row.backend_id.id)),
        )

    def _assert_activate_currency(self, row, action):
        self.assertEqual(action["res_model"], "res.currency")
        found = self.env["res.currency"].with_context(active_test=False)
        self.assertEqual(
            found.search(action["domain"]).name, row.reason_params["currency"]
        )

    def _assert_set_pricelist(self, row, action):
        self.assertIn(action["res_model"], ("shopify.backend", "product.pricelist"))

    # --- what stops more than one record ---

    def assert_store_answers(self, code, message):
        """A reason that holds up a flow or the store, as people read it there."""
        self._answered.add(code)
        self.assertTrue(message)
        self.assert_plain(message)
        self.assertNotIn(code, message)
