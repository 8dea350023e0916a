"""Which scopes each feature needs, and which features a missing scope blocks.

Source: "required access" as published with the 2026-10 schema. `write_x` contains
`read_x`. Writing a metafield needs the right to write its owner.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Feature:
    """Something people use, by flow. Without an essential one its flow can't run."""

    code: str
    label: str
    flow: str
    scopes: tuple[str, ...]
    essential: bool = True


FEATURES = (
    Feature("locations", "Read locations", "", ("read_locations",)),
    Feature("mark_locations", "Odoo ID on locations", "", ("write_locations",), False),
    Feature(
        "orders",
        "Import orders",
        "orders",
        (
            "read_orders",
            "read_customers",
            "read_products",
            "read_merchant_managed_fulfillment_orders",
        ),
    ),
    Feature("mark_orders", "Odoo ID on orders", "orders", ("write_orders",)),
    Feature(
        "mark_draft_orders",
        "Odoo ID on draft orders",
        "orders",
        ("write_draft_orders",),
        False,
    ),
    Feature(
        "old_orders",
        "Orders older than 60 days",
        "orders",
        ("read_all_orders",),
        False,
    ),
    Feature("customers", "Import customers", "customers", ("read_customers",)),
    Feature(
        "mark_customers", "Odoo ID on customers", "customers", ("write_customers",)
    ),
    Feature(
        "products", "Import products", "products", ("read_products", "read_inventory")
    ),
    Feature("mark_products", "Odoo ID on products", "products", ("write_products",)),
    Feature("stock", "Push stock", "stock", ("write_inventory", "read_locations")),
    Feature(
        "fulfilments",
        "Send deliveries",
        "fulfilments",
        ("read_orders", "write_merchant_managed_fulfillment_orders"),
    ),
    Feature(
        "fulfilment_events",
        "Hear of deliveries made in Shopify at once",
        "fulfilments",
        ("read_fulfillments",),
        False,
    ),
    Feature(
        "third_party_fulfilments",
        "Deliveries from third-party locations",
        "fulfilments",
        ("write_third_party_fulfillment_orders",),
        False,
    ),
    Feature("refunds", "Import refunds", "refunds", ("read_orders",)),
    Feature("returns", "Import returns", "refunds", ("read_returns",), False),
    Feature("payments", "Import payments", "payments", ("read_orders",)),
    Feature(
        "payouts",
        "Import payouts",
        "payouts",
        ("read_shopify_payments_accounts", "read_shopify_payments_payouts"),
    ),
)


@dataclass(frozen=True)
class Blocked:
    """A feature that can't work, and exactly the scopes it lacks."""

    feature: Feature
    scopes: tuple[str, ...]


def wanted(flows: Iterable[str], *, optional: bool = False) -> tuple[str, ...]:
    """Scopes to ask the merchant for, for these flows: sorted, the strongest only."""
    chosen = [
        scope
        for feature in _features_of(flows)
        if optional or feature.essential
        for scope in feature.scopes
    ]
    return tuple(sorted(_access(chosen)))


def missing(granted: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Which of `wanted` aren't granted, in the order asked."""
    access = _access(granted)
    return tuple(
        scope for scope in dict.fromkeys(wanted) if not access.covers(_access([scope]))
    )


def blocked(granted: Iterable[str], flows: Iterable[str]) -> tuple[Blocked, ...]:
    """Features of these flows that the granted scopes don't carry."""
    granted = tuple(granted)
    lacking = (
        Blocked(feature, missing(granted, feature.scopes))
        for feature in _features_of(flows)
    )
    return tuple(entry for entry in lacking if entry.scopes)


def _features_of(flows: Iterable[str]) -> tuple[Feature, ...]:
    chosen = {"", *flows}
    return tuple(feature for feature in FEATURES if feature.flow in chosen)


def _access(scopes: Iterable[str]):
    # Imported late: the package is large, and only its scope algebra is wanted here.
    from shopify.api_access import ApiAccess

    trimmed = (scope.strip() for scope in scopes)
    # It refuses a name it doesn't understand; Shopify grants such too, and they
    # can't be among those asked for.
    return ApiAccess([scope for scope in trimmed if ApiAccess.SCOPE_RE.match(scope)])
