"""How the end of a run is written down: the subject's row, its history, what it waits on."""

import random
from datetime import UTC, datetime

from odoo import api, fields, models

from ..core import failures, preview
from ..core.failures import Failure
from ..core.outcome import Outcome
from .shopify_trigger import PRIORITY, group_of
from .sync_subject import CLOSED

NO_PREVIEW = {"preview": False, "preview_digest": False}
KEPT_APART = ("traceback", "preview")


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    @api.model
    def _record(self, backend, results, batch, seconds, client):
        """Write each subject's end and delete exactly the triggers that were claimed."""
        sudo = self.sudo()  # the engine's own books, closed to the sync user's hands
        now = fields.Datetime.now()
        share = int(1000 * seconds / max(1, len(results)))
        events, creates, waits = [], [], {}
        trigger_ids = [i for subject in results for i in subject.trigger_ids]
        self._keep_read({s: end for s, end in results.items() if end[0] is CLOSED})
        results = {s: end for s, end in results.items() if end[0] is not CLOSED}
        stops = {s: end for s, (end, _f) in results.items() if isinstance(end, Failure)}
        owners = self._owners_of(backend, stops)
        for subject, (result, facts) in results.items():
            vals = self._row_values(backend, subject, result, facts, owners, now)
            vals.update(last_batch=batch, last_run_at=now)
            if subject.sync_id:
                sudo.browse(subject.sync_id).write(vals)
            else:
                creates.append((subject, self._subject_values(backend, subject) | vals))
            if isinstance(result, Failure):
                waits[subject] = result.waits_on
            elif result.kind == "unchanged" and subject.brings_no_news:
                continue  # a schedule found nothing: no history
            events.append(
                self._event_values(
                    backend, subject, result, facts, share, batch, client
                )
            )
        created = sudo.create([vals for _subject, vals in creates])
        rows = {s: sudo.browse(s.sync_id) for s in results if s.sync_id}
        rows.update(
            {subject: row for (subject, _v), row in zip(creates, created, strict=True)}
        )
        self._record_waits(backend, rows, waits)
        self.env["shopify.event"].sudo().create(events)
        if trigger_ids:
            self.env.cr.execute(
                "DELETE FROM shopify_trigger WHERE id = ANY(%s)", [trigger_ids]
            )
        self.env.flush_all()

    @api.model
    def _keep_read(self, closed):
        """What a person closed stays so; but it was read as it is now, or the next
        comparison would read it again for ever."""
        for subject, (_end, facts) in closed.items():
            updated_at = facts.get("updated_at")
            if updated_at and updated_at != subject.remote_updated_at:
                self.sudo().browse(subject.sync_id).remote_updated_at = updated_at

    @api.model
    def _subject_values(self, backend, subject):
        return {
            "backend_id": backend.id,
            "flow": subject.flow,
            "direction": subject.direction,
            "drain_group": group_of(subject.flow, subject.direction),
            "subject_type": subject.type,
            "subject_key": subject.key,
            "record_name": _number(subject.key),
            "priority": PRIORITY.get(subject.flow, 20),
        }

    @api.model
    def _row_values(self, backend, subject, result, facts, owners, now):
        vals = {key: facts[key] for key in ("amount", "currency") if key in facts}
        if name := _name_in(facts):
            vals["record_name"] = name
        if "is_final" in facts:
            vals["is_read_early"] = not facts["is_final"]
        if isinstance(result, Outcome):
            return vals | {
                "state": "done",
                "outcome": result.kind,
                "note": result.note,
                "reason_code": False,
                "reason_params": False,
                "cause_key": False,
                "headline": False,
                "weight": 0,
                "nature": False,
                "traceback": False,
                "next_attempt_at": False,
                "attempt_count": 0,
                "first_failed_at": False,
                "handed_to_id": False,
                "is_accepted": False,
                **NO_PREVIEW,
                "accepted_digest": False,
                "refused_digest": False,
                "remote_updated_at": facts.get("updated_at") or False,
            }
        reason = failures.CATALOGUE[result.code]
        # Tries with this very reason: another one starts its own count.
        same = subject.reason_code == result.code
        attempts = subject.attempts + 1 if same else 1
        decision = failures.decide(result, attempts, now, random.random())
        retry_at = getattr(decision, "when", None)
        owner_id, handed_to_id = owners[subject]
        params = plain_params(result)
        vals |= {
            "state": "waiting" if retry_at else "review",
            "outcome": False,
            "note": False,
            "reason_code": result.code,
            "reason_params": params,
            "cause_key": failures.cause_key(result),
            "last_cause_key": failures.cause_key(result),
            "owner_id": owner_id,
            "handed_to_id": handed_to_id,
            "weight": failures.impact(result, subject.flow),
            "headline": self._headline(result),
            "nature": reason.nature,
            "traceback": result.params.get("traceback") or False,
            "next_attempt_at": retry_at or False,
            "attempt_count": attempts,
            "is_accepted": bool(subject.accepted and retry_at),
            **preview_values(result.params.get("preview")),
        }
        if not vals["is_accepted"]:
            vals["accepted_digest"] = False
        if facts.get("updated_at"):
            vals["remote_updated_at"] = facts["updated_at"]
        if not subject.attempts:
            vals["first_failed_at"] = now
        return vals

    @api.model
    def _event_values(self, backend, subject, result, facts, share, batch, client):
        failed = isinstance(result, Failure)
        return {
            "backend_id": backend.id,
            "kind": "attempt",
            "job_uuid": self.env.context.get("shopify_job") or False,
            "flow": subject.flow,
            "direction": subject.direction,
            "subject_type": subject.type,
            "subject_key": subject.key,
            "record_name": _name_in(facts),
            "cause": ", ".join(subject.causes),
            "caused_by_id": subject.user_id or False,
            "outcome": result.code if failed else result.kind,
            "failed": failed,
            "message": (
                self._translate(
                    result.reason.message,
                    result,
                    _name_in(facts) or _number(subject.key),
                )
                if failed
                else result.note
            ),
            "reason_params": (plain_params(result) if failed else False),
            "changes": (
                []
                if failed
                else [
                    [c.field, _text(c.before), _text(c.after)] for c in result.changes
                ]
            ),
            "duration_ms": share,
            "asked_at": subject.asked_at or False,
            "happened_at": _moment(facts.get("updated_at")),
            "write_uuids": self.env["shopify.mutation"]._touched(subject.name),
            "request_id": client.last_request_id or False,
            "batch": batch,
        }

    @api.model
    def _record_waits(self, backend, rows, waits):
        ids = [row.id for row in rows.values()]
        if ids:
            self.env["shopify.sync.wait"].sudo().search(
                [("sync_id", "in", ids)]
            ).unlink()
        present = backend._present({key for keys in waits.values() for key in keys})
        vals = [
            # What is there already isn't what holds this subject up.
            {"sync_id": rows[subject].id, "key": key, "is_present": key in present}
            for subject, keys in waits.items()
            for key in dict.fromkeys(keys)
        ]
        if vals:
            self.env["shopify.sync.wait"].sudo().create(vals)
        # What an order waits for goes before the other products.
        wanted = {
            key.split(":", 1)[1]
            for subject, keys in waits.items()
            for key in keys
            # What waits for its own link would call itself for ever.
            if key.startswith("product:") and key != f"product:{subject.key}"
        }
        if wanted:
            self.env["shopify.trigger"].sudo()._insert(
                backend,
                [("products", "in", "Product", gid) for gid in sorted(wanted)],
                "waited for",
                lift=True,
            )


def _name_in(facts):
    """The record's name, None where all that is known of it is its ID."""
    name = facts.get("record_name") or ""
    return None if name.startswith("gid:") else name or None


def _number(key):
    """What stands for a record's name until it could be read once."""
    return key.rpartition("/")[2]


def preview_values(shown):
    """A row's fields for a preview as JSON, or for none."""
    if not shown:
        return NO_PREVIEW
    return {"preview": shown, "preview_digest": preview.digest(shown)}


def plain_params(failure):
    """Without what is kept elsewhere, for fewer eyes."""
    return {k: v for k, v in failure.params.items() if k not in KEPT_APART}


def _moment(text):
    """Shopify's time stamp for a field of Odoo's."""
    if not text:
        return False
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _text(value):
    return value if value is None or isinstance(value, str | int | bool) else str(value)
