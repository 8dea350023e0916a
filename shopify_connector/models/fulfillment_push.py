"""One push of done deliveries: read what Shopify has, send what is due, note it.

Shopify offers no key for a fulfilment. So one order's deliveries go one after the other,
and while a write about the order has no known end, none of them sends anything.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from odoo import fields

from ..api.errors import ReadOnlyError, ShopifyError
from ..core.failures import Failure, NeedsReview
from ..core.fulfillments import (
    PickingFacts,
    RemoteOrder,
    ShippedLine,
    Tracking,
    plan_fulfillment,
    settle_fulfillment,
    with_fulfillment,
)
from ..core.outcome import Change, Outcome
from ..core.packs import fold, folded_by
from ..core.preview import of_fulfillments
from ..core.settle import Timing
from .fulfillment_reader import read_fulfillments
from .remote_failure import remote_failure

WRITE = "fulfillments/create"
# A delivery of 250 lines a request: more rounds than any delivery needs.
ROUNDS = 8


class FulfillmentPush:
    """Works on the deliveries that one drain holds. `run` gives each one's end."""

    def __init__(self, env, backend, client, pickings):
        self.env = env
        self.backend = backend
        self.client = client
        self.pickings = pickings
        self.links = env["shopify.stock.picking"]
        self.mutations = env["shopify.mutation"]
        self.ends = {}
        self.accepted, self.passed, self.known = set(), set(), None
        # Deliveries of which a copy of the database would have sent something.
        self.simulated = set()
        # As read, and kept up with what we send.
        self.orders = {}

    def run(self):
        work = self._facts_of_all()
        self._note_acceptance()
        gids = list(dict.fromkeys(link.shopify_gid for link, _f in work.values()))
        self.orders = read_fulfillments(self.client, gids) if gids else {}
        stopped = self._settle_open_writes(work)
        for picking, (link, facts) in work.items():
            gid = link.shopify_gid
            end = stopped.get(gid) or self._push(picking, link, facts)
            if isinstance(end, Failure) and end.code == "outcome_unknown":
                stopped[gid] = end
            self.ends[picking.id] = end
        return self.ends

    # --- What Odoo shipped ---

    def _facts_of_all(self):
        """{picking: (order link, [PickingFacts, one a location])}; the rest get ends."""
        work = {}
        there = self.pickings.exists()
        for picking in self.pickings - there:
            self.ends[picking.id] = Outcome(
                "excluded", self.env._("The delivery is gone in Odoo.")
            )
        for picking in there:
            try:
                found = self._facts(picking)
            except NeedsReview as stop:
                found = stop.failure
            if isinstance(found, tuple):
                work[picking] = found
            else:
                self.ends[picking.id] = found
        return work

    def _facts(self, picking):
        """-> (order link, [PickingFacts]) or an end."""
        if picking.state != "done" or not picking._leaves_for_a_customer():
            return Outcome("excluded", self.env._("It is no done delivery."))
        lines = self._linked_lines(picking)
        if not lines:
            return Outcome("excluded", self.env._("It ships nothing of Shopify's."))
        order_links = self.env["shopify.sale.order"].browse(
            {line.order_link_id.id for line in lines.values()}
        )
        if len(order_links) > 1:
            names = ", ".join(order_links.mapped("name"))
            return Failure(
                "fulfillment_mismatch", {"shipped": picking.name, "open": names}
            )
        by_place = self._by_place(picking, lines)
        return order_links, [
            self._place_facts(picking, order_links, place, moves, lines)
            for place, moves in by_place.items()
        ]

    def _linked_lines(self, picking):
        """{sale order line: its Shopify link} of what the delivery ships."""
        # sudo: links are closed to the sync user's hands
        links = (
            self.env["shopify.sale.order.line"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.backend.id),
                    ("odoo_id", "in", picking.move_ids.sale_line_id.ids),
                ]
            )
        )
        return {link.odoo_id.id: link for link in links}

    def _by_place(self, picking, lines):
        places = self.env["shopify.mapping.location"]
        moves = picking.move_ids.filtered(
            lambda move: (
                move.state == "done" and move.quantity and move.sale_line_id.id in lines
            )
        )
        found = defaultdict(moves.browse)
        for location, group in moves.grouped("location_id").items():
            place = places._of_odoo_location(self.backend, location)
            if not place:
                # Goods that a vendor ships come from no warehouse: the order's counts.
                warehouse = location.warehouse_id
                if location.usage == "supplier":
                    warehouse = group.sale_line_id.order_id.warehouse_id
                place = self._place_of_warehouse(warehouse)
            if not place:
                raise NeedsReview("location_unknown", location=location.display_name)
            found[place] |= group
        return found

    def _place_of_warehouse(self, warehouse):
        """In a warehouse that ships in steps, goods leave from its output zone."""
        # sudo: see above
        places = (
            self.env["shopify.mapping.location"]
            .sudo()
            .search(
                [
                    ("backend_id", "=", self.backend.id),
                    ("warehouse_id", "in", warehouse.ids),
                ]
            )
        )
        return places if len(places) == 1 else places.browse()

    def _place_facts(self, picking, order_link, place, moves, lines):
        return PickingFacts(
            name=picking.name,
            order_name=order_link.name or "",
            location=place.shopify_gid,
            location_name=place.name,
            lines=tuple(self._shipped_lines(moves, lines)),
            tracking=_tracking(picking),
        )

    def _shipped_lines(self, moves, lines):
        """Of a pack, only whole ones are shipped: those that these moves complete."""
        here = {
            lines[sale_line.id]: sum(group.mapped("quantity"))
            for sale_line, group in moves.grouped("sale_line_id").items()
        }
        parts = defaultdict(list)
        for link in here:
            parts[link.shopify_gid].append(link)
        # sudo: links are closed to the sync user's hands
        model = self.env["shopify.sale.order.line"].sudo()
        all_links = model._parts(self.backend, list(parts))
        for gid, links in all_links.items():
            per_pack = {link.id: link.per_pack for link in links}
            moved = {link.id: here.get(link, 0.0) for link in links}
            shipped = {link.id: link.odoo_id.qty_delivered for link in links}
            product = links[0].odoo_id.product_id
            yield ShippedLine(
                line=gid,
                quantity=folded_by(moved, shipped, per_pack)
                if links.component_id
                else _whole(sum(moved.values())),
                shipped=fold(shipped, per_pack),
                title=product.default_code or links[0].odoo_id.name,
            )

    def _note_acceptance(self):
        """Which may go in review: accepted just now, or before a try that a passing
        reason ended."""
        self.env.cr.execute(
            "SELECT DISTINCT subject_key FROM shopify_trigger WHERE backend_id = %s"
            " AND direction = 'out' AND subject_type = 'stock.picking'"
            " AND subject_key = ANY(%s) AND cause = 'accepted'",
            [self.backend.id, [str(key) for key in self.pickings.ids]],
        )
        self.accepted = {int(row[0]) for row in self.env.cr.fetchall()}
        # sudo: the engine's own book
        rows = self.env["shopify.sync"].sudo()
        rows = rows.search_fetch(
            [
                ("backend_id", "=", self.backend.id),
                ("direction", "=", "out"),
                ("subject_type", "=", "stock.picking"),
                ("subject_key", "in", [str(key) for key in self.pickings.ids]),
                ("is_accepted", "=", True),
            ],
            ["subject_key"],
        )
        self.accepted |= {int(row.subject_key) for row in rows}

    # --- Writes whose end isn't recorded ---

    def _settle_open_writes(self, work):
        """-> {order GID: why nothing may be sent for it now}"""
        stopped, settled = {}, defaultdict(list)
        gids = {link.shopify_gid for link, _facts in work.values()}
        names = {order_name(gid) for gid in gids}
        for write in self.mutations._open_for(self.backend, names):
            gid = write.before["order"]
            if gid in stopped:
                continue
            stop, state = self._settle(write, gid)
            if stop:
                stopped[gid] = stop
            else:
                settled[state].append(write.uuid)
        for state, keys in settled.items():
            self.mutations._close_after_commit(keys, state)
        return stopped

    def _settle(self, write, gid):
        """-> (why to stop, None) or (None, the state it ends in)"""
        if write.state == "applied":
            made = write.answer["fulfillmentCreate"]["fulfillment"]["id"]
            self._note_made(write.before, made)
            return None, "settled"
        order = self.orders[gid]
        if order is None or isinstance(order, Failure):
            return order or Failure("shopify_record_gone"), None
        timing = self._timing(write)
        since = write.before.get("unchanged_since")
        verdict = settle_fulfillment(
            write.before,
            order,
            timing,
            datetime.fromisoformat(since) if since else None,
        )
        if verdict.kind == "applied":
            self._note_made(write.before, verdict.gids[0])
            return None, "settled"
        if verdict.kind == "not_applied":
            return None, "not_applied"
        if verdict.kind == "wait":
            if not since and timing.is_final:
                now = timing.now.isoformat()
                self.mutations._remember(write.uuid, {"unchanged_since": now})
            wait = (verdict.until - timing.now).total_seconds()
            params = {"operation": WRITE, "retry_after": max(1.0, wait)}
            return Failure("outcome_unknown", params), None
        return verdict.failure, None

    def _timing(self, write):
        return Timing(
            sent_at=write.created_at.replace(tzinfo=UTC),
            now=fields.Datetime.now().replace(tzinfo=UTC),
            timeout=timedelta(seconds=self.backend._parameter("read_timeout")),
            margin=timedelta(seconds=self.backend._parameter("verdict_wait")),
        )

    def _note_made(self, before, gid):
        """Link a fulfilment with the delivery that asked for it, once."""
        picking = self.env["stock.picking"].browse(before["picking"])
        # sudo: links are closed to the sync user's hands
        order_link = self.env["shopify.sale.order"].sudo()
        order_link = order_link._find(self.backend, [before["order"]])[before["order"]]
        known = self.links.sudo()._find(self.backend, [gid])
        if not known and picking.exists():
            self.links._note_sent(self.backend, picking, order_link, gid)
        order = self.orders.get(before["order"])
        if isinstance(order, RemoteOrder):
            order = with_fulfillment(order, gid, before)
            self.orders[order.gid] = order
            places = self.env["shopify.line.place"].sudo()  # the engine's own book
            places._note(self.backend, [order], {order.gid: order_link})

    # --- Sending ---

    def _push(self, picking, link, facts_of_places):
        """Send what is due for one delivery. Its end."""
        changes, covered = [], []
        for facts in facts_of_places:
            for _round in range(ROUNDS):
                order = self.orders.get(link.shopify_gid)
                if order is None:
                    return Failure("shopify_record_gone")
                if isinstance(order, Failure):
                    return order
                try:
                    plan = plan_fulfillment(facts, order)
                except NeedsReview as stop:
                    return stop.failure
                covered += plan.covered
                if plan.input is None:
                    break
                stop = self._withheld(picking, order, facts_of_places) or self._send(
                    picking, link, plan, changes
                )
                if stop:
                    return stop
                if not plan.more or picking.id in self.simulated:
                    break
        return self._end(picking, link, changes, covered)

    def _withheld(self, picking, order, facts_of_places):
        """What keeps the delivery from being sent; asked once, for all of its places."""
        in_review = self.backend._flow_policy("fulfilments") == "review"
        if not in_review or picking.id in self.passed:
            return None
        summary = self.env._(
            "%(order)s is fulfilled from %(location)s",
            order=facts_of_places[0].order_name,
            location=", ".join(facts.location_name for facts in facts_of_places),
        )
        try:
            due = [
                (facts, plan_fulfillment(facts, order).before.get("lines", {}))
                for facts in facts_of_places
            ]
        except NeedsReview as stop:
            return stop.failure
        row, anew = self._rows().get(picking.id, (None, False))
        stop = self.env["shopify.sync"]._unless_accepted(
            row,
            of_fulfillments(due),
            summary,
            accepted=picking.id in self.accepted,
            anew=anew,
        )
        if not stop:
            self.passed.add(picking.id)
        return stop

    def _rows(self):
        """What people said, of all deliveries, read once."""
        if self.known is None:
            self.known = self.env["shopify.sync"]._rows_out(
                self.backend, "stock.picking", self.pickings.ids
            )
        return self.known

    def _send(self, picking, link, plan, changes):
        """One request, and its link. Returns why to stop, or None."""
        gid = link.shopify_gid
        before = {**plan.before, "picking": picking.id, "order": gid}
        try:
            key, answer = self.mutations._perform(
                self.backend,
                self.client,
                WRITE,
                {"fulfillment": plan.input},
                [f"out/stock.picking/{picking.id}", order_name(gid)],
                before,
            )
        except ReadOnlyError:
            self.simulated.add(picking.id)
            changes.append(self._simulated(plan))
            return None
        except ShopifyError as error:
            return remote_failure(self.backend, error)
        made = answer.data["fulfillmentCreate"]["fulfillment"]["id"]
        self._note_made(before, made)
        self.mutations._close_after_commit([key])
        changes.append(Change(self.env._("Fulfilment in Shopify"), None, made))
        return None

    def _simulated(self, plan):
        """What would have been sent, as units by line of the order, and the tracking."""
        sent = [f"{units} × {line}" for line, units in plan.before["lines"].items()]
        sent += [plan.before["number"]] if plan.before["number"] else []
        return Change(self.env._("Fulfilment in Shopify"), None, ", ".join(sent))

    def _end(self, picking, link, changes, covered):
        if picking.id in self.simulated:
            note = self.env._("Would have written a fulfilment: see what changed.")
            return Outcome("simulated", note, tuple(changes))
        if changes:
            return Outcome("synced", changes=tuple(changes))
        self._adopt(picking, link, covered)
        return Outcome("unchanged", self.env._("Fulfilled in Shopify already."))

    def _adopt(self, picking, link, covered):
        """A fulfilment that was there before: linked where it is the only candidate."""
        known = self.links.sudo()._find(self.backend, covered)
        free = [gid for gid in dict.fromkeys(covered) if gid not in known]
        mine = self.links.sudo().search(
            [("backend_id", "=", self.backend.id), ("odoo_id", "=", picking.id)]
        )
        if len(free) == 1 and not mine:
            self.links._note_sent(self.backend, picking, link, free[0])


def order_name(gid):
    """What open writes about one order's fulfilments are found by."""
    return f"fulfilment/{gid}"


def _tracking(picking):
    url = picking.carrier_tracking_url or ""
    return Tracking(
        number=picking.carrier_tracking_ref or "",
        company=picking.carrier_id.name or "" if picking.carrier_tracking_ref else "",
        # A carrier of several parcels gives a list, which is no address.
        url=url if url.startswith("http") else "",
    )


def _whole(quantity):
    return int(round(quantity, 6))
