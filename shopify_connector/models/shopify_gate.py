"""Gates: a flow runs by itself only while enough of its store is linked.

The verdict is kept on the flow, so a drain reads it like any field. It is found anew by
a job after links changed, and every few minutes by a cron.
"""

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..core import gate
from .gate_reader import GateReader
from .roles import MANAGER, USER, check_role
from .shopify_flow import POLICIES
from .shopify_queue import JOB_PRIORITY, NewJob

# Links change by the batch: one look after a few seconds sees them all.
LOOK_AFTER = 5
TRIGGERS_A_LOT = 2000
# In the cursor's hooks: stores whose links this transaction changed.
NOTED = "shopify_connector.gates"
# The context in which "automatic" with a gate that isn't open is kept as a wish.
WISH = "shopify_gate_wish"
# Only this very object says that the verdict itself is written: no choice of anybody's.
_VERDICT = object()
OVERRIDE = {"gate_override_reason", "gate_override_until"}


class ShopifyFlow(models.Model):
    _inherit = "shopify.flow"

    gate_threshold = fields.Float(
        "Must Be Linked (%)",
        default=gate.ALL,
        help="The share of the store's active records that must not hold this flow up "
        "before it runs by itself.",
    )
    gate_state = fields.Selection(
        [
            ("unknown", "Not matched yet"),
            ("closed", "Not linked enough"),
            ("open", "Open"),
        ],
        "Gate",
        required=True,
        default="unknown",
        readonly=True,
    )
    gate_counts = fields.Json(readonly=True, help="[type, linked, known, blocking]")
    gate_blocking = fields.Integer(
        "In the Way", readonly=True, help="Records that hold this flow up."
    )
    gate_text = fields.Char("Linked", compute="_compute_gate_text")
    gate_override_reason = fields.Char("Runs Anyway Because")
    gate_override_until = fields.Date("Runs Anyway Until")
    gate_override_user_id = fields.Many2one(
        "res.users", "Let Through By", readonly=True
    )
    automatic_when_ready = fields.Boolean(
        help="It becomes automatic by itself as soon as its gate opens."
    )
    is_held = fields.Boolean(
        "Held in Review",
        readonly=True,
        help="Automatic is chosen, but its gate isn't open: new items wait for a person.",
    )
    effective_policy = fields.Selection(POLICIES, compute="_compute_effective_policy")
    gate_activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null"
    )

    _threshold_range = models.Constraint(
        "CHECK (gate_threshold BETWEEN 0 AND 100)", "Enter a share from 0 to 100 %."
    )

    @api.constrains("gate_override_reason", "gate_override_until")
    def _check_gate_override(self):
        for row in self:
            if bool(row.gate_override_until) != bool(
                (row.gate_override_reason or "").strip()
            ):
                raise ValidationError(
                    self.env._(
                        "To let a flow run anyway, say why and until which day: "
                        "others will want to know."
                    )
                )

    # === WHAT IT DOES === #

    def _effective(self):
        """ "off", "review" or "automatic", as it is now; "off" for no flow."""
        if not self:
            return "off"
        return gate.effective(
            self.policy, self.gate_state, self.gate_override_until, fields.Date.today()
        )

    @api.depends("policy", "gate_state", "gate_override_until")
    def _compute_effective_policy(self):
        for row in self:
            row.effective_policy = row._effective()

    def _is_ready(self):
        """Whether it may be automatic: gate open, or let through by a manager."""
        return self.gate_state == "open" or gate.is_overridden(
            self.gate_override_until, fields.Date.today()
        )

    def _may_start(self):
        """Whether it may become automatic; one that is goes by its gate alone."""
        return self._is_ready()

    # === CHOOSING === #

    def write(self, vals):
        if self.env.context.get("shopify_gate") is _VERDICT:
            return super().write(vals)
        result = True
        for flows, chosen in self._choices(vals):
            result = super(ShopifyFlow, flows).write(chosen) and result
        if OVERRIDE & set(vals):
            self._note_override()
        if {"policy", "gate_threshold", *OVERRIDE} & set(vals):
            for backend in self.backend_id:
                backend._look_at_gates()
        return result

    def _choices(self, vals):
        """[(flows, what is written)]: "automatic" is refused while a gate is shut, or
        kept as a wish where that was asked for."""
        if OVERRIDE & set(vals):
            user = self.env.user.id if vals.get("gate_override_until") else False
            vals = {**vals, "gate_override_user_id": user}
        if "policy" not in vals:
            return [(self, vals)]
        # Whoever chooses now chooses this, not what was wished for.
        if vals["policy"] != "automatic":
            return [(self, {"automatic_when_ready": False, **vals})]
        vals = {**vals, "automatic_when_ready": False}
        waiting = self._not_ready(vals)
        if waiting and not self.env.context.get(WISH):
            raise UserError(waiting[:1]._refusal())
        wish = {"policy": "review", "automatic_when_ready": True}
        return [(self - waiting, vals), (waiting, {**vals, **wish})]

    def _not_ready(self, vals):
        """Those that "automatic" is new for, and that may not start."""
        until = fields.Date.to_date(vals.get("gate_override_until"))
        if gate.is_overridden(until, fields.Date.today()):
            return self.browse()
        chosen = self.filtered(lambda row: row.policy != "automatic")
        for backend in chosen.backend_id:
            backend._look_at_gates()
        return chosen.filtered(lambda row: not row._may_start())

    def _refusal(self):
        return self.env._(
            "%(flow)s can't run by itself yet: %(why)s. Choose Review, and tick "
            "“Automatic When Ready” to have it go on by itself; or let it run anyway, "
            "with a reason and an end date.",
            flow=self._flow_labels()[0],
            why=self._why_not(),
        )

    def _why_not(self):
        """What keeps it from starting, in words."""
        return self.gate_text

    def _note_override(self):
        for row in self:
            if row.gate_override_until:
                message = self.env._(
                    "%(flow)s runs anyway until %(day)s: %(reason)s (%(why)s)",
                    flow=row._flow_labels()[0],
                    day=format_date(self.env, row.gate_override_until),
                    reason=row.gate_override_reason,
                    why=row.gate_text,
                )
                row._note_gate("gate overridden", message, kind="person")
            else:
                message = self.env._(
                    "%s depends on its gate again", row._flow_labels()[0]
                )
                row._note_gate("gate override ended", message, kind="person")

    def _note_gate(self, outcome, message, kind="store"):
        self.backend_id._note_event(kind, outcome, message)

    # === THE VERDICT === #

    def _judge(self, coverages, reader):
        """Keep each flow's verdict; what that changes is done and noted."""
        for row in self:
            verdict = gate.judge(
                row.flow,
                coverages.values(),
                scanned=reader.is_scanned(_SCANNED),
                threshold=row.gate_threshold,
            )
            row._keep(
                {
                    "gate_state": verdict.state,
                    "gate_counts": verdict.as_json(row.flow),
                    "gate_blocking": verdict.blocking,
                }
            )
            row._turn()

    def _keep(self, values):
        """Write only what differs: a row nobody changed is in nobody's way."""
        new = {name: value for name, value in values.items() if self[name] != value}
        if new:
            self.with_context(shopify_gate=_VERDICT).write(new)

    def _turn(self):
        """Follow the gate: hold an automatic flow, or let it go on."""
        if (
            self.automatic_when_ready
            and self.policy != "automatic"
            and self._may_start()
        ):
            self._keep({"policy": "automatic", "automatic_when_ready": False})
            self._note_gate("gate opened", self._opened_text())
            self._go_on()
        held = self.policy == "automatic" and not self._is_ready()
        if held and not self.is_held:
            self._keep({"is_held": True})
            self._note_gate("gate closed", self._held_text())
            self._ask_owner()
        elif self.is_held and not held:
            self._keep({"is_held": False})
            self.gate_activity_id.unlink()
            if self.policy == "automatic":
                self._note_gate("gate opened", self._opened_text())
                self._go_on()

    def _held_text(self):
        return self.env._(
            "%(flow)s waits in Review: %(why)s",
            flow=self._flow_labels()[0],
            why=self.gate_text,
        )

    def _opened_text(self):
        return self.env._("%s runs by itself", self._flow_labels()[0])

    def _go_on(self):
        """What waited for a person only because the gate was shut goes on."""
        rows = self.env["shopify.sync"].search_fetch(
            [
                ("backend_id", "=", self.backend_id.id),
                ("flow", "=", self.flow),
                ("state", "=", "review"),
                ("reason_code", "=", "to_accept"),
            ],
            ["flow", "direction", "subject_type", "subject_key"],
        )
        # There may be as many as the store has products.
        for start in range(0, len(rows), TRIGGERS_A_LOT):
            lot = rows[start : start + TRIGGERS_A_LOT]
            self.env["shopify.trigger"]._insert(
                self.backend_id, lot._subjects(), "released"
            )

    def _ask_owner(self):
        """An activity on the store, for whoever looks after the flow."""
        if not self.owner_id:
            return
        # No e-mail: one gate may shut for every flow of a store.
        store = self.backend_id.with_context(mail_activity_quick_update=True)
        self._keep(
            {
                "gate_activity_id": store.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=self.env._("Link what is missing"),
                    note=self._held_text(),
                    user_id=self.owner_id.id,
                )
            }
        )

    def _in_the_way(self):
        """What holds these flows of one store up, each record once: (type, GID, name,
        ID of its match row, ID of its sync row, the flows' labels)."""
        reader = GateReader(self.backend_id.sudo())  # the engine's own books
        wanted = {}
        for row in self:
            for kind in gate.TYPES[row.flow]:
                key = kind, gate.COUNTS[row.flow]
                wanted.setdefault(key, []).append(row._flow_labels()[0])
        found = {}
        for (kind, which), labels in wanted.items():
            for gid, name, match_id, sync_id in reader.rows(kind, which):
                facts = (kind, gid, name, match_id, sync_id, [])
                found.setdefault((kind, gid), facts)[-1].extend(labels)
        return list(found.values())

    # === TEXTS === #

    @api.depends("gate_counts", "gate_state", "gate_blocking")
    @api.depends_context("lang")
    def _compute_gate_text(self):
        for row in self:
            row.gate_text = row._gate_text()

    def _gate_text(self):
        """ "1,204 of 1,210 variants linked; 6 block automatic stock" """
        if self.gate_state == "unknown" or not self.gate_counts:
            return self.env._("not matched yet: read the store first")
        parts = [self._linked_text(*counts) for counts in self.gate_counts]
        if self.gate_blocking:
            parts.append(self._blocking_text())
        return "; ".join(parts)

    def _linked_text(self, kind, linked, known, _blocking):
        labels = {
            "ProductVariant": self.env._("variants"),
            "Product": self.env._("products"),
            "Customer": self.env._("customers"),
            "Company": self.env._("companies"),
            "CompanyLocation": self.env._("company locations"),
            "Location": self.env._("locations"),
        }
        return self.env._(
            "%(linked)s of %(known)s %(kind)s linked",
            linked=self._grouped(linked),
            known=self._grouped(known),
            kind=labels[kind],
        )

    def _blocking_text(self):
        return self.env._(
            "%(count)s block automatic %(flow)s",
            count=self._grouped(self.gate_blocking),
            flow=self._flow_labels()[0].lower(),
        )

    def _summary_text(self):
        """One line for a store: each type once, then what blocks which flow."""
        if not any(row.gate_state != "unknown" and row.gate_counts for row in self):
            return self.env._("not matched yet: read the store first")
        by_kind = {
            counts[0]: counts for row in self for counts in row.gate_counts or ()
        }
        wanted = [kind for kind in ("ProductVariant", "Customer") if kind in by_kind]
        parts = [self[:1]._linked_text(*by_kind[kind]) for kind in wanted]
        unread = self.filtered(lambda row: row.gate_state == "unknown")
        if unread:
            parts.append(self.env._("not matched yet: read the store first"))
        parts += [row._blocking_text() for row in self - unread if row.gate_blocking]
        return "; ".join(parts)

    def _grouped(self, number):
        lang = self.env["res.lang"]._get_data(code=self.env.lang or "en_US")
        return self.env["res.lang"].browse(lang.id).format("%d", number, grouping=True)

    # === BUTTONS === #

    def action_gate_rows(self):
        """The records that hold these flows up."""
        check_role(self.env, USER)
        self.check_access("read")
        return self.env["shopify.gate.row"]._open(self)

    def action_gate_override(self):
        """Let it run anyway: asks why and until when."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Let it run anyway"),
            "res_model": "shopify.gate.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_flow_id": self.id},
        }


# Types that a finished scan must have seen, for flows that wait for one. Locations are
# known from connecting on.
_SCANNED = ("ProductVariant",)


class ShopifyBackend(models.Model):
    _name = "shopify.backend"
    # An activity needs a thread for those who follow it.
    _inherit = ["shopify.backend", "mail.thread", "mail.activity.mixin"]

    gate_summary = fields.Char("Linked So Far", compute="_compute_gate_texts")
    gate_banner = fields.Char(compute="_compute_gate_texts")

    @api.depends("flow_ids.gate_counts", "flow_ids.is_held", "flow_ids.gate_state")
    @api.depends_context("lang")
    def _compute_gate_texts(self):
        for backend in self:
            flows = backend.flow_ids
            backend.gate_summary = flows._summary_text() if flows else False
            held = flows.filtered("is_held")
            texts = [row._held_text() for row in held]
            backend.gate_banner = "; ".join(texts) or False

    def action_gate_rows(self):
        """The records that hold flows of this store up."""
        self.ensure_one()
        return self.flow_ids.action_gate_rows()

    # === LOOKING === #

    def _scan_once(self):
        """Begin to read the store, unless that was begun before; gates wait for it."""
        for backend in self:
            if self.env["shopify.scan"].search_count(
                [("backend_id", "=", backend.id)], limit=1
            ):
                continue
            try:
                backend._scan("matching")
            except UserError as error:
                # The test names missing permissions; the worksheet says it again.
                backend._note_event("store", "not read", error.args[0])

    def _look_at_gates(self):
        """Count what is linked, and keep each flow's verdict: a fixed number of queries
        whatever the store holds."""
        self.ensure_one()
        backend = self.sudo()  # the engine's own verdict, whoever caused the look
        reader = GateReader(backend)
        kinds = {kind for flow in backend.flow_ids for kind in gate.TYPES[flow.flow]}
        if not backend.has_companies:
            kinds -= gate.WHERE_THERE
        coverages = {kind: reader.coverage(kind) for kind in sorted(kinds)}
        backend.flow_ids._judge(coverages, reader)

    def _gate_job(self):
        """Job: as above, unless somebody is at it."""
        self.env.cr.execute(
            "SELECT id FROM shopify_flow WHERE backend_id = %s"
            " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
            [self.id],
        )
        if len(self.env.cr.fetchall()) == len(self.flow_ids):
            self._look_at_gates()

    @api.model
    def _cron_gates(self):
        """Every 5 minutes: what no link tells of, as time that passed."""
        self._for_each_store(lambda backend: backend._gate_job())

    def _look_at_gates_soon(self):
        """Have a job look, once for the whole transaction."""
        precommit = self.env.cr.precommit
        noted = precommit.data.get(NOTED)
        if noted is None:
            noted = precommit.data[NOTED] = set()
            stores = self.with_user(SUPERUSER_ID).browse()
            precommit.add(lambda: stores._enqueue_looks(noted))
        noted.update(self.ids)

    @api.model
    def _enqueue_looks(self, backend_ids):
        for backend in self.browse(backend_ids).exists():
            job = NewJob(
                backend._as_queue_user()._gate_job,
                priority=JOB_PRIORITY["mark"],
                eta=LOOK_AFTER,
                identity_key=f"shopify/gate/{backend.id}",
                description=f"Shopify {backend.name}: what is linked",
            )
            if not job.job_record_with_same_identity_key():
                job.store()


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create(vals_list)
        links._note_for_gates()
        return links

    def write(self, vals):
        result = super().write(vals)
        if {"gone_at", "shopify_gid", "warehouse_id", "location_id"} & set(vals):
            self._note_for_gates()
        return result

    def unlink(self):
        self._note_for_gates()
        return super().unlink()

    def _note_for_gates(self):
        if self._shopify_type in _GATED and self:
            self.backend_id._look_at_gates_soon()


_GATED = {kind for kinds in gate.TYPES.values() for kind in kinds}


class ShopifyMatchNever(models.Model):
    _inherit = "shopify.match.never"

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows.backend_id._look_at_gates_soon()
        return rows

    def unlink(self):
        self.backend_id._look_at_gates_soon()
        return super().unlink()


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    def _finish(self):
        result = super()._finish()
        self.backend_id._look_at_gates_soon()
        return result
