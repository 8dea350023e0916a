"""How claimed subjects are run: read, planned, written, or sent; what fails is split off."""

import logging
import re
import traceback
from collections import defaultdict

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from ..api.errors import ShopifyError
from ..core import freshness
from ..core.failures import Failure, NeedsReview
from ..core.outcome import Outcome
from .remote_failure import remote_failure
from .shopify_binding import Nodes
from .sync_errors import fingerprint, is_down, is_everybodys, leaves_the_job
from .sync_subject import CLOSED, HANDLERS

_logger = logging.getLogger(__name__)
# As Odoo's refusals name a model: "… 'Sales Order' (sale.order) records."
_MODEL = re.compile(r"\(([a-z0-9_]+(?:\.[a-z0-9_]+)+)\)")


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    @api.model
    def _run(self, backend, client, subjects):
        """-> {subject: (Outcome | Failure, facts)}; facts describe the record."""
        by_handler = defaultdict(list)
        for subject in subjects:
            model = (
                "shopify.mark"
                if subject.direction == "mark"
                else HANDLERS[subject.direction, subject.type]
            )
            by_handler[subject.direction == "in", model].append(subject)
        inbound = {model: part for (into, model), part in by_handler.items() if into}
        results = self._run_in(backend, client, inbound)
        for (into, model), part in by_handler.items():
            if not into:
                results.update(self._run_out(backend, client, model, part))
        return results

    @api.model
    def _run_in(self, backend, client, inbound):
        """Into Odoo: read everything from Shopify, then plan and write.

        inbound: {handler: subjects}. What others refer to is written first, so that an
        order finds the product that came in the same batch.
        """
        results, fetched = {}, {}
        order = list(dict.fromkeys(HANDLERS.values()))
        for model in sorted(inbound, key=order.index):
            by_key = {subject.key: subject for subject in inbound[model]}
            started = client.now()
            nodes, failed = self._read(self.env[model], backend, client, list(by_key))
            results.update((by_key[key], (end, {})) for key, end in failed.items())
            if nodes:
                by_key = {key: by_key[key] for key in nodes}
                fetched[model] = (by_key, nodes, client.shop_time(started))
        for model, (by_key, nodes, read_at) in fetched.items():
            ends = self._write_in(self.env[model], backend, nodes, by_key)
            for _end, facts in ends.values():
                facts["is_final"] = freshness.is_final(facts.get("updated_at"), read_at)
            results.update(ends)
        return results

    @api.model
    def _read(self, model, backend, client, keys):
        """-> (Nodes, {key: Failure}). Reads split safely: what one object breaks must
        not hold up the others. A shop that is down isn't asked for each of them."""
        try:
            nodes = model._fetch(backend, client, keys)
            return Nodes(nodes, model._read_owners(backend, client, nodes)), {}
        except Exception as error:
            if leaves_the_job(error):
                raise
            if len(keys) == 1 or is_everybodys(error):
                failure = self._failure_of(backend, error, keys[0])
                return None, dict.fromkeys(keys, failure)
        found, failed = Nodes({}, {}), {}
        half = len(keys) // 2
        for part in (keys[:half], keys[half:]):
            if not found and is_down(failed):
                failed |= dict.fromkeys(part, next(iter(failed.values())))
                continue
            nodes, more = self._read(model, backend, client, part)
            failed |= more
            if nodes:
                found.update(nodes)
                found.owners.update(nodes.owners)
        return found, failed

    @api.model
    def _write_in(self, model, backend, nodes, by_key):
        facts, broken = {}, {}
        for key in by_key:
            try:
                facts[key] = model._describe(key, nodes.get(key))
            except Exception as error:
                facts[key] = {}
                broken[key] = self._local_failure(backend, error, key)
        closed = {
            key
            for key, subject in by_key.items()
            if subject.closed_for(facts[key].get("updated_at"))
        }
        found = dict.fromkeys(closed, CLOSED) | broken
        todo = nodes.only([key for key in by_key if key not in found])
        if todo:
            found.update(self._plan_and_apply(model, backend, todo, by_key))
        return {by_key[key]: (found[key], facts[key]) for key in by_key}

    @api.model
    def _plan_and_apply(self, model, backend, nodes, by_key):
        """-> {key: Outcome | Failure}. A local error splits the batch until the bad
        subject stands alone with its reason; the rest is written."""
        try:
            with self.env.cr.savepoint():
                plans = model._plan(backend, nodes)
                found = self._withheld(model, backend, by_key, plans)
                todo = {key: plan for key, plan in plans.items() if key not in found}
                if todo:
                    found.update(model._apply(backend, todo))
                missing = set(nodes) - set(found)
                if missing:
                    raise AssertionError(
                        f"{model._name} answered nothing for {missing}"
                    )
                self.env.flush_all()
            return found
        except Exception as error:
            if leaves_the_job(error):
                raise
            if len(nodes) == 1:
                return {key: self._local_failure(backend, error, key) for key in nodes}
        keys = list(nodes)
        half = len(keys) // 2
        found = {}
        for part in (keys[:half], keys[half:]):
            found.update(self._plan_and_apply(model, backend, nodes.only(part), by_key))
        return found

    @api.model
    def _withheld(self, model, backend, by_key, plans):
        """What keeps plans from being carried out: {key: Outcome | Failure | CLOSED}."""
        ended = (Failure, Outcome)
        found = {key: plan for key, plan in plans.items() if isinstance(plan, ended)}
        to_ask = {
            key: plan
            for key, plan in plans.items()
            if key not in found
            and getattr(plan, "creates", True)
            and backend._flow_policy(by_key[key].flow) == "review"
        }
        if to_ask:
            found |= self._ask_first(model, backend, by_key, to_ask)
        return found

    @api.model
    def _run_out(self, backend, client, model_name, subjects):
        """To Shopify. Handlers return each subject's end; what they raise ends all of
        them, since after a remote write nothing may be split."""
        model = self.env[model_name]
        if model_name == "shopify.mark":
            records, by_record = subjects, {subject: subject for subject in subjects}
        else:
            by_record = {int(subject.key): subject for subject in subjects}
            records = model._subjects(backend, list(by_record))
        closed = [s for s in subjects if s.closed_for(None)]
        if closed:
            ends = {subject: (CLOSED, {}) for subject in closed}
            rest = [s for s in subjects if s not in ends]
            if rest:
                ends.update(self._run_out(backend, client, model_name, rest))
            return ends
        sent_before = client.mutations_sent
        try:
            with self.env["shopify.mutation"]._bookkeeping():
                found = model._export(backend, client, records)
        except Exception as error:
            if leaves_the_job(error):
                raise
            if len(subjects) > 1 and client.mutations_sent == sent_before:
                results = {}
                for subject in subjects:
                    results.update(
                        self._run_out(backend, client, model_name, [subject])
                    )
                return results
            failure = self._failure_of(backend, error, subjects[0].key)
            return {subject: (failure, {}) for subject in subjects}
        facts = model._describe_exports(backend, subjects)
        return {
            subject: (found[key], facts.get(subject, {}))
            for key, subject in by_record.items()
        }

    @api.model
    def _failure_of(self, backend, error, key):
        if isinstance(error, ShopifyError):
            return remote_failure(backend.sudo(), error)
        return self._local_failure(backend, error, key)

    @api.model
    def _access_failure(self, company, error):
        """What the sync user lacks: the company, or rights on the model that Odoo's
        message names in brackets."""
        detail = str(error.args[0] if error.args else error)
        params = {"user": self.env.user.display_name, "detail": detail}
        named = [name for name in _MODEL.findall(detail) if name in self.env]
        if company not in self.env.user.company_ids or not named:
            params["company"] = company.display_name
            return Failure("company_access_missing", params)
        words = {
            "read": self.env._("read"),
            "create": self.env._("create"),
            "write": self.env._("change"),
            "unlink": self.env._("delete"),
        }
        model = self.env[named[0]].browse()
        lacking = [word for right, word in words.items() if not model.has_access(right)]
        # With every right on the model, a rule keeps single records from the user.
        params["operation"] = lacking[0] if lacking else self.env._("use these")
        params["model"] = self.env["ir.model"]._get(model._name).name
        return Failure("odoo_access_missing", params)

    @api.model
    def _local_failure(self, backend, error, key):
        """The reason for what planning or writing raised."""
        if isinstance(error, NeedsReview):
            return error.failure
        if isinstance(error, AccessError):
            return self._access_failure(backend.sudo().company_id, error)
        if isinstance(error, UserError):
            return Failure("odoo_refused", {"problem": str(error.args[0])})
        _logger.warning(
            "Sync of %s stopped by an unexpected error", key, exc_info=error
        )
        return Failure(
            "defect",
            {
                "error": f"{type(error).__name__}: {error}"[:500],
                "fingerprint": fingerprint(error),
                "traceback": "".join(traceback.format_exception(error))[-6000:],
            },
        )
