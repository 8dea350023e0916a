"""Long work in short jobs: what the scan, the take-over and the bulk decisions share.

Each lot is committed together with the place where the next one begins, so that the work
can be killed anywhere and goes on there. One job at a time has it, by its row's lock.
"""

import logging
import math
import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError, ThrottledError, TransientError
from ..core import failures
from .remote_failure import remote_failure
from .shopify_queue import JOB_PRIORITY

_logger = logging.getLogger(__name__)

# A job works this long, well within a worker's limits.
STEP_SECONDS = 20
# Seconds to wait when something must pass by itself, doubled each time.
FIRST_WAIT, LONGEST_WAIT = 15, 300
MOST_TROUBLES = 20


class ShopifySteps(models.AbstractModel):
    """A model that inherits this has a `state`, and a job function `_step_job` with the
    on-fail method `_step_failed` (data/queue_job.xml)."""

    _name = "shopify.steps"
    _description = "Work in Steps"

    # States in which there is something to do.
    _open_states = ("open",)
    # Path to its store.
    _store_path = "backend_id"

    message = fields.Char(
        readonly=True, copy=False, help="What it waits for, or why it failed."
    )
    troubles = fields.Integer(
        copy=False, help="Times in a row that it had to wait for Shopify."
    )

    # === WHAT EACH DOES === #

    def _step(self, client, stop_at):
        """Do the next lot, at the most until `stop_at` (time.monotonic). Seconds until
        there is more to do, None for never."""
        raise NotImplementedError

    def _failed_state(self):
        """The state of work that ended before its end."""
        return "failed"

    def _fail(self, message):
        self.write({"state": self._failed_state(), "message": message})

    def _store(self):
        return self.mapped(self._store_path)

    def _may_work(self):
        """Whether its store is at work, and lives in this database."""
        backend = self._store()
        if backend.state == "connected" and backend._is_at_home():
            return True
        self.message = self.env._(
            "The store isn't connected just now. Goes on by itself once it is."
        )
        return False

    # === THE JOB === #

    def _enqueue_step(self, wait=0):
        """Have a job go on with it, in `wait` seconds."""
        self.ensure_one()
        self.with_user(SUPERUSER_ID).with_delay(
            priority=JOB_PRIORITY["mark"],
            eta=math.ceil(wait) or None,
            identity_key=f"{self._name}/{self.id}",
            description=f"Shopify {self._store().name}: {self._description}",
        )._step_job()

    def _step_job(self):
        """Job: work for a while, each lot committed; a successor has the rest."""
        self.ensure_one()
        # Not at work: the minute cron goes on when the store is connected again.
        if not self._take() or not self._may_work():
            return
        wait = self._work_guarded()
        # pylint: disable=invalid-commit; the job allows it
        self.env.cr.commit()
        if wait is not None and self.exists():
            # Only now: a job of this key that is still waiting would swallow it.
            self._enqueue_step(wait)

    def _take(self):
        """Whether it is ours to work on: there, open, and in nobody else's hands."""
        self.flush_recordset()
        self.env.cr.execute(
            f"SELECT id FROM {self._table} WHERE id = %s AND state = ANY(%s)"
            " FOR NO KEY UPDATE SKIP LOCKED",
            [self.id, list(self._open_states)],
        )
        return bool(self.env.cr.fetchone())

    def _work_guarded(self):
        """Seconds until it goes on; None when it is over, or no more ours."""
        try:
            with self._store()._client() as client:
                return self._work(client, time.monotonic() + STEP_SECONDS)
        except (ShopifyError, UserError) as error:
            # What this lot has begun to write goes with it, and so does the lock.
            self.env.cr.rollback()
            return self._after(error) if self._take() else None

    def _work(self, client, stop_at):
        while True:
            wait = self._step(client, stop_at)
            if wait is not None and (self.troubles or self.message):
                self.write({"troubles": 0, "message": False})
            # pylint: disable=invalid-commit; the job allows it
            self.env.cr.commit()  # a lot that is done stays done
            if wait is None or wait > 0 or time.monotonic() > stop_at:
                return wait
            if not self._take() or not self._may_work():
                return None

    def _after(self, error):
        """Wait for what passes by itself, longer each time, and give up in the end."""
        if isinstance(error, ThrottledError):
            return error.retry_after + 1
        message = self._problem(error)
        if not isinstance(error, TransientError) or self.troubles >= MOST_TROUBLES:
            self._fail(message)
            return None
        self.write({"troubles": self.troubles + 1, "message": message})
        return min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self.troubles - 1))

    def _problem(self, error):
        """What people read of it."""
        if isinstance(error, ShopifyError):
            return failures.render(remote_failure(self._store(), error))
        return str(error)

    def _step_failed(self, exc_name=None, exc_message=None, exc_info=None):
        """queue_job's on-fail hook: the step itself broke, and would again. Must never
        raise, or the failure is lost and the job goes round for ever."""
        message = f"{exc_name}: {exc_message}"[:500]
        for end in (self._end_broken, self._end_plainly):
            try:
                with self.env.cr.savepoint():
                    if self._take():
                        end(message)
                return
            except Exception:
                _logger.exception("%s could not be ended", self)

    def _end_broken(self, message):
        self._fail(message)
        self._store()._note_event("store", "defect", message)

    def _end_plainly(self, message):
        """Past the ORM, for what broke the step may break that as well."""
        self.env.cr.execute(
            f"UPDATE {self._table} SET state = %s, message = %s WHERE id = %s",
            [self._failed_state(), message, self.id],
        )
        self.invalidate_recordset()

    @api.model
    def _wake_open(self, backend):
        """Work of this store whose job was lost goes on; what has a job keeps it."""
        # sudo: written by the engine only
        for work in self.sudo().search(
            [
                (self._store_path, "=", backend.id),
                ("state", "in", self._open_states),
            ]
        ):
            work._enqueue_step()


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _wake(self):
        result = super()._wake()
        for name in self.env.registry.descendants(["shopify.steps"], "_inherit"):
            if not self.env[name]._abstract:
                self.env[name]._wake_open(self)
        return result
