"""A small world of one item, walked through every order of events.

Shopify keeps `on_hand` and open demand a location; Odoo keeps its books, and knows of
Shopify only what it imported; goods leave physically once, whoever books it first. A
push is three steps with anything in between: read Shopify, read Odoo, write if Shopify's
number is still the one read.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from core.stock import Agreement, LevelFacts, plan_level

ITEM = "gid://shopify/InventoryItem/1"


class Order(NamedTuple):
    """`place`: Shopify's location; `source`: the one Odoo delivers from. `open` and
    `fulfilled` are Shopify's; `knew_*` is what Odoo imported; `shipped` is Odoo's.
    """

    place: int
    source: int
    ordered: int
    open: int
    fulfilled: int = 0
    known: bool = False
    knew_fulfilled: int = 0
    knew_cancelled: int = 0
    shipped: int = 0

    @property
    def cancelled(self) -> int:
        return self.ordered - self.open - self.fulfilled

    @property
    def undelivered(self) -> int:
        """Odoo's open demand."""
        wanted = self.ordered - self.knew_cancelled if self.known else 0
        return max(0, wanted - self.shipped)

    @property
    def left(self) -> int:
        """Units gone physically: a parcel booked on both sides is one parcel."""
        return max(self.fulfilled, self.shipped)

    @property
    def needed(self) -> int:
        """Units that somebody still waits for."""
        return max(0, self.open + self.fulfilled - self.left)

    @property
    def awaits_fulfilment(self) -> int:
        wanted = min(self.shipped, self.ordered - self.knew_cancelled)
        return max(0, wanted - self.knew_fulfilled)


class Place(NamedTuple):
    """One location on both sides; `agreed` is the total of the last agreement."""

    physical: int
    booked: int
    on_hand: int
    agreed: int
    other_demand: int = 0


class Push(NamedTuple):
    """A push under way. `bound` is None until Odoo was read; `freed` are units that
    Shopify cancelled since: it offers them again by its own act.
    """

    place: int
    seen: int
    fulfilled_before: int
    quantity: int = 0
    agreed: int = 0
    bound: int | None = None
    freed: int = 0


class Budget(NamedTuple):
    """How often each thing may still happen; it keeps the world finite."""

    sales: int = 0
    units: int = 1
    counter_sales: int = 0
    other_sales: int = 0
    receipts: int = 0
    cancels: int = 0
    reroutes: int = 0


class World(NamedTuple):
    places: tuple[Place, ...]
    orders: tuple[Order, ...]
    budget: Budget
    push: Push | None = None

    def committed(self, place: int) -> int:
        return sum(order.open for order in self.orders if order.place == place)

    def known_fulfilled(self, place: int) -> int:
        return sum(o.knew_fulfilled for o in self.orders if o.place == place)

    def at(self, place: int, **changes: int) -> "World":
        places = list(self.places)
        places[place] = places[place]._replace(**changes)
        return self._replace(places=tuple(places))

    def put(self, old: Order | None, new: Order) -> "World":
        orders = list(self.orders)
        if old is not None:
            orders.remove(old)
        return self._replace(orders=tuple(sorted([*orders, new])))

    def spend(self, what: str) -> "World":
        left = getattr(self.budget, what) - 1
        return self._replace(budget=self.budget._replace(**{what: left}))


@dataclass(frozen=True)
class Rule:
    """How a push decides. The fields are the parts that can be taken out."""

    name: str
    decide: Callable[[LevelFacts, int], tuple[int | None, int | None]]
    odoo_first: bool = False
    compares: bool = True
    sets_available: bool = False


@dataclass(frozen=True)
class Walk:
    states: int
    pushes: int
    lifts: int
    violation: str = ""


# --- What the rule is given ----------------------------------------------------------


def facts_of(world: World, place: int, seen: int, before: int) -> LevelFacts:
    here = world.places[place]
    mine = [o for o in world.orders if o.place == place and o.source == place]
    guests = [o for o in world.orders if o.source == place and o.place != place]
    return LevelFacts(
        item=ITEM,
        location=f"gid://shopify/Location/{place}",
        on_hand=seen,
        odoo_on_hand=here.booked,
        shipped=sum(o.awaits_fulfilment for o in mine),
        undelivered=sum(max(0, o.knew_fulfilled - o.shipped) for o in mine),
        other_demand=here.other_demand + sum(o.undelivered for o in guests),
        fulfilled=world.known_fulfilled(place),
        fulfilled_before=before,
        agreed=Agreement(here.agreed, 0),
    )


def free_of(world: World, place: int) -> int:
    """Physical stock minus every demand that Shopify or Odoo holds."""
    here = world.places[place]
    held = sum(o.needed for o in world.orders if o.place == place)
    guests = sum(
        max(0, min(o.undelivered, o.needed))
        for o in world.orders
        if o.source == place and o.place != place
    )
    return here.physical - here.other_demand - held - guests


def by_plan(facts: LevelFacts, _known_open: int) -> tuple[int | None, int | None]:
    plan = plan_level(facts)
    return plan.quantity, plan.agreement.total if plan.agreement else None


THE_RULE = Rule("the rule", by_plan)


# --- Events --------------------------------------------------------------------------


def events(world: World, rule: Rule) -> Iterator[World]:
    for place in range(len(world.places)):
        yield from shopify_sells(world, place)
        yield from odoo_trades(world, place)
    for order in dict.fromkeys(world.orders):
        yield from order_moves(world, order)
        yield from order_leaves(world, order)
    if world.push is None:
        yield from (start_push(world, p, rule) for p in range(len(world.places)))
    elif world.push.bound is None:
        yield read_second(world, rule)


def shopify_sells(world: World, place: int) -> Iterator[World]:
    here = world.places[place]
    available = here.on_hand - world.committed(place)
    for units in range(1, world.budget.units + 1):
        if world.budget.sales and units <= available:
            order = Order(place, place, units, units)
            yield world.spend("sales").put(None, order)
        if world.budget.counter_sales and units <= here.physical:
            order = Order(place, place, units, 0, units)
            sold = world.spend("counter_sales").put(None, order)
            yield sold.at(
                place, physical=here.physical - units, on_hand=here.on_hand - units
            )


def odoo_trades(world: World, place: int) -> Iterator[World]:
    here = world.places[place]
    if world.budget.receipts:
        yield world.spend("receipts").at(
            place, physical=here.physical + 1, booked=here.booked + 1
        )
    if world.budget.other_sales:
        wanted = here.other_demand + 1
        yield world.spend("other_sales").at(place, other_demand=wanted)
    if here.other_demand:
        yield world.at(place, other_demand=here.other_demand - 1)
    if here.other_demand and min(here.physical, here.booked):
        yield world.at(
            place,
            other_demand=here.other_demand - 1,
            physical=here.physical - 1,
            booked=here.booked - 1,
        )


def order_moves(world: World, order: Order) -> Iterator[World]:
    """Import, cancellation in Shopify, another source chosen in Odoo."""
    learned = order._replace(
        known=True, knew_fulfilled=order.fulfilled, knew_cancelled=order.cancelled
    )
    if learned != order:
        yield world.put(order, learned)
    if order.open and world.budget.cancels:
        yield cancel(world, order)
    unmoved = not order.shipped and not order.fulfilled and order.source == order.place
    if order.known and unmoved and world.budget.reroutes and len(world.places) > 1:
        elsewhere = order._replace(source=1 - order.place)
        yield world.spend("reroutes").put(order, elsewhere)


def cancel(world: World, order: Order) -> World:
    push = world.push
    if push and push.bound is not None and push.place == order.place:
        world = world._replace(push=push._replace(freed=push.freed + order.open))
    return world.spend("cancels").put(order, order._replace(open=0))


def order_leaves(world: World, order: Order) -> Iterator[World]:
    """Goods of an order leave, or are booked as gone on the other side too."""
    source = world.places[order.source]
    for units in range(1, min(order.undelivered, source.booked) + 1):
        shipped = order._replace(shipped=order.shipped + units)
        parcels = shipped.left - order.left
        if parcels <= source.physical:
            yield world.put(order, shipped).at(
                order.source,
                physical=source.physical - parcels,
                booked=source.booked - units,
            )
    if order.source != order.place:
        return
    if order.known and order.fulfilled == order.knew_fulfilled:
        yield from fulfil(world, order, min(order.awaits_fulfilment, order.open))
    for units in range(1, order.open + 1):
        yield from fulfil(world, order, units)


def fulfil(world: World, order: Order, units: int) -> Iterator[World]:
    """In Shopify: by our push (Odoo learns of it in a later step) or by the merchant."""
    here = world.places[order.place]
    gone = order._replace(open=order.open - units, fulfilled=order.fulfilled + units)
    parcels = gone.left - order.left
    if units and parcels <= here.physical:
        yield world.put(order, gone).at(
            order.place,
            physical=here.physical - parcels,
            on_hand=here.on_hand - units,
        )


# --- The push ------------------------------------------------------------------------


def shown(world: World, place: int, rule: Rule) -> int:
    """The number in Shopify that the rule reads, sets and compares."""
    on_hand = world.places[place].on_hand
    return on_hand - world.committed(place) if rule.sets_available else on_hand


def start_push(world: World, place: int, rule: Rule) -> World:
    before = world.known_fulfilled(place)
    push = Push(place, shown(world, place, rule), before)
    if not rule.odoo_first:
        return world._replace(push=push)
    quantity, agreed = decide(world, push, rule)
    push = push._replace(quantity=quantity, agreed=agreed)
    return world._replace(push=push)


def read_second(world: World, rule: Rule) -> World:
    """Odoo's books; with the order swapped, Shopify's number instead."""
    push = world.push
    bound = free_of(world, push.place)
    if rule.odoo_first:
        seen = shown(world, push.place, rule)
        return world._replace(push=push._replace(seen=seen, bound=bound))
    quantity, agreed = decide(world, push, rule)
    push = push._replace(quantity=quantity, agreed=agreed, bound=bound)
    if quantity is not None:
        return world._replace(push=push)
    kept = world if agreed is None else world.at(push.place, agreed=agreed)
    return kept._replace(push=None)


def decide(world: World, push: Push, rule: Rule) -> tuple[int | None, int | None]:
    facts = facts_of(world, push.place, push.seen, push.fulfilled_before)
    known_open = sum(
        max(0, o.undelivered - max(0, o.knew_fulfilled - o.shipped))
        for o in world.orders
        if o.place == push.place and o.source == push.place
    )
    return rule.decide(facts, known_open)


def write(world: World, rule: Rule) -> tuple[World, str, bool]:
    """(the world after it, what was broken, whether it lifted the number)."""
    push = world.push
    here = world.places[push.place]
    done = world._replace(push=None)
    present = shown(world, push.place, rule)
    if push.quantity is None or (rule.compares and present != push.seen):
        return done, "", False
    committed = world.committed(push.place)
    on_hand = push.quantity + (committed if rule.sets_available else 0)
    lifted = on_hand > here.on_hand
    offered = on_hand - committed - push.freed
    broken = ""
    if lifted and offered > push.bound:
        broken = f"oversold: {offered} offered, {push.bound} free: {world}"
    agreed = here.agreed if push.agreed is None else push.agreed
    return done.at(push.place, on_hand=on_hand, agreed=agreed), broken, lifted


# --- The walk ------------------------------------------------------------------------


def start(stock: tuple[int, ...], budget: Budget) -> World:
    return World(tuple(Place(n, n, n, n) for n in stock), (), budget)


def walk(world: World, rule: Rule = THE_RULE, drained: bool = True) -> Walk:
    """Visit every reachable state; stop at the first broken promise."""
    seen = {world}
    settled: set[World] = set()
    queue = deque([world])
    pushes = lifts = 0
    while queue:
        world = queue.popleft()
        following = list(events(world, rule))
        if world.push and world.push.bound is not None:
            after, broken, lifted = write(world, rule)
            pushes += 1
            lifts += lifted
            if broken:
                return Walk(len(seen), pushes, lifts, broken)
            following.append(after)
        elif drained and world.push is None:
            unequal = check_drained(world, rule, settled)
            if unequal:
                return Walk(len(seen), pushes, lifts, unequal)
        for step in following:
            if step not in seen:
                seen.add(step)
                queue.append(step)
    return Walk(len(seen), pushes, lifts)


def check_drained(world: World, rule: Rule, settled: set[World]) -> str:
    """Run all flows to their end, then both sides must say the same."""
    world = drain_orders(world._replace(budget=Budget()))
    if world in settled:
        return ""
    settled.add(world)
    end = world
    for place in range(len(world.places)):
        for _again in range(2):
            end = one_push(end, place, rule)
    for place, here in enumerate(end.places):
        guests = sum(
            o.undelivered for o in end.orders if o.source == place and o.place != place
        )
        wanted = here.physical - here.other_demand - guests
        # Shopify takes no negative numbers.
        if here.on_hand != wanted and max(here.on_hand, wanted) > 0:
            return f"drained: {here.on_hand} in Shopify, {wanted} wanted: {world}"
    return ""


def drain_orders(world: World) -> World:
    """Import everything, send every fulfilment that is due, import again."""
    orders = []
    places = list(world.places)
    for order in world.orders:
        order = _learn(order)
        due = min(order.awaits_fulfilment, order.open)
        if due and order.source == order.place:
            here = places[order.place]
            places[order.place] = here._replace(on_hand=here.on_hand - due)
            order = order._replace(
                open=order.open - due, fulfilled=order.fulfilled + due
            )
        orders.append(_learn(order))
    return world._replace(places=tuple(places), orders=tuple(sorted(orders)))


def _learn(order: Order) -> Order:
    return order._replace(
        known=True, knew_fulfilled=order.fulfilled, knew_cancelled=order.cancelled
    )


def one_push(world: World, place: int, rule: Rule) -> World:
    world = read_second(start_push(world, place, rule), rule)
    return write(world, rule)[0] if world.push else world
