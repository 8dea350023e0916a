"""Metafield definitions: create, update, delete, list."""

import re

from . import access
from .metafields import CHECKS, OWNERS, is_valid
from .namespaces import is_foreign, owner_number, require_own, resolve
from .paging import connection
from .registry import merchant, mutation, query, user_error

READ_SCOPES = {
    "PRODUCT": "read_products",
    "PRODUCTVARIANT": "read_products",
    "COLLECTION": "read_products",
    "CUSTOMER": "read_customers",
    "COMPANY": "read_customers",
    "COMPANY_LOCATION": "read_customers",
    "ORDER": "read_orders",
    "DRAFTORDER": "read_draft_orders",
    "LOCATION": "read_locations",
}


@query("metafieldDefinitions")
def list_definitions(ctx, args):
    kind, key = args["ownerType"], args.get("key")
    namespace = args.get("namespace")
    stored = resolve(ctx, namespace) if namespace is not None else None
    _require_scope(ctx, "metafieldDefinitions", kind)
    args.accept("pinnedStatus", "sortKey")
    rows = [
        row
        for (owner, found, name), row in ctx.shop.definitions.items()
        if owner == kind
        and stored in (None, found)
        and key in (None, name)
        and not is_foreign(ctx, found)
    ]
    return connection(rows, args, ctx)


@query("metafieldDefinition")
def one_definition(ctx, args):
    found = _find(ctx, args)
    if found:
        _require_scope(ctx, "metafieldDefinition", found["ownerType"])
    return found


@mutation("metafieldDefinitionCreate")
def create(ctx, args):
    wanted = args["definition"]
    kind, namespace = wanted["ownerType"], resolve(ctx, wanted.get("namespace"))
    _require_scope(ctx, "metafieldDefinitionCreate", kind)
    require_own(ctx, "metafieldDefinitionCreate", namespace)
    problem = _problem(ctx.shop, wanted, kind, namespace)
    if problem:
        code, name, message = problem
        error = user_error(message, ["definition", name], code)
        return {"createdDefinition": None, "userErrors": [error]}
    made = _store(ctx.shop, wanted, kind, namespace)
    ctx.shop.emit("METAFIELD_DEFINITIONS_CREATE", made)
    return {"createdDefinition": made, "userErrors": []}


def _problem(shop, wanted, kind, namespace):
    if not wanted["name"].strip():
        return "BLANK", "name", "Name can't be blank."
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,64}", wanted["key"]):
        return "INVALID_CHARACTER", "key", "Key has characters that aren't allowed."
    if wanted["type"] not in CHECKS:
        return "INCLUSION", "type", f"Type {wanted['type']} isn't valid here."
    if (kind, namespace, wanted["key"]) in shop.definitions:
        return "TAKEN", "key", f"Key is in use for {kind} metafields."
    if wanted.get("access") and owner_number(namespace) is None:
        code = "ADMIN_ACCESS_INPUT_NOT_ALLOWED"
        return code, "access", "Only app-owned definitions take admin access."
    clash = any(
        key[1:] == (namespace, wanted["key"])
        and value["ownerType"] == kind
        and (
            value["type"] != wanted["type"]
            or not is_valid(wanted["type"], value["value"])
        )
        for key, value in shop.metafields.items()
    )
    if clash:
        code = "UNSTRUCTURED_ALREADY_EXISTS"
        return code, "key", "Values of another type exist for this key."
    return None


def _store(shop, wanted, kind, namespace) -> dict:
    given = wanted.get("access") or {}
    default = "MERCHANT_READ" if owner_number(namespace) else "PUBLIC_READ_WRITE"
    made = {
        "__typename": "MetafieldDefinition",
        "id": shop.new_gid("MetafieldDefinition"),
        "name": wanted["name"],
        "namespace": namespace,
        "key": wanted["key"],
        "description": wanted.get("description"),
        "ownerType": kind,
        "type": _type(wanted["type"]),
        "_type": wanted["type"],
        "access": {
            "admin": given.get("admin") or default,
            "storefront": given.get("storefront") or "NONE",
            "customerAccount": given.get("customerAccount") or "NONE",
        },
        "capabilities": _capabilities(wanted["type"], wanted.get("capabilities")),
        "validations": [],
        "validationStatus": "ALL_VALID",
        "pinnedPosition": 1 if wanted.get("pin") else None,
    }
    shop.definitions[kind, namespace, wanted["key"]] = made
    return made


def _type(name: str) -> dict:
    return {
        "name": name,
        "category": "ID" if name == "id" else "TEXT",
        "supportsDefinitionMigrations": name != "id",
    }


def _capabilities(kind: str, asked) -> dict:
    def enabled(name):
        return bool(((asked or {}).get(name) or {}).get("enabled"))

    unique = kind == "id" or enabled("uniqueValues")
    return {
        "uniqueValues": {"enabled": unique, "eligible": kind == "id"},
        "adminFilterable": {
            "enabled": enabled("adminFilterable"),
            "eligible": kind != "json",
            "status": "FILTERABLE" if enabled("adminFilterable") else "NOT_FILTERABLE",
        },
        "smartCollectionCondition": {"enabled": False, "eligible": False},
        "cartToOrderCopyable": {"enabled": False, "eligible": True},
        "analyticsQueryable": {"enabled": False, "eligible": False},
    }


@mutation("metafieldDefinitionUpdate")
def update(ctx, args):
    wanted = args["definition"]
    kind, namespace = wanted["ownerType"], resolve(ctx, wanted.get("namespace"))
    _require_scope(ctx, "metafieldDefinitionUpdate", kind)
    require_own(ctx, "metafieldDefinitionUpdate", namespace)
    found = ctx.shop.definitions.get((kind, namespace, wanted["key"]))
    payload = {"updatedDefinition": None, "validationJob": None, "userErrors": []}
    if found is None:
        message = "Definition not found."
        error = user_error(message, ["definition"], "NOT_FOUND")
        return payload | {"userErrors": [error]}
    for name in ("name", "description"):
        if wanted.get(name) is not None:
            found[name] = wanted[name]
    changes = wanted.get("access") or {}
    for name in ("admin", "storefront", "customerAccount"):
        if changes.get(name) is not None:
            found["access"][name] = changes[name]
    ctx.shop.emit("METAFIELD_DEFINITIONS_UPDATE", found)
    return payload | {"updatedDefinition": found}


@mutation("metafieldDefinitionDelete")
def delete(ctx, args):
    found = _find(ctx, args)
    payload = {
        "deletedDefinition": None,
        "deletedDefinitionId": None,
        "userErrors": [],
    }
    everything = bool(args.get("deleteAllAssociatedMetafields"))
    if found is None:
        error = user_error("Definition not found.", ["id"], "NOT_FOUND")
        return payload | {"userErrors": [error]}
    _require_scope(ctx, "metafieldDefinitionDelete", found["ownerType"])
    require_own(ctx, "metafieldDefinitionDelete", found["namespace"])
    if not everything:
        code = (
            "ID_TYPE_DELETION_ERROR"
            if found["_type"] == "id"
            else "RESERVED_NAMESPACE_ORPHANED_METAFIELDS"
        )
        message = "Deleting needs deleteAllAssociatedMetafields."
        return payload | {"userErrors": [user_error(message, ["id"], code)]}
    _drop(ctx.shop, found)
    identifier = {name: found[name] for name in ("key", "namespace", "ownerType")}
    return payload | {
        "deletedDefinition": identifier,
        "deletedDefinitionId": found["id"],
    }


@merchant("delete_definition")
def delete_past_the_rules(shop, owner_type: str, namespace: str, key: str):
    """Remove a definition with its values, for tests of its repair."""
    if namespace.startswith("$app:"):
        namespace = f"app--{shop.app.number}--{namespace[5:]}"
    _drop(shop, shop.definitions[owner_type, namespace, key])


@merchant("alter_definition")
def alter(shop, owner_type: str, namespace: str, key: str, admin: str):
    """Change the admin access of a definition behind the app's back."""
    if namespace.startswith("$app:"):
        namespace = f"app--{shop.app.number}--{namespace[5:]}"
    shop.definitions[owner_type, namespace, key]["access"]["admin"] = admin


def _drop(shop, found) -> None:
    identity = (found["ownerType"], found["namespace"], found["key"])
    del shop.definitions[identity]
    gone = [
        key
        for key, value in shop.metafields.items()
        if (value["ownerType"], key[1], key[2]) == identity
    ]
    for key in gone:
        del shop.metafields[key]
    shop.emit("METAFIELD_DEFINITIONS_DELETE", found)


def _find(ctx, args) -> dict | None:
    gid, identifier = args.get("id"), args.get("identifier")
    if identifier:
        namespace = resolve(ctx, identifier.get("namespace"))
        key = (identifier["ownerType"], namespace, identifier["key"])
        return ctx.shop.definitions.get(key)
    for row in ctx.shop.definitions.values():
        if row["id"] == gid and not is_foreign(ctx, row["namespace"]):
            return row
    return None


def _require_scope(ctx, what: str, kind: str) -> None:
    if kind in READ_SCOPES:
        access.require(ctx, what, READ_SCOPES[kind])


assert {row[0] for row in OWNERS.values()} >= set(READ_SCOPES)
