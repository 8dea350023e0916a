"""Metafields: reading, `metafieldsSet` with compare-and-set, `metafieldsDelete`."""

import hashlib
import json
import re

from . import access, clock
from .namespaces import is_foreign, owner_number, resolve
from .paging import connection
from .registry import field, merchant, mutation, user_error

MAXIMUM_INPUTS = 25
_ABSENT = object()

# owner's type -> (MetafieldOwnerType, scope to write, its webhook topic)
OWNERS = {
    "Product": ("PRODUCT", "write_products", "PRODUCTS_UPDATE"),
    "ProductVariant": ("PRODUCTVARIANT", "write_products", None),
    "Collection": ("COLLECTION", "write_products", "COLLECTIONS_UPDATE"),
    "Customer": ("CUSTOMER", "write_customers", "CUSTOMERS_UPDATE"),
    "Company": ("COMPANY", "write_customers", "COMPANIES_UPDATE"),
    "CompanyLocation": (
        "COMPANY_LOCATION",
        "write_customers",
        "COMPANY_LOCATIONS_UPDATE",
    ),
    "Order": ("ORDER", "write_orders", "ORDERS_UPDATED"),
    "DraftOrder": ("DRAFTORDER", "write_draft_orders", "DRAFT_ORDERS_UPDATE"),
    "Location": ("LOCATION", "write_locations", "LOCATIONS_UPDATE"),
    "Shop": ("SHOP", None, None),
    "AppInstallation": ("API_PERMISSION", None, None),
}
# Shopify lets an app write its own metafields on a location without managing it.
WRITE_NEEDS = {"Location": "read_locations"}


def digest(value: str, kind: str) -> str:
    return hashlib.sha256(f"{kind}\0{value}".encode()).hexdigest()


# -- reading --


@field("HasMetafields", "metafield")
def one(ctx, obj, args):
    namespace = resolve(ctx, args.get("namespace"))
    if is_foreign(ctx, namespace):
        return None
    return ctx.shop.metafields.get((obj["id"], namespace, args["key"]))


@field("HasMetafields", "metafields")
def many(ctx, obj, args):
    wanted, keys = args.get("namespace"), args.get("keys")
    namespace = resolve(ctx, wanted) if wanted is not None else None
    rows = [
        value
        for (owner, stored, key), value in ctx.shop.metafields.items()
        if owner == obj["id"]
        and namespace in (None, stored)
        and not is_foreign(ctx, stored)
        and (keys is None or key in keys or f"{stored}.{key}" in keys)
    ]
    return connection(rows, args, ctx)


@field("Metafield", "compareDigest")
def compare_digest(_ctx, obj, _args):
    return digest(obj["value"], obj["type"])


@field("Metafield", "jsonValue")
def json_value(_ctx, obj, _args):
    return json.loads(obj["value"]) if obj["type"] == "json" else obj["value"]


@field("Metafield", "owner")
def owner(ctx, obj, _args):
    return ctx.get(obj["_owner"])


@field("Metafield", "definition")
def definition(ctx, obj, _args):
    return ctx.shop.definitions.get((obj["ownerType"], obj["namespace"], obj["key"]))


# -- writing --


@mutation("metafieldsSet")
def metafields_set(ctx, args):
    """All or nothing: every row is checked before the first is written."""
    rows = args["metafields"]
    if len(rows) > MAXIMUM_INPUTS:
        message = f"Exceeded the maximum metafields input limit of {MAXIMUM_INPUTS}."
        error = user_error(message, ["metafields"], "LESS_THAN_OR_EQUAL_TO")
        return {"metafields": None, "userErrors": [error | {"elementIndex": None}]}
    checked, errors, seen = [], [], {}
    for index, row in enumerate(rows):
        wanted = _read_row(ctx, row)
        if wanted is not None:
            _require_scope(ctx, wanted["owner"])
        problem = _problem(ctx.shop, wanted, seen, may_write=_may_write(ctx, wanted))
        if problem:
            code, name, message = problem
            path = ["metafields", str(index), *([name] if name else [])]
            errors.append(user_error(message, path, code, elementIndex=index))
        elif wanted:
            checked.append(wanted)
    if errors:
        return {"metafields": None, "userErrors": errors}
    written = [_write(ctx.shop, wanted) for wanted in checked]
    _touch_owners(ctx.shop, [wanted["owner"] for wanted in checked])
    return {"metafields": written, "userErrors": []}


@mutation("metafieldsDelete")
def metafields_delete(ctx, args):
    deleted = []
    for row in args["metafields"]:
        namespace = resolve(ctx, row["namespace"])
        key = (row["ownerId"], namespace, row["key"])
        owned = ctx.get(row["ownerId"])
        if owned is not None:
            _require_scope(ctx, owned)
        if is_foreign(ctx, namespace):
            error = user_error(
                "Access to this namespace is not allowed.", ["metafields"]
            )
            return {"deletedMetafields": None, "userErrors": [error]}
        gone = ctx.shop.metafields.pop(key, None)
        identifier = {"ownerId": key[0], "namespace": namespace, "key": key[2]}
        deleted.append(identifier if gone else None)
        if gone:
            _touch_owners(ctx.shop, [owned])
    return {"deletedMetafields": deleted, "userErrors": []}


def _read_row(ctx, row) -> dict | None:
    """One input with its owner looked up; None if there is no such owner."""
    owned = ctx.get(row["ownerId"])
    wanted = {
        "namespace": resolve(ctx, row.get("namespace")),
        "key": row["key"],
        "value": row["value"],
        "type": row.get("type"),
        "expected": row.get("compareDigest") if "compareDigest" in row else _ABSENT,
    }
    return wanted | {"owner": owned} if owned else None


def check_inputs(ctx, owned: dict, rows) -> tuple[list[dict], tuple | None]:
    """`metafields` in the input of another mutation: (rows to write, first problem).

    owned: the owner, or a stand-in with `__typename` and a new `id`. A problem is
    (code, field, message).
    """
    wanted, seen = [], {}
    for row in rows:
        one = {
            "owner": owned,
            "namespace": resolve(ctx, row.get("namespace")),
            "key": row["key"],
            "value": row["value"],
            "type": row.get("type"),
            "expected": _ABSENT,
        }
        problem = _problem(ctx.shop, one, seen, _may_write(ctx, one))
        if problem:
            return [], problem
        wanted.append(one)
    return wanted, None


def write_inputs(shop, owned: dict, wanted: list[dict]) -> None:
    """Write what `check_inputs` found good; the owner's own event tells of it."""
    for one in wanted:
        _write(shop, one | {"owner": owned})


def _require_scope(ctx, owned) -> None:
    typename = owned["__typename"]
    if typename not in OWNERS:
        return
    scope = WRITE_NEEDS.get(typename) or OWNERS[typename][1]
    if scope:
        access.require(ctx, "metafieldsSet", scope)


def _may_write(ctx, wanted) -> bool:
    return wanted is None or not is_foreign(ctx, wanted["namespace"])


def _problem(shop, wanted, seen, may_write):
    """(code, field, message) of the first thing wrong with a row, or None."""
    if wanted is None or wanted["owner"]["__typename"] not in OWNERS:
        return "INVALID", "ownerId", "Owner does not exist."
    if not may_write:
        return "APP_NOT_AUTHORIZED", "namespace", "Access to this namespace is denied."
    for check in (_syntax, _kind, _staleness):
        problem = check(shop, wanted)
        if problem:
            return problem
    return _uniqueness(shop, wanted, seen)


def _syntax(_shop, wanted):
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,64}", wanted["key"]):
        return "INVALID", "key", "Key must have 2 to 64 letters, digits, - or _."
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,255}", wanted["namespace"]):
        return "INVALID", "namespace", "Namespace must have 2 to 255 characters."
    if not wanted["value"].strip():
        return "BLANK", "value", "Value can't be blank."
    return None


def _kind(shop, wanted):
    """Settle the type from the definition and check the value against it."""
    defined = shop.definitions.get(_definition_key(wanted))
    if defined:
        if wanted["type"] not in (None, defined["_type"]):
            message = f"Type must be consistent with the definition: {defined['_type']}"
            return "INVALID_TYPE", "type", message
        wanted["type"] = defined["_type"]
    elif wanted["type"] is None:
        return "BLANK", "type", "Type can't be blank."
    elif wanted["type"] == "id":
        return "INVALID_TYPE", "type", "Type id needs a definition."
    if not is_valid(wanted["type"], wanted["value"]):
        return "INVALID_VALUE", "value", f"Value is invalid for {wanted['type']}."
    return None


def _staleness(shop, wanted):
    """Compare-and-set: a digest must match, an explicit null means "not there yet"."""
    if wanted["expected"] is _ABSENT:
        return None
    key = (wanted["owner"]["id"], wanted["namespace"], wanted["key"])
    present = shop.metafields.get(key)
    found = digest(present["value"], present["type"]) if present else None
    if wanted["expected"] == found:
        return None
    if wanted["expected"] and not re.fullmatch(r"[0-9a-f]{64}", wanted["expected"]):
        return "INVALID_COMPARE_DIGEST", "compareDigest", "Compare digest is invalid."
    message = "The resource has been updated since it was loaded. Try again."
    return "STALE_OBJECT", None, message


def _uniqueness(shop, wanted, seen):
    if wanted["type"] != "id":
        return None
    owned = wanted["owner"]
    typename = owned["__typename"]
    slot = (typename, wanted["namespace"], wanted["key"], wanted["value"])
    if not shop.switches.id_unique_per_owner_type:
        slot = ("*", *slot[1:])
    other = holder(shop, *slot)
    retired = slot in shop.retired_ids or any(
        slot[0] == "*" and row[1:] == slot[1:] for row in shop.retired_ids
    )
    taken = other is not None and other != owned["id"]
    if taken or retired or seen.setdefault(slot, owned["id"]) != owned["id"]:
        code = shop.switches.duplicate_id_code
        return code, "value", "Value has already been taken."
    return None


def holder(shop, typename: str, namespace: str, key: str, value: str) -> str | None:
    """GID of the object of a type (`*` = any) whose `id` metafield has this value."""
    for gid in shop.id_holders.get((namespace, key, value), ()):
        found = shop.metafields.get((gid, namespace, key))
        if not found or found["value"] != value or found["type"] != "id":
            continue
        if gid in shop.objects and typename in ("*", shop.objects[gid]["__typename"]):
            return gid
    return None


def _definition_key(wanted) -> tuple[str, str, str]:
    typename = wanted["owner"]["__typename"]
    return OWNERS[typename][0], wanted["namespace"], wanted["key"]


def _write(shop, wanted) -> dict:
    owned = wanted["owner"]
    key = (owned["id"], wanted["namespace"], wanted["key"])
    present = shop.metafields.get(key)
    if present is None:
        number = shop.new_number()
        present = shop.metafields[key] = {
            "__typename": "Metafield",
            "id": f"gid://shopify/Metafield/{number}",
            "legacyResourceId": str(number),
            "namespace": wanted["namespace"],
            "key": wanted["key"],
            "ownerType": OWNERS[owned["__typename"]][0],
            "createdAt": shop.timestamp(),
            "_owner": owned["id"],
        }
    present.update(
        value=wanted["value"],
        type=wanted["type"],
        sizeInBytes=len(wanted["value"].encode()),
        updatedAt=shop.timestamp(),
    )
    if wanted["type"] == "id":
        slot = (wanted["namespace"], wanted["key"], wanted["value"])
        shop.id_holders.setdefault(slot, {})[owned["id"]] = True
    return present


def _touch_owners(shop, owners) -> None:
    """A metafield write moves the owner's updatedAt and fires its webhook (switch)."""
    if not shop.switches.metafield_write_touches_owner:
        return
    for owned in {obj["id"]: obj for obj in owners if obj}.values():
        if owned["__typename"] in ("Shop", "AppInstallation"):
            continue
        shop.touch(owned)
        topic = OWNERS[owned["__typename"]][2]
        if topic:
            shop.emit(topic, owned)
        elif owned["__typename"] == "ProductVariant":
            product = shop.get(owned["product"])
            shop.touch(product)
            shop.emit("PRODUCTS_UPDATE", product)


CHECKS = {
    "id": lambda value: len(value) <= 255,
    "json": lambda value: _parses(value),
    "number_integer": lambda value: re.fullmatch(r"-?\d+", value),
    "boolean": lambda value: value in ("true", "false"),
    "single_line_text_field": lambda value: "\n" not in value,
    "multi_line_text_field": lambda value: True,
    "date_time": lambda value: clock.parse(value),
    "number_decimal": lambda value: re.fullmatch(r"-?\d+(\.\d{1,9})?", value),
    "url": lambda value: value.startswith(("http://", "https://")),
}


def is_valid(kind: str, value: str) -> bool:
    """Is the text a value of this metafield type? Unknown types are refused."""
    check = CHECKS.get(kind)
    try:
        return bool(check and check(value))
    except ValueError:
        return False


def _parses(value: str) -> bool:
    json.loads(value)
    return True


# -- what merchants may do --


@merchant("merchant_edit_metafield")
def merchant_edit(shop, owner: str, namespace: str, key: str, value: str | None):
    """A person edits (or clears, with null) a metafield in the admin.

    Refused with PermissionError for app-owned ones that merchants may only read.
    """
    obj = shop.require(owner)
    kind = OWNERS[obj["__typename"]][0]
    defined = shop.definitions.get((kind, namespace, key))
    writable = defined and defined["access"]["admin"] == "MERCHANT_READ_WRITE"
    if owner_number(namespace) and not writable:
        raise PermissionError(f"{namespace}.{key} is read-only for merchants")
    set_metafield(shop, owner, namespace, key, value)


@merchant("set_metafield")
def set_metafield(
    shop, owner: str, namespace: str, key: str, value: str | None, type=None
):
    """Put or remove a value past all rules, as only a test may. `$app` is the first
    app's namespace."""
    obj = shop.require(owner)
    if namespace.startswith("$app"):
        rest = namespace[5:]
        namespace = f"app--{shop.app.number}" + (f"--{rest}" if rest else "")
    present = shop.metafields.get((owner, namespace, key))
    if value is None:
        shop.metafields.pop((owner, namespace, key), None)
        _touch_owners(shop, [obj])
        return None
    wanted = {"owner": obj, "namespace": namespace, "key": key, "value": value}
    defined = shop.definitions.get(_definition_key(wanted))
    wanted["type"] = (
        type
        or (present and present["type"])
        or (defined and defined["_type"])
        or "single_line_text_field"
    )
    written = _write(shop, wanted)
    _touch_owners(shop, [obj])
    return written
