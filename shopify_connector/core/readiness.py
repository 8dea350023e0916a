"""What each flow needs in Odoo before it starts, and what a thing that lacks will stop.

What a shop needs is told by what it has shown: its settings, and its newest orders.
Nothing is guessed: a thing is found, proposed to a person, missing, or not needed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from .order_lines import delivery_key
from .taxes import tax_key

State = Literal["found", "proposed", "missing", "not_needed"]

# Paid with what the shop itself owes: no money moves, so no journal.
NO_MONEY = frozenset({"gift_card"})
# Taken over the counter.
CASH = frozenset({"cash"})
# Flows that this version doesn't run. Their needs are told, and stop nothing.
LATER = ("payments", "payouts")


# --- What the shop has shown ---------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """What a shop's settings and newest orders name, with the number of such orders.

    orders: how many were looked at; is_whole: these were all of the time asked for.
    taxes: by mapping key. deliveries: by delivery_key(); titles: what buyers read of
    them. countries: ISO 3166-1 alpha-2. states: "US-NY", as Shopify writes it.
    has_addresses: false where orders are shipped and Shopify showed none of their
    addresses (protected customer data), so no country is known.
    """

    orders: int = 0
    is_whole: bool = True
    has_addresses: bool = True
    gateways: Mapping[str, int] = field(default_factory=dict)
    deliveries: Mapping[str, int] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    taxes: Mapping[str, int] = field(default_factory=dict)
    currencies: Mapping[str, int] = field(default_factory=dict)
    countries: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, int] = field(default_factory=dict)
    offered_currencies: tuple[str, ...] = ()
    offered_countries: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any] | None) -> "Seen":
        """The other way round; None is a shop that nobody looked at."""
        known = {each.name for each in fields(cls)}
        found = {key: value for key, value in (values or {}).items() if key in known}
        for name in ("offered_currencies", "offered_countries"):
            found[name] = tuple(found.get(name) or ())
        return cls(**found)


def collect(
    shop: Mapping[str, Any],
    nodes: Iterable[Mapping[str, Any]],
    *,
    is_whole: bool = True,
) -> Seen:
    """Count what orders name, each order once.

    shop, nodes: of graphql/shop/required.graphql.
    """
    counts: dict[str, Counter] = {name: Counter() for name in _NAMED}
    titles: dict[str, str] = {}
    nodes = list(nodes)
    for node in nodes:
        for name, named in _NAMED.items():
            counts[name].update(set(named(node)))
        for line in _shipping(node):
            titles.setdefault(delivery_key(line), line.get("title") or "")
    return Seen(
        orders=len(nodes),
        is_whole=is_whole,
        has_addresses=not any(map(_shipping, nodes)) or bool(counts["countries"]),
        titles=titles,
        offered_currencies=tuple(shop.get("enabledPresentmentCurrencies") or ()),
        offered_countries=tuple(shop.get("shipsToCountries") or ()),
        **{name: dict(sorted(found.items())) for name, found in counts.items()},
    )


def _shipping(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lines = (node.get("shippingLines") or {}).get("nodes") or ()
    return [line for line in lines if not line.get("isRemoved")]


def _taxes(node: Mapping[str, Any]) -> Iterable[str]:
    included = bool(node["taxesIncluded"])
    lines = list(node.get("taxLines") or ())
    for shipping in _shipping(node):
        lines += shipping.get("taxLines") or ()
    return (str(tax_key(line, included)) for line in lines)


def _country(node: Mapping[str, Any]) -> Iterable[str]:
    code = ((node.get("shippingAddress") or {}).get("countryCodeV2") or "").upper()
    return [code] if code else []


def _state(node: Mapping[str, Any]) -> Iterable[str]:
    code = (node.get("shippingAddress") or {}).get("provinceCode") or ""
    return [
        f"{country}-{code.upper().removeprefix(f'{country}-')}"
        for country in _country(node)
        if code
    ]


_NAMED = {
    "gateways": lambda node: (
        " ".join(name.split()) for name in node.get("paymentGatewayNames") or ()
    ),
    "deliveries": lambda node: map(delivery_key, _shipping(node)),
    "taxes": _taxes,
    "currencies": lambda node: [node["presentmentCurrencyCode"]],
    "countries": _country,
    "states": _state,
}


# --- What Odoo has -------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Something of the shop, and what stands for it in Odoo.

    value: its name, empty while there is none; proposal: what would fit, when just one
    thing would.
    """

    key: str
    label: str
    value: str = ""
    proposal: str = ""


@dataclass(frozen=True)
class Facts:
    """A store as Odoo knows it.

    problem: why it isn't at work ("" if it is); is_new: it was never connected. scopes: missing permissions by flow.
    gates: flows whose gate is shut, with the reason in words. unowned: flows that
    nobody looks after. settings: the names of the store's own pricelist, warehouse and
    delivery method, by "pricelist", "warehouse", "carrier"; empty where none is set.
    locations: with the warehouse that sends what Shopify assigns to them. places: with
    the stock that they show. variants: variants that syncs wait for.
    """

    problem: str = ""
    is_new: bool = False
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gates: Mapping[str, str] = field(default_factory=dict)
    unowned: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    taxes: tuple[Choice, ...] = ()
    locations: tuple[Choice, ...] = ()
    places: tuple[Choice, ...] = ()
    gateways: tuple[Choice, ...] = ()
    deliveries: tuple[Choice, ...] = ()
    currencies: tuple[Choice, ...] = ()
    countries: tuple[Choice, ...] = ()
    states: tuple[Choice, ...] = ()
    variants: int = 0
    keeps_buyers_currency: bool = False
    mails_deliveries: bool = False
    fulfilments_off: bool = False


@dataclass(frozen=True)
class Item:
    """One thing that a flow needs.

    required: the flow doesn't start without it. Others stop only the records that need
    them. orders: how many of the orders looked at name it. value: what stands for it in
    Odoo; of one proposed, what would.
    """

    kind: str
    key: str
    label: str
    state: State
    required: bool = False
    orders: int = 0
    value: str = ""

    @property
    def is_open(self) -> bool:
        """Something a person should see to."""
        return self.state == "missing" or (self.state == "proposed" and self.required)

    @property
    def in_the_way(self) -> bool:
        return self.required and self.is_open


def in_the_way(items: Iterable[Item]) -> tuple[Item, ...]:
    """Those without which the flow doesn't start."""
    return tuple(item for item in items if item.in_the_way)


def readiness(facts: Facts, seen: Seen) -> dict[str, tuple[Item, ...]]:
    """{flow: all that it needs, in the order in which people should read it}"""
    return {
        flow: tuple(
            item for part in _COMMON + parts for item in part(flow, facts, seen)
        )
        + _owner(flow, facts)
        for flow, parts in _PARTS.items()
    }


def _connection(flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    if not facts.problem:
        return []
    return [Item("connection", "", facts.problem, "missing", required=facts.is_new)]


def _scopes(flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    return [
        Item("scope", scope, scope, "missing", required=True)
        for scope in facts.scopes.get(flow, ())
    ]


def _gate(flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    """Not required here: the gate itself keeps the flow from starting."""
    text = facts.gates.get(flow)
    return [Item("gate", "", text, "missing")] if text else []


def _owner(flow: str, facts: Facts) -> tuple[Item, ...]:
    return (Item("owner", "", "", "missing"),) if flow in facts.unowned else ()


def _settings(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    return [
        Item(name, "", value, "found" if value else "missing", True, value=value)
        for name, value in facts.settings.items()
    ]


def _from_choices(kind, choices, counts, required=False) -> list[Item]:
    return [
        Item(
            kind,
            choice.key,
            choice.label,
            _state_of(choice),
            required,
            counts.get(choice.key, 0),
            choice.value or choice.proposal,
        )
        for choice in choices
    ]


def _state_of(choice: Choice) -> State:
    if choice.value:
        return "found"
    return "proposed" if choice.proposal else "missing"


def _order_taxes(_flow: str, facts: Facts, seen: Seen) -> list[Item]:
    return _from_choices("tax", facts.taxes, seen.taxes, required=True)


def _stock_locations(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    return _from_choices("location", facts.places, {}, required=True)


def _sending_locations(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    """Only orders that Shopify sends from there need one."""
    return _from_choices("location", facts.locations, {})


def _deliveries(_flow: str, facts: Facts, seen: Seen) -> list[Item]:
    """One that nobody chose for goes by the store's own delivery method."""
    default = facts.settings.get("carrier", "")
    return [
        Item(
            "delivery",
            choice.key,
            choice.label,
            _state_of(Choice(choice.key, choice.label, choice.value, default)),
            orders=seen.deliveries.get(choice.key, 0),
            value=choice.value or default,
        )
        for choice in facts.deliveries
    ]


def _currencies(_flow: str, facts: Facts, seen: Seen) -> list[Item]:
    if facts.keeps_buyers_currency:
        return [
            replace(item, required=item.orders > 0)
            for item in _from_choices("currency", facts.currencies, seen.currencies)
        ]
    return [
        Item(
            "currency",
            choice.key,
            choice.label,
            "not_needed",
            orders=seen.currencies.get(choice.key, 0),
        )
        for choice in facts.currencies
    ]


def _places(_flow: str, facts: Facts, seen: Seen) -> list[Item]:
    """Odoo lists the states of few countries only; an address goes without one."""
    states = [
        item if item.state == "found" else replace(item, state="not_needed")
        for item in _from_choices("state", facts.states, seen.states)
    ]
    return _from_choices("country", facts.countries, seen.countries) + states


def _variants(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    if not facts.variants:
        return []
    return [Item("variant", "", str(facts.variants), "missing")]


def _fulfilments_off(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    return [Item("fulfilments_off", "", "", "missing")] if facts.fulfilments_off else []


def _delivery_mails(_flow: str, facts: Facts, _seen: Seen) -> list[Item]:
    return [Item("mails", "", "", "missing")] if facts.mails_deliveries else []


def _gateways(_flow: str, facts: Facts, seen: Seen) -> list[Item]:
    needed = [each for each in facts.gateways if each.key not in NO_MONEY]
    items = _from_choices("payment", needed, seen.gateways, required=True)
    return items + [
        Item(
            "payment",
            each.key,
            each.label,
            "not_needed",
            orders=seen.gateways.get(each.key, 0),
        )
        for each in facts.gateways
        if each.key in NO_MONEY
    ]


_COMMON = (_connection, _scopes)
_PARTS = {
    "orders": (
        _settings,
        _order_taxes,
        _currencies,
        _sending_locations,
        _deliveries,
        _places,
        _variants,
        _gate,
    ),
    "customers": (_places, _gate),
    "products": (_variants, _gate),
    "stock": (_stock_locations, _fulfilments_off, _variants, _gate),
    "fulfilments": (_sending_locations, _delivery_mails, _gate),
    "payments": (_gateways,),
    "payouts": (),
}


# --- What a test of the connection doesn't show ----------------------------------------


@dataclass(frozen=True)
class Shown:
    """One thing that only work itself can show; detail: by what, once it is."""

    key: str
    detail: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.detail)


def shown(
    *,
    first_order: str,
    locations: Iterable[Choice],
    taxes: Iterable[Choice],
    retry: str,
) -> tuple[Shown, ...]:
    """What of company, locations, taxes and retries has been shown by now.

    first_order: an order of this store that stands in the store's company. retry: a
    record that failed, was tried again, and is there once.
    """
    return (
        Shown("company", first_order),
        Shown("locations", _all_found(locations)),
        Shown("taxes", _all_found(taxes)),
        Shown("retries", retry),
    )


def _all_found(choices: Iterable[Choice]) -> str:
    """The names of what stands for them, if something does for each."""
    choices = list(choices)
    if not all(choice.value for choice in choices):
        return ""
    return ", ".join(dict.fromkeys(f"{each.label} = {each.value}" for each in choices))
