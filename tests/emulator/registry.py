"""Where resolvers, mutations and merchant acts register themselves.

@field("Order", "lineItems")   fn(ctx, obj, args) -> value
@query("order")                fn(ctx, args) -> value
@mutation("metafieldsSet")     fn(ctx, args) -> payload dict
@merchant("create_order")      fn(shop, **args) -> value (shop.create_order, /_control)

A resolver may return GIDs where the schema wants objects, and a list where it wants a
connection: both are turned into what was asked. A field without resolver is the key of
that name in the object; without such a key it answers "not emulated: Type.field".
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

FIELDS: dict[tuple[str, str], Callable] = {}
QUERIES: dict[str, Callable] = {}
MUTATIONS: dict[str, tuple[Callable, bool]] = {}  # name -> (function, idempotent)
MERCHANT: dict[str, Callable] = {}
UNLOCKED: set[str] = set()  # merchant acts that don't hold the shop's lock
SCOPES: dict[str, str] = {}  # root field -> scope, beside the tables of access.py


@dataclass
class Context:
    """What a resolver knows of the request it answers."""

    shop: Any
    app: Any
    api_version: str = "2026-10"
    operation_name: str | None = None
    base_url: str = ""
    bulk: bool = False  # in a bulk query connections have no page
    warnings: list = dataclass_field(default_factory=list)
    denied_scopes: set = dataclass_field(default_factory=set)  # by a fault
    customer_data: str | None = None  # by a fault; else the switch

    @property
    def scopes(self) -> set[str]:
        denied = self.denied_scopes | {
            f"write_{scope[5:]}"
            for scope in self.denied_scopes
            if scope.startswith("read_")
        }
        return self.app.scopes - denied

    def get(self, gid: str | None) -> dict | None:
        """The live object, if this app may see it (60-day rule)."""
        from .access import visible

        obj = self.shop.get(self.shop.merged_into.get(gid, gid))
        return obj if obj is not None and visible(self, obj) else None


def field(typename: str, *names: str):
    """Register a resolver of an object or interface type's field."""

    def register(function):
        for name in names:
            FIELDS[typename, name] = function
        return function

    return register


def query(name: str, scope: str | None = None):
    def register(function):
        QUERIES[name] = function
        if scope:
            SCOPES[name] = scope
        return function

    return register


def mutation(name: str, idempotent: bool = False, scope: str | None = None):
    """Register a mutation; `idempotent`: it demands `@idempotent(key:)`."""

    def register(function):
        MUTATIONS[name] = (function, idempotent)
        if scope:
            SCOPES[name] = scope
        return function

    return register


def merchant(name: str, locked: bool = True):
    """Register an act of the merchant, a buyer or Shopify itself.

    `locked=False`: it may wait or talk HTTP, so it takes the shop's lock by itself.
    """

    def register(function):
        MERCHANT[name] = function
        if not locked:
            UNLOCKED.add(name)
        return function

    return register


def user_error(message: str, field: list[str] | None = None, code=None, **more) -> dict:
    """One entry of a payload's `userErrors`."""
    return {"field": field, "message": message, "code": code, **more}
