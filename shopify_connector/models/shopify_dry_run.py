"""Preview (dry run): what a sync of these subjects would do now.

The engine's own code runs for them, in a transaction of its own that is rolled back
whatever comes, with a client that refuses every write. Each subject is run by itself:
what one would do hides nothing of the next. No sync row, trigger, history, mail, job or
number of a document remains; the points of the reads do, and so does a new access token.

*Do it* asks for the sync with a digest of what was shown. The drain then looks once
more, and does it only if it comes to the same.
"""

import math
import time
from collections import defaultdict
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..core import preview
from ..core.failures import Failure
from ..core.outcome import Outcome
from .dry_run_records import RecordWatch, plain
from .roles import OPERATOR, check_role
from .shopify_preview import RESULT
from .shopify_trigger import LIFTED, group_of
from .sync_subject import HANDLERS, Subject

KEY = "shopify_dry_run"
# At once, since a person waits; and the seconds after which the rest isn't begun.
MOST, SECONDS = 20, 20.0
# Seconds that the reads of a preview may wait for points.
PATIENCE = 10.0
# Cause of a sync that is to do what was shown: with the digest of that.
SHOWN = "shown:"
STOCK = "shopify.stock.level"


class DryRun:
    """In the context of everything that runs for a preview. An object, so that no RPC
    can make one.

    numbers: what documents are numbered with instead of their sequences' numbers.
    asks: whether automatic flows ask like those in review, since they tell it best.
    previews: of new records, as planned: {key: core.preview.Preview}.
    """

    def __init__(self):
        self.numbers = count(1)
        self.asks = False
        self.previews = {}


def dry_run_of(env):
    """The dry run that this is part of, or None."""
    found = env.context.get(KEY)
    return found if isinstance(found, DryRun) else None


@dataclass(frozen=True)
class Shown:
    """What a sync would do with one subject.

    kind: does, nothing, stops, busy (a drain has it just now), late (out of time).
    sections: as core/preview's, as JSON. asked: what review mode would ask, as JSON.
    on_hand: Shopify's number as it was read, for stock.
    """

    kind: str
    sections: tuple = ()
    note: str = ""
    failure: Failure | None = None
    asked: tuple = ()
    record_name: str = ""
    on_hand: int | None = None

    @property
    def digest(self):
        """Equal while the same would be done. What goes on afterwards is asked for by
        itself, or is on its way already: it doesn't count."""
        done = [each for each in self.sections if each["kind"] != "next"]
        return preview.digest([{"kind": self.kind}, *done])


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    shown_digest = fields.Char(
        help="Of the preview that a person said “Do it” to, while a passing reason makes "
        "it wait."
    )

    # === RUNNING === #

    @api.model
    def _dry_run(self, backend, wanted, is_claimed=False):
        """{one of wanted: Shown}. wanted: (flow, direction, type, key) each.

        is_claimed: the caller holds these subjects' rows, may work, and waits for all.
        Raises UserError where nothing may be read, and what `leaves_the_job` names.
        """
        if not is_claimed:
            backend._check_may_preview()
        refused = []
        with (
            backend._client(longest_wait=PATIENCE, refused=refused) as client,
            self._rolled_back() as dry,
        ):
            backend = backend.with_env(dry.env)
            busy = set() if is_claimed else dry._busy(backend, wanted)
            found = {each: Shown("busy") for each in wanted if each in busy}
            subjects = dry._dry_subjects(backend, [w for w in wanted if w not in busy])
            stop_at = math.inf if is_claimed else time.monotonic() + SECONDS
            found |= dry._show_in(backend, client, subjects, stop_at)
            found |= dry._show_out(backend, client, subjects, refused)
        return found

    @contextmanager
    def _rolled_back(self):
        """This model in a transaction of its own that is undone."""
        registry = self.env.registry
        flags = registry.registry_invalidated, set(registry.cache_invalidated)
        with closing(registry.cursor()) as cr:
            try:
                cr.execute("SET LOCAL lock_timeout = '2s'")
                yield self.with_env(self.env(cr=cr))
            finally:
                cr.rollback()
                # What was cached of records that never were; what the caller's own
                # transaction has to announce stays.
                registry.registry_invalidated = False
                registry.reset_changes()
                registry.registry_invalidated = flags[0]
                registry.cache_invalidated.update(flags[1])

    @api.model
    def _busy(self, backend, wanted):
        """Those of wanted that somebody works on. The others are held until the end, so
        that no drain begins with them meanwhile."""
        self.env.cr.execute(
            SQL(
                """
    WITH wanted AS (
        SELECT * FROM unnest(%(directions)s, %(types)s, %(keys)s)
            AS wanted (direction, subject_type, subject_key)),
    locked_trigger AS (
        SELECT t.id FROM shopify_trigger t
          JOIN wanted USING (direction, subject_type, subject_key)
         WHERE t.backend_id = %(backend)s
           FOR NO KEY UPDATE OF t SKIP LOCKED),
    locked_sync AS (
        SELECT s.id FROM shopify_sync s
          JOIN wanted USING (direction, subject_type, subject_key)
         WHERE s.backend_id = %(backend)s
           FOR NO KEY UPDATE OF s SKIP LOCKED)
    SELECT DISTINCT coalesce(t.direction, s.direction),
           coalesce(t.subject_type, s.subject_type),
           coalesce(t.subject_key, s.subject_key)
      FROM wanted
      LEFT JOIN shopify_trigger t
             ON t.backend_id = %(backend)s AND t.direction = wanted.direction
            AND t.subject_type = wanted.subject_type
            AND t.subject_key = wanted.subject_key
            AND t.id NOT IN (SELECT id FROM locked_trigger)
      LEFT JOIN shopify_sync s
             ON s.backend_id = %(backend)s AND s.direction = wanted.direction
            AND s.subject_type = wanted.subject_type
            AND s.subject_key = wanted.subject_key
            AND s.id NOT IN (SELECT id FROM locked_sync)
     WHERE t.id IS NOT NULL OR s.id IS NOT NULL
                """,
                directions=[each[1] for each in wanted],
                types=[each[2] for each in wanted],
                keys=[each[3] for each in wanted],
                backend=backend.id,
            )
        )
        held = set(self.env.cr.fetchall())
        return {each for each in wanted if each[1:] in held}

    @api.model
    def _dry_subjects(self, backend, wanted):
        """{one of wanted: its Subject}, as asked for by a person."""
        # sudo: the engine's own book
        rows = self.sudo().search(
            [
                ("backend_id", "=", backend.id),
                ("subject_key", "in", [key for *_rest, key in wanted]),
            ]
        )
        known = {(r.direction, r.subject_type, r.subject_key): r for r in rows}
        subjects = {}
        for flow, direction, kind, key in wanted:
            row = known.get((direction, kind, key), rows.browse())
            subjects[flow, direction, kind, key] = Subject(
                flow=flow,
                direction=direction,
                type=kind,
                key=key,
                causes=("retry",),
                sync_id=row.id or 0,
                state=row.state or "",
                remote_updated_at=row.remote_updated_at or "",
                reason_code=row.reason_code or "",
            )
        return subjects

    # === INTO ODOO === #

    @api.model
    def _show_in(self, backend, client, subjects, stop_at):
        by_model = defaultdict(dict)
        for wanted, subject in subjects.items():
            if subject.direction == "in":
                by_model[HANDLERS["in", subject.type]][subject.key] = wanted
        found = {}
        for name, by_key in by_model.items():
            model = self._for_dry_run(backend).env[name]
            nodes, failed = self._read(model, backend, client, list(by_key))
            found |= {by_key[key]: self._stops(end, {}) for key, end in failed.items()}
            for key in nodes or ():
                wanted = by_key[key]
                found[wanted] = (
                    self._show_one(name, backend, nodes.only([key]), subjects[wanted])
                    if time.monotonic() < stop_at
                    else Shown("late")
                )
        return found

    @api.model
    def _for_dry_run(self, backend):
        """This model as the sync user, marked as a dry run."""
        dry = self._as_sync_user(backend)
        return dry.with_context(**{KEY: DryRun(), "mail_notify_force_send": False})

    @api.model
    def _show_one(self, name, backend, nodes, subject):
        with self._undone():
            dry = self._for_dry_run(backend)
            backend = backend.with_env(dry.env)
            watch = RecordWatch(dry.env, backend)
            before = watch.values(subject)
            ends = dry._write_in(dry.env[name], backend, nodes, {subject.key: subject})
            end, facts = ends[subject]
            if isinstance(end, Failure):
                return self._stops(end, facts)
            asked = dry_run_of(dry.env).previews.get(subject.key)
            asked = asked.as_json() if asked else []
            changed = watch.changes(before, watch.values(subject))
            told = [] if asked else [_change_row(each) for each in end.changes]
            sections = [
                *asked,
                *_section("updated", told + changed),
                *watch.sections(),
            ]
            return Shown(
                "does" if sections or end.kind == "synced" else "nothing",
                tuple(sections),
                note=plain(end.note or ""),
                asked=tuple(asked),
                **_named(facts, subject),
            )

    @contextmanager
    def _undone(self):
        with self.env.cr.savepoint() as point:
            yield
            self.env.flush_all()
            point.rollback()

    @api.model
    def _withheld(self, model, backend, by_key, plans):
        """A dry run asks nobody: it keeps what a person would be asked, and goes on."""
        run = dry_run_of(self.env)
        if run is None:
            return super()._withheld(model, backend, by_key, plans)
        ended = {k: p for k, p in plans.items() if isinstance(p, (Failure, Outcome))}
        new = {
            key: plan
            for key, plan in plans.items()
            if key not in ended and getattr(plan, "creates", True)
        }
        if new:
            run.previews.update(model._previews(backend, new))
        return ended

    # === TO SHOPIFY === #

    @api.model
    def _show_out(self, backend, client, subjects, refused):
        by_model = defaultdict(dict)
        for wanted, subject in subjects.items():
            if subject.direction == "mark":
                by_model["shopify.mark"][subject] = wanted
            elif subject.direction == "out":
                by_model[HANDLERS["out", subject.type]][subject] = wanted
        found = {}
        for name, part in by_model.items():
            with self._undone():
                dry = self._for_dry_run(backend)
                here = backend.with_env(dry.env)
                # A level in review that is to be written and looked at tells only one.
                dry_run_of(dry.env).asks = name not in (STOCK, "shopify.mark")
                dry._ask_as_a_person(here, part)
                ends = dry._run_out(here, client, name, list(part))
                for subject, (end, facts) in ends.items():
                    found[part[subject]] = dry._shown_out(subject, end, facts, refused)
        return found

    @api.model
    def _unless_accepted(self, row, shown, summary, accepted, anew=False):
        """A dry run is told what would be asked, whatever was said before."""
        if dry_run_of(self.env):
            return Failure(RESULT, {"summary": summary, "preview": shown.as_json()})
        return super()._unless_accepted(row, shown, summary, accepted, anew)

    @api.model
    def _ask_as_a_person(self, backend, subjects):
        """What goes to Shopify reads its causes from the triggers. As *Do it* will ask;
        but nobody's go may explain a stock away that is only looked at."""
        for subject in subjects:
            self.env.cr.execute(
                "INSERT INTO shopify_trigger (backend_id, drain_group, flow, direction,"
                " subject_type, subject_key, priority, cause, user_id, created_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s,"
                " now() AT TIME ZONE 'UTC')",
                [
                    backend.id,
                    group_of(subject.flow, subject.direction),
                    subject.flow,
                    subject.direction,
                    subject.type,
                    subject.key,
                    LIFTED,
                    "retry" if subject.type == STOCK else "accepted",
                    self.env.uid,
                ],
            )

    def _shown_out(self, subject, end, facts, refused):
        named = _named(facts, subject)
        if subject.type == STOCK:
            level = self.env[STOCK].sudo().browse(int(subject.key)).exists()
            named["on_hand"] = level.on_hand_seen if level else None
        if isinstance(end, Failure) and end.code == RESULT:
            sections = tuple(end.params.get("preview") or ())
            return Shown("does", sections, asked=sections, **named)
        sections = self._written_sections(subject, end, named, refused)
        if isinstance(end, Failure):
            kind = "does" if sections else "stops"
            return Shown(kind, tuple(sections), failure=end, **named)
        kind = "does" if sections else "nothing"
        return Shown(kind, tuple(sections), note=plain(end.note or ""), **named)

    def _written_sections(self, subject, end, named, refused):
        """What Shopify would be told of this subject."""
        if subject.type == STOCK:
            rows = [
                [named["record_name"], str(row["change_from"]), str(row["quantity"])]
                for _operation, _variables, _names, before in refused
                for row in (before or {}).get("rows", ())
                if row["level"] == int(subject.key)
            ]
            return _section("changed", rows)
        if isinstance(end, Failure):
            return []
        rows = [_change_row(each) for each in end.changes]
        if not rows and any(subject.name in names for _o, _v, names, _b in refused):
            rows = [[named["record_name"], end.note]]
        return _section("sent", rows)

    @api.model
    def _stops(self, failure, facts):
        return Shown("stops", failure=failure, **_named(facts))

    # === DO IT === #

    @api.model
    def _do_as_shown(self, backend, wanted, digest, on_hand=None):
        """Ask for this sync, to do what was shown and nothing else.

        on_hand: of stock, Shopify's number that the person looked at.
        """
        check_role(self.env, OPERATOR)
        backend.check_access("read")
        if on_hand is not None:
            # The go covers no other number. sudo: the engine's own book
            level = self.env[STOCK].sudo().browse(int(wanted[3])).exists()
            level.on_hand_seen = on_hand
        # A go for stock would also cover what Odoo can't explain: it is given only
        # where the flow asks for one.
        in_review = backend._flow_policy(wanted[0]) == "review"
        go = "accepted" if in_review or wanted[2] != STOCK else "retry"
        # sudo: people ask, the engine keeps it
        triggers = self.env["shopify.trigger"].sudo()
        for cause in (go, f"{SHOWN}{digest}"):
            triggers._insert(backend, [wanted], cause, lift=True)

    @api.model
    def _run(self, backend, client, subjects):
        """What a person was shown is looked at once more before it is done."""
        held = self._held_to_shown(subjects)
        changed = self._changed_since_shown(backend, held) if held else {}
        rest = [subject for subject in subjects if subject not in changed]
        return changed | (super()._run(backend, client, rest) if rest else {})

    @api.model
    def _held_to_shown(self, subjects):
        """{subject: the digest of what a person said *Do it* to}"""
        held = {}
        for subject in subjects:
            digest = _said(subject)
            if not digest and subject.was_accepted:
                # sudo: the engine's own book
                digest = self.sudo().browse(subject.sync_id).shown_digest
            if digest:
                held[subject] = digest
        return held

    @api.model
    def _changed_since_shown(self, backend, held):
        """{subject: (why it isn't done, facts)} of those that would do something else.
        Who has nothing to do any more may find that out by itself."""
        wanted = {(s.flow, s.direction, s.type, s.key): s for s in held}
        ends = {}
        for part in split_every(MOST, list(wanted)):
            found = self._dry_run(backend, list(part), is_claimed=True)
            for key, shown in found.items():
                subject = wanted[key]
                if shown.kind == "nothing" or shown.digest == held[subject]:
                    continue
                ends[subject] = self._not_as_shown(shown)
        return ends

    @api.model
    def _not_as_shown(self, shown):
        """-> (Failure, facts)"""
        facts = {"record_name": shown.record_name}
        if shown.failure:
            return shown.failure, facts
        summary = self.env._(
            "it changed since it was previewed, and is now: %s",
            shown.note or self.env._("see what would be done"),
        )
        told = list(shown.asked or shown.sections)
        return Failure(RESULT, {"summary": summary, "preview": told}), facts

    @api.model
    def _row_values(self, backend, subject, result, *args):
        vals = super()._row_values(backend, subject, result, *args)
        waits = vals["is_accepted"]
        vals["shown_digest"] = waits and self._held_to_shown([subject]).get(subject)
        return vals

    # === SHOWN === #

    def _heads(self, kind):
        return super()._heads({"updated": "changed", "bound": "linked"}.get(kind, kind))

    def _word(self, text):
        """Labels of what was found in the database, in the reader's language."""
        kind, _sep, rest = text.partition(":")
        if kind == "model" and rest in self.env:
            return self.env["ir.model"]._get(rest).name
        if kind == "field" and rest.count(":") > 1:
            model, name, label = rest.split(":", 2)
            field = self.env[model]._fields.get(name) if model in self.env else None
            if field:
                return f"{field._description_string(self.env)} ({label})"
        if kind == "flow":
            return self._flow_word(rest)
        return super()._word(text)

    def _flow_word(self, text):
        flow, _sep, direction = text.partition("/")
        flows = dict(
            self.env["shopify.flow"]._fields["flow"]._description_selection(self.env)
        )
        ways = dict(self._fields["direction"]._description_selection(self.env))
        return f"{flows.get(flow, flow)}: {ways.get(direction, direction)}"


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _check_may_preview(self):
        """Raise UserError unless this database may read from the store now."""
        self.ensure_one()
        if not self._is_working():
            raise UserError(
                self.env._(
                    "Nothing can be previewed: %(store)s isn't connected. %(why)s",
                    store=self.display_name,
                    why=self.sudo().hold_message or "",
                ).strip()
            )
        if self.sudo().state == "copy":
            return
        problem = self.env["shopify.lease"]._local_problem(self)
        if problem:
            raise UserError(self.env._("Nothing can be previewed: %s", problem))

    def _flow_policy(self, flow):
        policy = super()._flow_policy(flow)
        run = dry_run_of(self.env)
        return "review" if run and run.asks and policy == "automatic" else policy

    def _why_not_now(self, flow):
        """Why a sync of this flow won't run now, in words; "" if it will."""
        store = self.sudo()  # any operator may be told why it waits
        row = store.flow_ids.filtered(lambda each: each.flow == flow)
        label = dict(row._fields["flow"]._description_selection(self.env)).get(flow)
        if store.state == "copy":
            return self.env._("This database is a copy: nothing is written to Shopify.")
        if not row or row.policy == "off":
            return self.env._("The flow %s is off: it runs once it is on.", label)
        if row.paused_at:
            return self.env._(
                "The flow %(flow)s is paused (%(why)s): it runs once that is over.",
                flow=label,
                why=row.paused_message or "",
            )
        return ""


class ShopifyMutation(models.Model):
    _inherit = "shopify.mutation"

    @api.model
    def _remember(self, key, facts):
        if dry_run_of(self.env):
            return None
        return super()._remember(key, facts)


class IrSequence(models.Model):
    _inherit = "ir.sequence"

    def _next_do(self):
        """A preview takes no number, and so waits for nobody's."""
        run = dry_run_of(self.env)
        return _drawn(self, run) if run else super()._next_do()


class IrSequenceDateRange(models.Model):
    _inherit = "ir.sequence.date_range"

    def _next(self):
        run = dry_run_of(self.env)
        return _drawn(self.sequence_id, run) if run else super()._next()


def _said(subject):
    """The digest that came with a person's *Do it*; "" if nobody said it."""
    digests = [cause for cause in subject.causes if cause.startswith(SHOWN)]
    return max(digests)[len(SHOWN) :] if digests else ""


def _drawn(sequence, run):
    prefix, suffix = sequence._get_prefix_suffix()
    return f"{prefix}(new {next(run.numbers)}){suffix}"


def _named(facts, subject=None):
    name = facts.get("record_name") or (subject.key if subject else "")
    return {"record_name": name}


def _section(kind, rows):
    return [{"kind": kind, "rows": rows}] if rows else []


def _change_row(change):
    label = plain(str(change.field))
    if change.before is None:
        return [label, plain(str("" if change.after is None else change.after))]
    after = "" if change.after is None else change.after
    return [label, plain(str(change.before)), plain(str(after))]
