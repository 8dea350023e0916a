"""Stock per item and location: available, committed and the other states.

`on_hand` is the sum of available, committed, reserved, damaged, safety_stock and
quality_control (shopify.md section 14). Orders commit, fulfilments take away; both go
through `move`, so that levels and their webhooks agree.
"""

from __future__ import annotations

from .store import Shop

NAMES = (
    "available",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "safety_stock",
    "quality_control",
)
ON_HAND = tuple(name for name in NAMES if name != "incoming")


def number(gid: str) -> str:
    return gid.rpartition("/")[2]


def level_gid(item: str, location: str) -> str:
    """A level's GID names both of its parents, so look-up needs no index."""
    return (
        f"gid://shopify/InventoryLevel/{number(location)}"
        f"?inventory_item_id={number(item)}"
    )


def find_level(shop: Shop, item: str, location: str) -> dict | None:
    return shop.objects.get(level_gid(item, location))


def level(shop: Shop, item: str, location: str) -> dict:
    """The level of an item at a location, made with zeros if there is none."""
    found = find_level(shop, item, location)
    if found is not None:
        return found
    quantities = shop.inventory[item, location] = dict.fromkeys(NAMES, 0)
    made = shop.add(
        "InventoryLevel",
        id=level_gid(item, location),
        item=item,
        location=location,
        isActive=True,
        canDeactivate=True,
        deactivationAlert=None,
        _quantities=quantities,
    )
    shop.emit("INVENTORY_LEVELS_CONNECT", made)
    return made


def forget_item(shop: Shop, item: str) -> None:
    """The levels of a deleted item go with it."""
    for stock in levels_of_item(shop, item):
        del shop.inventory[item, stock["location"]]
        shop.delete(stock)


def levels_of_item(shop: Shop, item: str) -> list[dict]:
    found = (find_level(shop, item, loc["id"]) for loc in shop.of_type("Location"))
    return [stock for stock in found if stock is not None]


def levels_at(shop: Shop, location: str) -> list[dict]:
    return [
        stock
        for stock in shop.of_type("InventoryLevel")
        if stock["location"] == location
    ]


def quantity(stock: dict, name: str) -> int:
    quantities = stock["_quantities"]
    if name == "on_hand":
        return sum(quantities[part] for part in ON_HAND)
    return quantities[name]


def move(shop: Shop, item: str, location: str, **deltas: int) -> None:
    """Add `deltas` (state=units) to a level; tells webhooks when something moved."""
    changed = {name: delta for name, delta in deltas.items() if delta}
    if not changed:
        return
    stock = level(shop, item, location)
    for name, delta in changed.items():
        stock["_quantities"][name] += delta
    shop.touch(stock)
    shop.emit("INVENTORY_LEVELS_UPDATE", stock)


def set_to(shop: Shop, item: str, location: str, name: str, target: int) -> int:
    """Bring `available` or `on_hand` to `target`; the difference made."""
    delta = target - quantity(level(shop, item, location), name)
    move(shop, item, location, available=delta)
    return delta


def tracked_item(shop: Shop, variant: str | None) -> str | None:
    """The inventory item that orders of a variant move, None when untracked."""
    found = shop.objects.get(variant) if variant else None
    item = shop.objects.get(found["inventoryItem"]) if found else None
    return item["id"] if item and item["tracked"] else None


def item_of(shop: Shop, thing: str) -> str:
    """An inventory item's GID from its own or from its variant's."""
    found = shop.objects[thing]
    return found["inventoryItem"] if found["__typename"] == "ProductVariant" else thing
