"""One push of stock: read Shopify, then Odoo, decide, write, and look what came of it.

Whatever Shopify refuses is read and decided anew, never replayed: an old number may be
wrong by now.
"""

import uuid
from datetime import UTC, timedelta

from odoo import fields
from odoo.tools import float_round

from ..api.errors import (
    ConflictError,
    ReadOnlyError,
    RejectedError,
    ShopifyError,
)
from ..core.failures import Failure
from ..core.outcome import Change, Outcome
from ..core.preview import of_stock
from ..core.settle import Timing
from ..core.stock import (
    Agreement,
    LevelFacts,
    WriteRow,
    batches,
    plan_push,
    read_level,
    set_input,
    settle_row,
    sort_refusal,
)
from .remote_failure import remote_failure
from .stock_facts import fresh_snapshot, known_fulfilled, read_stock_facts

READ, WRITE = "inventory/levels", "inventory/set_quantities"
# A level that keeps moving while it is pushed waits for its next turn.
PASSES = 3
# How far back orders are listed when stock left Shopify that Odoo can't explain.
LOOK_BACK_HOURS = 2
# Cause of a go for many levels at once: nobody looked at each one's number.
ALL_ACCEPTED = "all accepted"


class StockPush:
    """Works on the levels that one drain holds. `run` gives each one's end."""

    def __init__(self, env, backend, client, levels):
        self.env = env
        self.backend = backend
        self.client = client
        self.levels = levels
        # Those that are gone by now included: their open writes must end too.
        self.asked = levels.ids
        self.mutations = env["shopify.mutation"]
        self.in_review = backend._flow_policy("stock") == "review"
        self.ends = {}
        self.known = None
        self.looked_for_orders = False
        # What a refused call may have written: level -> (row, agreement it would make)
        self.doubtful = {}

    def run(self):
        self._leave_out()
        self._note_acceptance()
        self._settle_open_writes()
        again = self._unended()
        for _pass in range(PASSES):
            if not again:
                break
            again = self._one_pass(again)
        for level in again:
            self.ends[level.id] = Failure("stock_changed_meanwhile")
        return self.ends

    def _unended(self):
        return self.levels.filtered(lambda level: level.id not in self.ends)

    def _end(self, level, end):
        self.ends[level.id] = end

    # --- Before anything is read ---

    def _leave_out(self):
        """Levels that have nothing to push, with the rule; all, while fulfilments are
        off."""
        fulfilments_off = self.backend._flow_policy("fulfilments") == "off"
        there = self.levels.exists()
        # A pack's products are looked at level by level: read all of them at once.
        self._products(there).product_tmpl_id.fetch(["uom_id", "is_storable"])
        unit = self.env.ref("uom.product_uom_unit")
        for level in self.levels:
            if level not in there:
                rule = self.env._("Not linked (any more): nothing to push.")
                self._end(level, Outcome("excluded", rule))
            elif rule := self._rule_against(level):
                self._end(level, Outcome("excluded", rule))
            elif odd := self._products(level).filtered(lambda p: p.uom_id != unit):
                self._end(level, _unit_differs(odd[0]))
            elif fulfilments_off:
                self._end(level, Failure("stock_needs_fulfilments"))
        self.levels = there

    @staticmethod
    def _products(levels):
        links = levels.variant_link_id
        return links.odoo_id | links.component_ids.product_id

    def _rule_against(self, level):
        place, variant = level.location_link_id, level.variant_link_id
        if variant.gone_at or not variant.tracked:
            return self.env._("Shopify doesn't keep this variant's stock.")
        if not any(self._products(level).mapped("is_storable")):
            return self.env._("Odoo doesn't keep this product's stock.")
        if not place.location_id:
            return self.env._("The location %s has no warehouse.", place.name)
        if not place.is_active or place.is_service:
            return self.env._("%s is closed, or kept by a service.", place.name)
        return ""

    def _note_acceptance(self):
        """A person's go comes as a trigger. It is kept until it was used, or until
        Shopify's number is another than the one that was looked at."""
        self.env.cr.execute(
            "SELECT subject_key, bool_or(cause = %s) FROM shopify_trigger"
            " WHERE backend_id = %s AND direction = 'out' AND subject_type = %s"
            " AND subject_key = ANY(%s) AND cause IN ('accepted', %s)"
            " GROUP BY subject_key",
            [
                ALL_ACCEPTED,
                self.backend.id,
                self.levels._name,
                [str(i) for i in self.levels.ids],
                ALL_ACCEPTED,
            ],
        )
        for key, is_for_all in self.env.cr.fetchall():
            level = self.levels.browse(int(key))
            level._accept(None if is_for_all else level.on_hand_seen)

    # --- Writes whose end isn't recorded ---

    def _settle_open_writes(self):
        """Also those of levels with nothing to push any more. One write may be about
        250 levels: whoever of them runs first settles it for all."""
        names = {self._name(level_id) for level_id in self.asked}
        settled = []
        for write in self.mutations._open_for(self.backend, names):
            if self._settle_write(write):
                settled.append(write.uuid)
        self.mutations._close_after_commit(settled)

    def _settle_write(self, write):
        """True when the write's end is known and kept.

        It is settled by reading, not by asking again: an old number that arrives late
        could lift stock that was sold since.
        """
        rows = {row["level"]: row for row in write.before["rows"]}
        # One that was unlinked has no agreement to lose: it is left out.
        levels = self.levels.browse(rows).exists()
        if write.state == "applied":
            for level in levels:
                level._agree(_agreement(rows[level.id]["wanted"]))
            return True
        timing = self._timing(write)
        remote, unread = self._read_shopify(
            levels.filtered("variant_link_id.inventory_item_gid")
        )
        verdicts = {
            level.id: self._verdict(rows[level.id], remote.get(level.id))
            for level in levels
        }
        for level in self._unended() & levels:
            if level.id in unread:
                self._end(level, unread[level.id])
        unsure = any(verdict.outcome != "applied" for verdict in verdicts.values())
        if unsure and not timing.is_final:
            seconds = (timing.final_at - timing.now).total_seconds()
            for level in self._unended() & levels:
                self._end(level, _unknown(write.operation, seconds))
            return False
        for level in levels:
            level._agree(verdicts[level.id].agreement)
        return True

    def _verdict(self, row, remote):
        sent = WriteRow("", "", row["quantity"], row["change_from"])
        found = (remote.on_hand or 0) if remote else None
        return settle_row(
            sent, _agreement(row["kept"]), _agreement(row["wanted"]), found
        )

    def _timing(self, write):
        return Timing(
            sent_at=write.created_at.replace(tzinfo=UTC),
            now=fields.Datetime.now().replace(tzinfo=UTC),
            timeout=timedelta(seconds=self.backend._parameter("read_timeout")),
            margin=timedelta(seconds=self.backend._parameter("verdict_wait")),
        )

    # --- One pass ---

    def _one_pass(self, levels):
        """Read, decide, write. Returns the levels to be read again."""
        before = known_fulfilled(self.env.cr, levels.ids)
        remote, unread = self._read_shopify(levels)
        self.ends.update(unread)
        levels = levels.filtered(lambda level: level.id in remote)
        facts = self._facts(levels, remote, before)
        plan = plan_push(facts.values())
        if any(each.missing for each in plan.levels.values()):
            self._look_for_orders()
        by_key = {facts[level.id].key: level for level in levels if level.id in facts}
        for level_id, each in facts.items():
            self._note_plan(levels.browse(level_id), each, plan.levels[each.key])
        rows = [
            row
            for part in plan.writes
            for row in part
            if by_key[row.key].id not in self.ends
        ]
        again = levels.browse()
        for part in batches(rows):
            again |= self._write(part, plan, by_key)
        return again

    def _read_shopify(self, levels):
        """-> ({level ID: ShopifyLevel}, {level ID: Failure of what it doesn't show})"""
        found, unread = {}, {}
        for place, group in levels.grouped("location_link_id").items():
            by_item = {
                level.variant_link_id.inventory_item_gid: level for level in group
            }
            self._read_place(place.shopify_gid, by_item, found, unread)
            for level in group:
                twin = by_item[level.variant_link_id.inventory_item_gid]
                for ends in (found, unread):
                    if twin.id in ends:
                        ends[level.id] = ends[twin.id]
        return found, unread

    def _read_place(self, location_gid, by_item, found, unread):
        items = list(by_item)
        answer = self.client.execute(READ, {"ids": items, "locationId": location_gid})
        for number, (item, node) in enumerate(
            zip(items, answer.data["nodes"], strict=True)
        ):
            level = by_item[item]
            if answer.denied_under("nodes", number):
                unread[level.id] = _withheld(answer)
            elif node is None:
                unread[level.id] = Failure("shopify_record_gone")
            else:
                found[level.id] = read_level(node)

    def _facts(self, levels, remote, before):
        """{level ID: LevelFacts}. Odoo is read after Shopify has answered, on a cursor
        whose snapshot begins here."""
        self.env.flush_all()
        with fresh_snapshot(self.env.registry) as cr:
            odoo = read_stock_facts(cr, levels.ids)
        places = {place for facts in odoo.values() for place in facts.settled}
        self.env["shopify.line.place"].sudo().browse(places).write({"is_closed": True})
        facts = {}
        for level in levels:
            if level.id not in odoo:
                # Its link or place was changed since this transaction began.
                rule = self.env._("Not linked (any more): nothing to push.")
                self._end(level, Outcome("excluded", rule))
                continue
            seen, known = remote[level.id], odoo[level.id]
            agreed = self._settle_doubt(level, seen.on_hand)
            facts[level.id] = LevelFacts(
                item=level.variant_link_id.inventory_item_gid,
                location=level.location_link_id.shopify_gid,
                on_hand=seen.on_hand,
                # Each of its products, also where it is but one.
                odoo_on_hand=0,
                components=tuple(known.products.values()),
                buffer=self.backend.stock_buffer,
                fulfilled=known.fulfilled,
                fulfilled_before=before.get(level.id, 0),
                agreed=agreed,
                accepted=level._is_accepted_at(seen.on_hand or 0),
                tracked=seen.tracked,
                item_name=level.variant_link_id.label or "",
                location_name=level.location_link_id.name,
            )
        return facts

    def _settle_doubt(self, level, on_hand):
        """The level's agreement, after a refusal that may have let its row through."""
        row, wanted = self.doubtful.pop(level.id, (None, None))
        if row is not None:
            settled = settle_row(row, level._agreement, wanted, on_hand)
            if settled.agreement != level._agreement:
                level._agree(settled.agreement)
        return level._agreement

    def _look_for_orders(self):
        """Something left Shopify that Odoo doesn't know: it may be an order that told
        nobody."""
        if self.looked_for_orders or self.backend._flow_policy("orders") == "off":
            return
        self.looked_for_orders = True
        self.backend._reconcile_list(self.client, "orders", LOOK_BACK_HOURS)

    def _note_plan(self, level, facts, plan):
        """Keep what was found, and give the level its end unless it is to be written."""
        level.write(
            {
                "on_hand_seen": facts.on_hand or 0,
                "target": plan.target,
                "missing": plan.missing,
                "compared_at": fields.Datetime.now(),
            }
        )
        if plan.writes:
            if self.in_review and plan.reason:
                # A go for a preview must not explain away what is missing.
                self._end(level, plan.reason)
            elif self.in_review:
                self._ask_first(level, facts.on_hand or 0, plan.quantity)
            return
        if plan.agreement:
            level._agree(plan.agreement)
        elif level.is_accepted and plan.kind == "equal":
            # There was nothing to use the go for, and it covers nothing later.
            level.is_accepted = False
        self._end(level, plan.reason or Outcome("unchanged", self._note(plan)))

    def _ask_first(self, level, before, after):
        """Give the level its end unless a person accepted this very change."""
        row, anew = self._rows().get(level.id, (None, False))
        stop = self.env["shopify.sync"]._unless_accepted(
            row,
            of_stock(level.display_name, before, after),
            f"{before} → {after}",
            accepted=level.is_accepted,
            anew=anew,
        )
        if stop:
            level.is_accepted = False
            self._end(level, stop)

    def _rows(self):
        """What people said, of all levels, read once."""
        if self.known is None:
            self.known = self.env["shopify.sync"]._rows_out(
                self.backend, self.levels._name, self.levels.ids
            )
        return self.known

    def _note(self, plan):
        if plan.kind == "hold":
            return self.env._("Waits until what was shipped is fulfilled in Shopify.")
        return self.env._("%s on both sides.", plan.target)

    # --- Writing ---

    def _write(self, rows, plan, by_key):
        """One call. Returns the levels to be read and decided anew."""
        levels = [by_key[row.key] for row in rows]
        reference = f"gid://odoo-connector/StockPush/{uuid.uuid4()}"
        try:
            key, _answer = self.mutations._perform(
                self.backend,
                self.client,
                WRITE,
                {"input": set_input(rows, reference)},
                [self._name(level.id) for level in levels],
                {"rows": [self._before(row, plan, by_key) for row in rows]},
            )
        except (ConflictError, RejectedError) as error:
            return self._refused(rows, plan, by_key, error)
        except ReadOnlyError:
            for row, level in zip(rows, levels, strict=True):
                self._end(level, plan.levels[row.key].reason or self._simulated(row))
            return self.levels.browse()
        except ShopifyError as error:
            failure = remote_failure(self.backend, error)
            for level in levels:
                self._end(level, failure)
            return self.levels.browse()
        for row, level in zip(rows, levels, strict=True):
            self._written(level, row, plan.levels[row.key])
        self.mutations._close_after_commit([key])
        return self.levels.browse()

    def _simulated(self, row):
        """The end of a push that a copy of the database would have made."""
        change = Change(self.env._("On hand in Shopify"), row.change_from, row.quantity)
        note = self.env._(
            "Would have written %(after)s instead of %(before)s.",
            after=row.quantity,
            before=row.change_from,
        )
        return Outcome("simulated", note, (change,))

    def _before(self, row, plan, by_key):
        level, wanted = by_key[row.key], plan.levels[row.key].agreement
        return {
            "level": level.id,
            "quantity": row.quantity,
            "change_from": row.change_from,
            "kept": _plain(level._agreement),
            "wanted": _plain(wanted),
        }

    def _written(self, level, row, plan):
        level._agree(plan.agreement)
        level.write({"on_hand_seen": row.quantity, "pushed_at": fields.Datetime.now()})
        change = Change(self.env._("On hand in Shopify"), row.change_from, row.quantity)
        self._end(level, plan.reason or Outcome("synced", changes=(change,)))

    def _refused(self, rows, plan, by_key, error):
        """Set the bad rows apart; the others are read again and sent under a new key."""
        refusal = sort_refusal(rows, error.user_errors)
        if refusal.whole:
            failure = remote_failure(self.backend, error)
            for row in rows:
                self._end(by_key[row.key], failure)
        for row, problem in refusal.bad.items():
            level = by_key[row.key]
            name = level.variant_link_id.label or row.item
            params = {"item": name, "problem": problem}
            self._end(level, Failure("stock_item_rejected", params))
        for row in refusal.rest:
            # A stale row was surely not written; these may have been.
            level, wanted = by_key[row.key], plan.levels[row.key].agreement
            self.doubtful[level.id] = (row, wanted)
        again = self.levels.browse(
            [by_key[row.key].id for row in (*refusal.stale, *refusal.rest)]
        )
        return again.filtered(lambda level: level.id not in self.ends)

    @staticmethod
    def _name(level_id):
        """The subject's name as the engine has it."""
        return f"out/shopify.stock.level/{level_id}"


def _agreement(pair):
    return Agreement(*pair) if pair else None


def _plain(agreement):
    return [agreement.on_hand, agreement.fulfilled] if agreement else None


def _unit_differs(product):
    params = {"product": product.display_name, "unit": product.uom_id.name}
    return Failure("unit_differs", params)


def _unknown(operation, seconds):
    wait = float_round(max(1.0, seconds), precision_digits=1)
    return Failure("outcome_unknown", {"operation": operation, "retry_after": wait})


def _withheld(answer):
    scopes = answer.denied_scopes or ("read_inventory",)
    waits_on = tuple(f"scope:{scope}" for scope in scopes)
    return Failure("scope_missing", {"scope": ", ".join(scopes)}, waits_on)
