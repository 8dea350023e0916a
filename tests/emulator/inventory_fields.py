"""Reading stock: levels of items and locations, quantities by name."""

from __future__ import annotations

from . import inventory
from .errors import invalid_arguments
from .inventory import number
from .live_search import matching
from .registry import field, query
from .search import compare, filter_

PROPERTIES = {
    name: {
        "name": name,
        "displayName": name.replace("_", " ").capitalize(),
        "isInUse": name in ("available", "committed", "incoming", "on_hand"),
        "belongsTo": ["on_hand"] if name in inventory.ON_HAND else [],
        "comprises": list(inventory.ON_HAND) if name == "on_hand" else [],
    }
    for name in (*inventory.NAMES, "on_hand")
}


def _visible(levels: list[dict], args: dict) -> list[dict]:
    if args.get("includeInactive"):
        return levels
    return [level for level in levels if level["isActive"]]


def _single(ctx, item: str, location: str, args: dict) -> dict | None:
    found = inventory.find_level(ctx.shop, item, location)
    return next(iter(_visible([found], args)), None) if found else None


@field("InventoryItem", "inventoryLevel")
def item_level(ctx, item, args):
    return _single(ctx, item["id"], args["locationId"], args)


@field("InventoryItem", "inventoryLevels")
def item_levels(ctx, item, args):
    levels = inventory.levels_of_item(ctx.shop, item["id"])
    return _filtered(ctx, _visible(levels, args), args)


@field("InventoryItem", "locationsCount")
def item_locations_count(ctx, item, args):
    levels = _visible(inventory.levels_of_item(ctx.shop, item["id"]), {})
    return {"count": len(levels), "precision": "EXACT"}


@field("Location", "inventoryLevel")
def location_level(ctx, location, args):
    return _single(ctx, args["inventoryItemId"], location["id"], args)


@field("Location", "inventoryLevels")
def location_levels(ctx, location, args):
    levels = inventory.levels_at(ctx.shop, location["id"])
    return _filtered(ctx, _visible(levels, args), args)


@field("Location", "hasActiveInventory")
def has_active_inventory(ctx, location, args):
    levels = _visible(inventory.levels_at(ctx.shop, location["id"]), {})
    return any(inventory.quantity(level, "on_hand") for level in levels)


@field("InventoryLevel", "quantities")
def quantities(ctx, level, args):
    return [_quantity(level, name) for name in args["names"]]


def _quantity(level: dict, name: str) -> dict:
    if name not in PROPERTIES:
        raise invalid_arguments(f"The quantity name '{name}' doesn't exist.")
    return {
        "__typename": "InventoryQuantity",
        "id": (
            f"gid://shopify/InventoryQuantity/{number(level['location'])}"
            f"?inventory_item_id={number(level['item'])}&name={name}"
        ),
        "name": name,
        "quantity": inventory.quantity(level, name),
        "updatedAt": level["updatedAt"],
    }


def _filtered(ctx, levels: list[dict], args: dict) -> list[dict]:
    return matching(ctx, "InventoryLevel", levels, args.get("query"))


@query("inventoryLevel")
def one_level(ctx, args):
    found = ctx.shop.objects.get(args["id"])
    return found if found and found["__typename"] == "InventoryLevel" else None


@query("inventoryProperties")
def properties(ctx, args):
    return {"quantityNames": list(PROPERTIES.values())}


@field("InventoryAdjustmentGroup", "changes")
def changes(ctx, group, args):
    wanted = [
        (args.get("inventoryItemIds"), "item"),
        (args.get("locationIds"), "location"),
        (args.get("quantityNames"), "name"),
    ]
    return [
        change
        for change in group["_changes"]
        if all(values is None or change[key] in values for values, key in wanted)
    ]


@filter_("InventoryLevel", "inventory_item_id")
def by_item(row, op, value):
    return compare(int(number(row["item"])), op, int(number(value)))


@filter_("InventoryLevel", "id")
def by_level(row, op, value):
    return row["id"] == value or row["legacyResourceId"] == value
