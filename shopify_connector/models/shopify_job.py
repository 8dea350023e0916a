"""From a queue job to what it synced and back, and jobs that ended badly."""

from odoo import api, fields, models
from odoo.tools import SQL

from .roles import OPERATOR, check_role

# What failed, unless the same job has gone through since.
_FAILED = """
    SELECT job.id FROM queue_job job
     WHERE job.state = 'failed' AND job.model_name LIKE 'shopify.%%'
       AND NOT EXISTS (
           SELECT FROM queue_job later
            WHERE later.state = 'done' AND later.model_name = job.model_name
              AND later.func_string = job.func_string
              AND later.date_created > job.date_created)
     ORDER BY job.id DESC LIMIT 100
"""


class QueueJob(models.Model):
    _inherit = "queue.job"

    shopify_sync_count = fields.Integer(
        "Shopify Syncs", compute="_compute_shopify_sync_count"
    )

    def _compute_shopify_sync_count(self):
        for job in self:
            job.shopify_sync_count = len(job._shopify_syncs())

    def _shopify_syncs(self):
        """What this job synced, and what it was busy with when it died."""
        self.ensure_one()
        # sudo: a job belongs to administrators; its syncs are shown by their own rules
        job = self.sudo()
        rows = self.env["shopify.sync"]
        if not (job.model_name or "").startswith("shopify."):
            return rows
        self.env.flush_all()
        found = self.env.execute_query(
            SQL(
                """
                SELECT row.id FROM shopify_sync row
                  JOIN shopify_event event
                    ON event.backend_id = row.backend_id
                   AND event.direction = row.direction
                   AND event.subject_type = row.subject_type
                   AND event.subject_key = row.subject_key
                 WHERE event.job_uuid = %(uuid)s
                 UNION
                SELECT row.id FROM shopify_sync row
                  JOIN shopify_claim claim
                    ON claim.backend_ref = row.backend_id
                   AND claim.subject = concat_ws(
                       '/', row.direction, row.subject_type, row.subject_key)
                 WHERE claim.job_uuid = %(uuid)s
                """,
                uuid=job.uuid,
            )
        )
        return rows.search([("id", "in", [row_id for (row_id,) in found])])

    def action_shopify_syncs(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Shopify syncs of this job"),
            "res_model": "shopify.sync",
            "view_mode": "list,form",
            "domain": [("id", "in", self._shopify_syncs().ids)],
        }

    @api.model
    def _shopify_failed(self):
        """Our jobs that failed and that nothing has made up for since."""
        self.env.flush_all()
        found = self.env.execute_query(SQL(_FAILED))
        return self.browse([job_id for (job_id,) in found])

    def _shopify_store(self):
        records = self.records.exists()
        if records._name == "shopify.backend":
            return records
        return records._store() if hasattr(records, "_store") else records.browse()


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def action_open_jobs(self):
        """The background jobs that synced it, as far as they are kept."""
        self.ensure_one()
        self.check_access("read")
        events = self.env["shopify.event"].search(
            [
                ("backend_id", "=", self.backend_id.id),
                ("subject_key", "=", self.subject_key),
                ("subject_type", "=", self.subject_type),
                ("job_uuid", "!=", False),
            ],
            limit=50,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Jobs of this sync"),
            "res_model": "queue.job",
            "view_mode": "list,form",
            "domain": [("uuid", "in", events.mapped("job_uuid"))],
        }


class ShopifyEvent(models.Model):
    _inherit = "shopify.event"

    job_uuid = fields.Char(help="The queue job that did it.")

    _job = models.Index("(job_uuid) WHERE job_uuid IS NOT NULL")


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    failed_job_text = fields.Char("Failed Jobs", compute="_compute_failed_job_text")

    @api.depends_context("lang", "uid")
    def _compute_failed_job_text(self):
        # sudo: jobs belong to administrators; what is said of them is for all
        failed = self.env["queue.job"].sudo()._shopify_failed()
        for backend in self:
            jobs = failed.filtered(lambda job, b=backend: job._shopify_store() == b)
            backend.failed_job_text = (
                self.env._(
                    "%(count)s background jobs failed, last: %(name)s (%(error)s)",
                    count=len(jobs),
                    name=jobs[0].name,
                    error=jobs[0].exc_name or self.env._("its worker died"),
                )
                if jobs
                else False
            )

    def action_retry_jobs(self):
        """Run this store's failed jobs once more."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        self.check_access("read")
        # sudo: an operator may have them tried again, though he sees no jobs
        failed = self.env["queue.job"].sudo()._shopify_failed()
        jobs = failed.filtered(lambda job: job._shopify_store() == self)
        jobs.requeue()
        self._note_event(
            "person",
            "jobs retried",
            self.env._("Jobs that failed are tried again: %s", len(jobs)),
        )
