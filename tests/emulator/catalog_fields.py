"""Products, variants and inventory items: what the API answers."""

import re

from .errors import NotEmulated
from .paging import connection
from .registry import field, query
from .search import (
    FREE_TEXT,
    SORT_KEYS,
    by_text,
    filter_,
    number,
    search,
)


@query("product")
def product(ctx, args):
    return _of_type(ctx, args["id"], "Product")


@query("products")
def products(ctx, args):
    return search(ctx, "Product", args)


@query("productVariant")
def variant(ctx, args):
    return _of_type(ctx, args["id"], "ProductVariant")


@query("productVariants")
def variants(ctx, args):
    return search(ctx, "ProductVariant", args)


@query("inventoryItem")
def inventory_item(ctx, args):
    return _of_type(ctx, args["id"], "InventoryItem")


@query("inventoryItems")
def inventory_items(ctx, args):
    return search(ctx, "InventoryItem", args)


@query("productsCount")
def products_count(ctx, args):
    args.accept("limit")
    if args.get("query"):
        raise NotEmulated("productsCount(query:)")
    return _count(ctx.shop.of_type("Product"))


@query("productVariantsCount")
def variants_count(ctx, args):
    args.accept("limit")
    if args.get("query"):
        raise NotEmulated("productVariantsCount(query:)")
    return _count(ctx.shop.of_type("ProductVariant"))


# -- Product --


@field("Product", "options")
def options(ctx, obj, args):
    rows = [
        {"id": row["id"], "name": row["name"], "position": place, "_product": obj["id"]}
        for place, row in enumerate(obj["_options"], 1)
    ]
    first = args.get("first")
    return rows if first is None else rows[:first]


@field("ProductOption", "values")
def option_values(ctx, obj, _args):
    return [row["name"] for row in _values(ctx, obj) if row["hasVariants"]]


@field("ProductOption", "optionValues")
def option_value_objects(ctx, obj, _args):
    return _values(ctx, obj)


@field("ProductOption", "linkedMetafield")
def linked_metafield(_ctx, _obj, _args):
    return None


def _values(ctx, option) -> list[dict]:
    product = ctx.shop.get(option["_product"])
    place = option["position"] - 1
    ids = product["_options"][place]["value_ids"]
    used = {ctx.shop.get(gid)["_values"][place] for gid in product["variants"]}
    return [
        {
            "id": gid,
            "name": name,
            "hasVariants": name in used,
            "linkedMetafieldValue": None,
        }
        for name, gid in ids.items()
    ]


@field("Product", "variants")
def variants_of_product(ctx, obj, args):
    rows = [ctx.shop.get(gid) for gid in obj["variants"]]
    sort = args.get("sortKey") or "POSITION"
    keys = {
        "POSITION": lambda row: row["position"],
        "ID": lambda row: number(row["id"]),
        "SKU": lambda row: row["sku"] or "",
        "TITLE": lambda row: row["title"],
    }
    if sort not in keys:
        raise NotEmulated(f"sortKey {sort} of Product.variants")
    return connection(sorted(rows, key=keys[sort]), args, ctx)


@field("Product", "variantsCount")
def variants_count_of_product(_ctx, obj, _args):
    return _count(obj["variants"])


@field("Product", "hasOnlyDefaultVariant")
def has_only_default_variant(ctx, obj, _args):
    titles = [ctx.shop.get(gid)["title"] for gid in obj["variants"]]
    return titles == ["Default Title"]


@field("Product", "description")
def description(_ctx, obj, args):
    text = re.sub(r"<[^>]+>", "", obj["descriptionHtml"])
    return text[: args.get("truncateAt")]


@field("Product", "tracksInventory")
def tracks_inventory(ctx, obj, _args):
    return any(_item(ctx, gid)["tracked"] for gid in obj["variants"])


@field("Product", "totalInventory")
def total_inventory(ctx, obj, _args):
    return sum(_available(ctx, gid) for gid in obj["variants"])


@field("Product", "media")
def media(ctx, _obj, args):
    args.accept("sortKey", "query")
    return connection([], args, ctx)


@field("Product", "featuredMedia")
def featured_media(_ctx, _obj, _args):
    return None


@field("Product", "priceRangeV2")
def price_range(ctx, obj, _args):
    prices = sorted((ctx.shop.get(gid)["price"] for gid in obj["variants"]), key=float)
    money = [{"amount": p, "currencyCode": ctx.shop.currency} for p in prices]
    return {"minVariantPrice": money[0], "maxVariantPrice": money[-1]}


# -- ProductVariant --


@field("ProductVariant", "displayName")
def display_name(ctx, obj, _args):
    return f"{ctx.shop.get(obj['product'])['title']} - {obj['title']}"


@field("ProductVariant", "selectedOptions")
def selected_options(ctx, obj, _args):
    rows = ctx.shop.get(obj["product"])["_options"]
    return [
        {
            "name": row["name"],
            "value": value,
            "optionValue": {"id": row["value_ids"][value], "name": value},
        }
        for row, value in zip(rows, obj["_values"], strict=True)
    ]


@field("ProductVariant", "inventoryQuantity")
def inventory_quantity(ctx, obj, _args):
    return _available(ctx, obj["id"])


@field("ProductVariant", "sellableOnlineQuantity")
def sellable_quantity(ctx, obj, _args):
    return _available(ctx, obj["id"])


@field("ProductVariant", "media")
def variant_media(ctx, _obj, args):
    return connection([], args, ctx)


# -- InventoryItem --


@field("InventoryItem", "variants")
def variants_of_item(ctx, obj, args):
    return connection(obj["_variants"], args, ctx)


@field("InventoryItem", "duplicateSkuCount")
def duplicate_skus(ctx, obj, _args):
    """Further inventory items with the same SKU."""
    if not obj["sku"]:
        return 0
    rows = ctx.shop.of_type("InventoryItem")
    return sum(row["sku"] == obj["sku"] and row is not obj for row in rows)


# -- search --

FREE_TEXT["Product"] = ("title", "vendor", "productType", "handle")
FREE_TEXT["ProductVariant"] = ("title", "sku", "barcode")
filter_("Product", "title")(by_text("title"))
filter_("Product", "handle")(by_text("handle"))
filter_("Product", "status")(by_text("status"))
filter_("Product", "vendor")(by_text("vendor"))
filter_("Product", "product_type")(by_text("productType"))
filter_("ProductVariant", "sku")(by_text("sku"))
filter_("ProductVariant", "barcode")(by_text("barcode"))
filter_("ProductVariant", "title")(by_text("title"))
filter_("ProductVariant", "product_id")(
    lambda row, _op, value: number(row["product"]) == number(value)
)
filter_("InventoryItem", "sku")(by_text("sku"))
SORT_KEYS["ProductVariant", "SKU"] = lambda row: row.get("sku") or ""
SORT_KEYS["ProductVariant", "POSITION"] = lambda row: row["position"]


def _count(rows) -> dict:
    return {"count": len(rows), "precision": "EXACT"}


def _of_type(ctx, gid: str, typename: str):
    found = ctx.get(gid)
    return found if found and found["__typename"] == typename else None


def _item(ctx, variant_gid: str) -> dict:
    return ctx.shop.get(ctx.shop.get(variant_gid)["inventoryItem"])


def _available(ctx, variant_gid: str) -> int:
    item = ctx.shop.get(variant_gid)["inventoryItem"]
    return sum(
        row.get("available", 0)
        for (found, _location), row in ctx.shop.inventory.items()
        if found == item
    )
