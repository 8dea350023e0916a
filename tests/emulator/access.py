"""What an app may see: scopes, the 60-day rule, protected customer data."""

from datetime import timedelta

from . import clock
from .errors import AccessDenied
from .registry import SCOPES
from .schema import access_table

# Personal fields of level 2 (name, address, phone, e-mail): null without approval.
PERSONAL = {
    "Customer": {
        "addresses", "addressesV2", "defaultAddress", "defaultEmailAddress",
        "defaultPhoneNumber", "displayName", "email", "firstName", "lastName", "phone",
    },
    "Order": {
        "billingAddress", "displayAddress", "email",
        "phone", "shippingAddress",
    },
    "FulfillmentOrder": {"destination"},
}  # fmt: skip
CUSTOMER_TYPES = {"Customer"}
B2B_TYPES = {"Company", "CompanyAddress", "CompanyContact", "CompanyLocation"}


def check(ctx, typename: str, field: str, return_type: str) -> None:
    """Raise AccessDenied unless one scope of each rule that applies is granted."""
    table = access_table()
    named = SCOPES.get(field) if typename in ("QueryRoot", "Mutation") else None
    # The parent's own rule too: `nodes` hands out objects of any type.
    rules = [
        table.get((typename, None)),
        table.get((typename, field)),
        table.get((_node_type(return_type), None)),
    ]
    if named:
        rules.append(frozenset((named,)))
    for scopes in rules:
        if scopes and not any(granted(ctx.scopes, scope) for scope in scopes):
            needed = " or ".join(f"`{scope}`" for scope in sorted(scopes))
            raise AccessDenied(field, f"{needed} access scope.")
    if customer_data(ctx) == "none" and _node_type(return_type) in CUSTOMER_TYPES:
        raise AccessDenied(field, "approval for protected customer data.")
    if typename in B2B_TYPES and not has_b2b(ctx):
        raise AccessDenied(field, "The shop must have access to B2B.")


def granted(scopes: set[str], scope: str) -> bool:
    """`write_x` implies `read_x`."""
    if scope in scopes:
        return True
    return scope.startswith("read_") and f"write_{scope[5:]}" in scopes


def require(ctx, what: str, scope: str) -> None:
    """For rules the published table doesn't hold (owner of a metafield, topic)."""
    if not granted(ctx.scopes, scope):
        raise AccessDenied(what, f"`{scope}` access scope.")


def visible(ctx, obj: dict) -> bool:
    """Orders older than 60 days need read_all_orders; without it they read as null."""
    if obj.get("__typename") != "Order" or granted(ctx.scopes, "read_all_orders"):
        return True
    age = ctx.shop.now() - clock.parse(obj["createdAt"])
    return age <= timedelta(days=60)


def has_b2b(ctx) -> bool:
    """Companies are there on some plans only."""
    return any(shop.get("_b2b") for shop in ctx.shop.of_type("Shop"))


def withheld(ctx, typename: str, field: str) -> bool:
    """Is this personal field redacted for this app?"""
    if customer_data(ctx) == "full":
        return False
    return field in PERSONAL.get(typename, ())


def customer_data(ctx) -> str:
    return ctx.customer_data or ctx.shop.switches.protected_customer_data


def _node_type(name: str) -> str:
    return name.removesuffix("Connection")
