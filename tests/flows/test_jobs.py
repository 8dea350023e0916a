"""From queue jobs to syncs and back, and no job of ours ends where nobody looks."""

from odoo.tests import new_test_user

from .sync_case import SyncCase


class TestJobs(SyncCase):
    def job(self, method):
        return self.env["queue.job"].search(
            [("model_name", "=", "shopify.backend"), ("method_name", "=", method)],
            order="id desc",
            limit=1,
        )

    def died(self, method="_heal"):
        """A job as the job runner leaves it, whose worker died too often."""
        self.backend.with_delay(identity_key=f"test/{method}")._heal()
        job = self.job(method)
        self.env.cr.execute(
            "UPDATE queue_job SET state = 'failed', exc_name = 'JobFoundDead'"
            " WHERE id = %s",
            [job.id],
        )
        self.env.invalidate_all()
        return job

    def test_job_leads_to_its_syncs_and_a_sync_to_its_jobs(self):
        orders = [self.order([("SOCKS", 1)]) for _number in range(2)]
        self.trigger(*orders)
        job = self.jobs("records")
        self.drain("records")

        rows = job._shopify_syncs()
        self.assertEqual(
            {order["id"] for order in orders} - set(rows.mapped("subject_key")), set()
        )
        self.assertEqual(job.shopify_sync_count, len(rows))
        action = self.row(orders[0]["id"]).action_open_jobs()
        self.assertIn(job, self.env["queue.job"].search(action["domain"]))

    def test_job_that_died_still_leads_to_what_it_was_busy_with(self):
        order = self.order([("SOCKS", 1)])
        self.sync(order)
        row = self.row(order["id"])
        job = self.died()
        self.env["shopify.claim"].with_context(shopify_job=job.uuid)._note(
            self.backend, "records", [f"in/Order/{order['id']}"]
        )

        self.assertEqual(job._shopify_syncs(), row)

    def test_dead_job_is_shown_on_its_store_and_tried_again_by_an_operator(self):
        self.assertFalse(self.backend.failed_job_text)
        job = self.died()

        self.assertIn("1 background jobs failed", self.backend.failed_job_text)
        operator = new_test_user(
            self.env, "jobs_operator", "shopify_connector.group_operator"
        )
        self.backend.with_user(operator).action_retry_jobs()

        self.assertEqual(job.state, "pending")
        self.backend.invalidate_recordset()
        self.assertFalse(self.backend.failed_job_text)

    def test_dead_job_is_forgotten_once_the_same_went_through(self):
        job = self.died()
        self.backend.with_delay(identity_key="test/again")._heal()
        later = self.job("_heal")
        self.assertNotEqual(later, job)
        self.run_syncs()
        self.assertEqual(later.state, "done")

        self.backend.invalidate_recordset()
        self.assertFalse(self.backend.failed_job_text)

    def test_every_job_function_of_ours_says_what_happens_when_it_fails(self):
        functions = self.env["queue.job.function"].search(
            [("model_id.model", "=like", "shopify.%")]
        )
        self.assertGreaterEqual(len(functions), 11)
        for function in functions:
            with self.subTest(function.name):
                self.assertTrue(function.on_fail_method)
                model = self.env[function.model_id.model]
                self.assertTrue(hasattr(model, function.on_fail_method))
