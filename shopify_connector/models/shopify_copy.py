"""Which of several databases is the living one, and what the others may do.

A **copy** reads from Shopify if a manager wants it to, and writes nothing: its client
refuses every mutation, and what would have been written is kept as simulated. The way
back is `_become_live` alone, which takes the lease, so that whichever database had it
goes on hold at its next look.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..api.errors import ShopifyError
from ..core import failures
from ..core.failures import Failure
from .remote_failure import remote_failure
from .roles import MANAGER, check_role
from .shopify_access import CONNECTION_CODES

# Why flows wait in a database that was restored from a backup.
NOT_REBUILT = "links_not_rebuilt"


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    copy_reads = fields.Boolean(
        "Copy Reads From Shopify",
        readonly=True,
        copy=False,
        help="A copy of the database never writes to Shopify. Reading is its choice.",
    )
    may_choose_copy = fields.Boolean(compute="_compute_may_choose_copy")
    waits_for_rebuild = fields.Boolean(compute="_compute_waits_for_rebuild")

    @api.depends("state", "hold_reason")
    def _compute_may_choose_copy(self):
        for backend in self:
            backend.may_choose_copy = backend._may_choose_copy()

    @api.depends("flow_ids.paused_reason")
    def _compute_waits_for_rebuild(self):
        for backend in self:
            # sudo: any user may see why flows wait
            reasons = backend.sudo().flow_ids.mapped("paused_reason")
            backend.waits_for_rebuild = NOT_REBUILT in reasons

    @api.depends("name", "state")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """Lists and filters tell a copy by the store's name."""
        result = super()._compute_display_name()
        for backend in self.filtered(lambda store: store.state == "copy"):
            backend.display_name = self.env._("%s (copy)", backend.name)
        return result

    # === AT WORK OR NOT === #

    def _is_working(self):
        """Whether jobs may read for this store: it is connected, or a reading copy."""
        self.ensure_one()
        store = self.sudo()  # any user's act may concern a store
        return store.state == "connected" or (
            store.state == "copy" and store.copy_reads
        )

    @api.model
    def _working_stores(self):
        """Domain of the stores for which `_is_working` holds."""
        return [
            "|",
            ("state", "=", "connected"),
            "&",
            ("state", "=", "copy"),
            ("copy_reads", "=", True),
        ]

    def _may_choose_copy(self):
        """Whether it is for a manager to say which database is the living one."""
        held = self.state == "hold" and self.hold_reason == "store_on_hold"
        return held or self.state == "copy"

    def _check_may_connect(self):
        """Connecting takes the lease: where another database may have it, a manager
        says first which one is alive."""
        if self.sudo()._may_choose_copy():
            raise UserError(
                self.env._(
                    "%s isn't connected again like this: another database may write to "
                    "the store. Say first which one is live, with the button “Which "
                    "database is live?” on the store.",
                    self.name,
                )
            )

    # === A MANAGER SAYS === #

    def _look_for_signs(self):
        """-> (signs as shopify.lease tells them, why Shopify couldn't be asked or None)"""
        lease = self.env["shopify.lease"]
        try:
            with self._client() as client:
                return lease._signs(self, client), None
        except ShopifyError as error:
            problem = failures.render(remote_failure(self.sudo(), error), self.name)
            return lease._signs(self, None), problem

    def action_copy_wizard(self):
        """Which database is the living one?"""
        self.ensure_one()
        check_role(self.env, MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Which database is live?"),
            "res_model": "shopify.copy.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.id},
        }

    def _check_decision(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        if not self._may_choose_copy():
            raise UserError(
                self.env._("%s is neither on hold as a copy nor a copy.", self.name)
            )

    def _become_live(self, reason, is_backup=False):
        """This database is the living one: take the lease, and go on.

        is_backup: it was restored from an older backup, so flows wait until the links
        are rebuilt from Shopify, or a manager says why not.
        """
        self._check_decision()
        reason = self._said_why(reason)
        was_copy = self.state == "copy"
        # A scan that a backup brought along knows nothing of what came after it.
        self._cancel_scans()
        if is_backup:
            self._wait_for_rebuild()
        # First: the client of a copy can't write. If Shopify can't be asked, all of this
        # is undone with the transaction, and the store is what it was.
        self._leave_hold({"state": "connected", "copy_reads": False})
        with self._client() as client:
            self.env["shopify.lease"]._take(self, client)
        self._note_event(
            "store",
            "lease taken",
            self.env._("This database writes to the store: %s", reason),
        )
        self._resume_paused(CONNECTION_CODES | {"copy_writes_nothing"})
        if was_copy:
            self._write_what_was_simulated()
        self._enqueue_due()

    def _become_copy(self, reads, reason=""):
        """This database is a copy, and writes nothing to the store any more."""
        self._check_decision()
        was_copy = self.state == "copy"
        self._leave_hold({"state": "copy", "copy_reads": reads})
        self._cancel_scans()
        if was_copy:
            text = (
                self.env._("This copy reads from Shopify from now on.")
                if reads
                else self.env._("This copy reads from Shopify no more.")
            )
        else:
            text = self.env._(
                "This database is a copy: it writes nothing to Shopify, whatever would "
                "be written is simulated."
            )
        reason = (reason or "").strip()
        self._note_event("store", "copy", f"{text} {reason}".strip())
        if reads:
            self._resume_paused(CONNECTION_CODES)
            self._enqueue_due()

    @api.model
    def _said_why(self, reason):
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why: others will want to know."))
        return reason

    def write(self, vals):
        """Which database is live is said by `_become_live` and `_become_copy` alone."""
        if {"state", "copy_reads", "hold_reason"} & set(vals) and not self.env.su:
            self._check_state_is_free()
        return super().write(vals)

    def _check_state_is_free(self):
        if any(backend._may_choose_copy() for backend in self):
            raise UserError(
                self.env._(
                    "Say on the store which database is live: nothing else does."
                )
            )

    def _leave_hold(self, values):
        # sudo: past our own `write`, after `_check_decision`
        self.sudo().write(
            {
                "hold_reason": False,
                "hold_message": False,
                "held_at": False,
                **values,
            }
        )

    def _cancel_scans(self):
        """Reading the whole store asks Shopify to prepare a file: not for a copy, and not
        on a list that is older than this database."""
        # sudo: scans are written by the engine only
        scans = self.env["shopify.scan"].sudo()
        scans.search(
            [
                ("backend_id", "=", self.id),
                ("state", "in", ("asked", "reading", "comparing")),
            ]
        ).write({"state": "cancelled", "done_at": fields.Datetime.now()})

    def _write_what_was_simulated(self):
        """What this database would have written as a copy is looked at again, and
        written where it still differs."""
        # sudo: the engine's own books
        rows = self.env["shopify.sync"].sudo()
        rows = rows.search(
            [("backend_id", "=", self.id), ("outcome", "=", "simulated")]
        )
        self.env["shopify.trigger"].sudo()._insert(self, rows._subjects(), "released")

    def _scan(self, purpose="matching", types=None):
        """See shopify.scan; Shopify prepares the file for a mutation, which a copy
        can't send."""
        if self.state == "copy":
            raise UserError(
                self.env._(
                    "%s is a copy: the whole store can't be read at once from here, "
                    "since Shopify counts that as a write. Changes are read one by one.",
                    self.name,
                )
            )
        return super()._scan(purpose, types)

    # === AFTER A RESTORE === #

    def _wait_for_rebuild(self):
        """All flows rest, whatever they rested for before."""
        failure = Failure(NOT_REBUILT)
        # sudo: the engine's own pause
        self.sudo().flow_ids.write(
            {
                "paused_at": fields.Datetime.now(),
                "rests_until": False,
                "paused_reason": NOT_REBUILT,
                "paused_message": failures.render(failure, self.name),
            }
        )
        self._note_event("store", NOT_REBUILT, failures.render(failure, self.name))

    def _can_rebuild(self):
        return hasattr(self, "action_rebuild_links")

    def _begin_rebuild(self):
        """Rebuild the links; what ends it calls `_links_rebuilt`."""
        return self.action_rebuild_links() if self._can_rebuild() else None

    def _links_rebuilt(self):
        """The links are what the proofs in Shopify say: flows go on."""
        self._resume_paused({NOT_REBUILT}, only_paused=True)

    def action_rebuild_or_skip(self):
        """Rebuild the links after a restore, or say why that isn't needed."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Links after the restore"),
            "res_model": "shopify.rebuild.skip",
            "view_mode": "form",
            "target": "new",
            "context": {"default_backend_id": self.id},
        }

    def _skip_rebuild(self, reason):
        """A manager says why the links need not be rebuilt."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        self._note_event("store", "rebuild skipped", self._said_why(reason))
        self._links_rebuilt()


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    def action_resume(self):
        """See shopify.flow; after a restore, only rebuilt links or a manager's reason
        end the pause."""
        waiting = self.sudo().filtered(lambda flow: flow.paused_reason == NOT_REBUILT)
        if waiting:
            raise UserError(
                self.env._(
                    "The links of %s aren't rebuilt after the restore. A manager does "
                    "that on the store, or says there why it isn't needed.",
                    waiting.backend_id[:1].name,
                )
            )
        return super().action_resume()
