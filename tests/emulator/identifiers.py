"""node, nodes and the `…ByIdentifier` look-ups (custom IDs)."""

from .errors import TopLevelError, bad_request
from .metafields import OWNERS, holder
from .namespaces import is_foreign, resolve
from .registry import query


@query("node")
def node(ctx, args):
    return _node(ctx, args["id"])


@query("nodes")
def nodes(ctx, args):
    return [_node(ctx, gid) for gid in args["ids"]]


def _node(ctx, gid: str):
    if not gid.startswith("gid://shopify/"):
        raise bad_request(f"Invalid global id '{gid}'")
    return ctx.get(gid)


@query("productByIdentifier")
def product(ctx, args):
    return look_up(ctx, "Product", args["identifier"], handle="handle")


@query("productVariantByIdentifier")
def variant(ctx, args):
    return look_up(ctx, "ProductVariant", args["identifier"])


@query("collectionByIdentifier")
def collection(ctx, args):
    return look_up(ctx, "Collection", args["identifier"], handle="handle")


@query("customerByIdentifier")
def customer(ctx, args):
    return look_up(
        ctx,
        "Customer",
        args["identifier"],
        emailAddress="_email",
        phoneNumber="_phone",
    )


@query("orderByIdentifier")
def order(ctx, args):
    return look_up(ctx, "Order", args["identifier"])


@query("locationByIdentifier")
def location(ctx, args):
    return look_up(ctx, "Location", args["identifier"])


def look_up(ctx, typename: str, identifier, **keys):
    """`keys`: input field -> key of the object that must equal it."""
    gid, custom = identifier.get("id"), identifier.get("customId")
    if gid:
        found = ctx.get(gid)
        return found if found and found["__typename"] == typename else None
    if custom:
        return by_custom_id(ctx, typename, custom)
    for name, key in keys.items():
        wanted = identifier.get(name)
        if wanted:
            for obj in ctx.shop.of_type(typename):
                if obj.get(key) == wanted:
                    return ctx.get(obj["id"])
    return None


def by_custom_id(ctx, typename: str, custom):
    namespace, key = resolve(ctx, custom.get("namespace")), custom["key"]
    value = custom["value"]
    defined = ctx.shop.definitions.get((OWNERS[typename][0], namespace, key))
    if is_foreign(ctx, namespace) or defined is None or defined["_type"] != "id":
        message = f"Metafield definition of type 'id' is required for {namespace}.{key}"
        raise TopLevelError(message, "BAD_USER_INPUT")
    gid = holder(ctx.shop, typename, namespace, key, value)
    if gid and not ctx.shop.switches.by_identifier_live:
        known = {row["id"] for row in ctx.shop.indexed(typename)}
        gid = gid if gid in known else None
    return ctx.get(gid)
