"""Work in steps: whatever breaks it, people can read where it stands, and it goes on."""

from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from odoo.addons.shopify_connector.models import shopify_steps

from .test_scan import ScanCase

LOG = "odoo.addons.shopify_connector.models.shopify_steps"


class StepsCase(ScanCase):
    def setUp(self):
        super().setUp()
        self.work = self.backend._scan("matching", ["Location"])
        self.env.flush_all()

    def jobs(self):
        return self.env["queue.job"].search([("model_name", "=", "shopify.scan")])

    def drop_jobs(self):
        self.jobs().unlink()

    def after_first_lot(self, act):
        """Have `act` happen when the first lot is done, and the job run."""
        scans = type(self.work)
        real, calls = scans._step, []

        def step(work, client, stop_at):
            calls.append(work)
            wait = real(work, client, stop_at)
            if len(calls) == 1:
                act(work)
            return wait

        with patch.object(scans, "_step", step):
            self.step(self.work)
        return len(calls)


class TestFailureHook(StepsCase):
    def fail(self):
        self.work._step_failed(exc_name="KeyError", exc_message="'nodes'")

    def test_broken_step_ends_the_work_with_what_broke_and_history_tells(self):
        self.fail()

        self.assertEqual(
            (self.work.state, self.work.message), ("failed", "KeyError: 'nodes'")
        )
        self.assertTrue(self.work.done_at)
        event = self.env["shopify.event"].search([("outcome", "=", "defect")])
        self.assertEqual(event.message, "KeyError: 'nodes'")

    def test_state_is_readable_though_ending_it_breaks_as_well(self):
        for name in ("_fail", "_store"):
            with self.subTest(name):
                self.work.write({"state": "reading", "message": False})
                broken = patch.object(type(self.work), name, lambda *_args: 1 / 0)
                with broken, mute_logger(LOG):
                    self.fail()

                self.assertEqual(
                    (self.work.state, self.work.message),
                    ("failed", "KeyError: 'nodes'"),
                )

    def test_database_error_while_ending_it_is_undone_alone(self):
        def fail(work, message):
            work.env.cr.execute("SELECT 1 FROM no_such_table")

        with (
            patch.object(type(self.work), "_fail", fail),
            mute_logger(LOG, "odoo.sql_db"),
        ):
            self.fail()

        self.assertEqual(self.work.state, "failed")

    def test_what_is_over_or_gone_stays_so(self):
        self.work.action_cancel()
        self.fail()
        self.assertEqual((self.work.state, self.work.message), ("cancelled", False))
        self.work.unlink()

        self.fail()

    def test_each_kind_of_work_has_the_hook(self):
        names = self.env.registry.descendants(["shopify.steps"], "_inherit")
        names = {name for name in names if not self.env[name]._abstract}
        self.assertGreaterEqual(
            names, {"shopify.scan", "shopify.match.run", "shopify.takeover"}
        )
        functions = self.env["queue.job.function"].search(
            [
                ("method", "=", "_step_job"),
                ("on_fail_method", "=", "_step_failed"),
                ("allow_commit", "=", True),
            ]
        )
        self.assertEqual(set(functions.mapped("model_id.model")), names)


class TestSteps(StepsCase):
    def test_a_wait_is_never_cut_short(self):
        for wait, least in ((0.2, 1), (3, 3)):
            self.drop_jobs()
            self.work._enqueue_step(wait)
            job = self.jobs()
            self.assertGreaterEqual((job.eta - job.date_created).seconds, least)
        self.drop_jobs()
        self.work._enqueue_step(0)
        self.assertFalse(self.jobs().eta)

    def test_passing_trouble_is_waited_for_longer_each_time_but_not_for_ever(self):
        self.shop.fault("status_before", operation="LocationsList", times=None)
        waits = []
        with patch.object(
            type(self.work), "_enqueue_step", lambda _work, wait=0: waits.append(wait)
        ):
            for _each in range(shopify_steps.MOST_TROUBLES + 1):
                self.step(self.work)

        self.assertEqual(waits[:6], [15, 30, 60, 120, 240, 300])
        self.assertEqual(len(waits), shopify_steps.MOST_TROUBLES)
        self.assertEqual(self.work.state, "failed")
        self.assertTrue(self.work.message)

    def test_store_put_on_hold_stops_it_after_the_lot_and_it_goes_on_later(self):
        self.drop_jobs()

        def hold(work):
            work.backend_id.sudo().state = "hold"

        self.assertEqual(self.after_first_lot(hold), 1)

        self.assertIn("isn't connected", self.work.message)
        self.assertFalse(self.jobs())
        self.backend.state = "connected"
        self.wake()
        self.finish(self.work)
        self.assertEqual((self.work.state, self.work.message), ("done", False))

    def test_database_that_was_moved_works_no_more(self):
        self.drop_jobs()
        with patch.object(
            type(self.env["shopify.lease"]),
            "_local_problem",
            lambda *_args: "it lives elsewhere",
        ):
            self.step(self.work)

        self.assertEqual((self.work.state, self.backend.state), ("asked", "hold"))
        self.assertFalse(self.jobs())

    def test_store_deleted_meanwhile_ends_it_without_an_error(self):
        self.drop_jobs()
        scans, calls = type(self.work), []
        take = scans._take

        def take_what_is_left(work):
            calls.append(work)
            if len(calls) == 2:  # between two lots, by somebody else
                work.unlink()
            return take(work)

        with patch.object(scans, "_take", take_what_is_left):
            self.step(self.work)

        self.assertFalse(self.work.exists())
        self.assertFalse(self.jobs())

    def test_second_user_gets_the_scan_that_is_read_already(self):
        self.assertEqual(self.backend._scan("matching"), self.work)


class TestWhoMayRead(StepsCase):
    def test_without_a_role_or_the_company_nothing_is_read_or_rebuilt(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        plain = new_test_user(self.env, "plain", "base.group_user")
        foreign = new_test_user(
            self.env,
            "foreign",
            "shopify_connector.group_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        for user in (plain, foreign):
            store = self.backend.with_user(user)
            for name in ("action_scan", "action_audit", "action_rebuild_links"):
                with self.subTest(f"{user.login} {name}"):
                    with self.assertRaises(AccessError):
                        getattr(store, name)()
            with self.assertRaises(AccessError):
                store._write_marks_again("because")
            with self.assertRaises(AccessError):
                self.work.with_user(user).action_cancel()
        self.assertEqual(self.env["shopify.scan"].search([]), self.work)
        self.assertEqual(self.work.state, "asked")
