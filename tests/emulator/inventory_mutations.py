"""Writing stock by API: compare-and-set of up to 250 rows, and the merchant's hand."""

from __future__ import annotations

from urllib.parse import urlparse

from . import inventory
from .errors import TopLevelError, invalid_arguments
from .registry import merchant, mutation, user_error

MAX_ROWS = 250
LIMIT = 1_000_000_000
REASONS = frozenset(
    """
    correction cycle_count_available damaged movement_canceled movement_created
    movement_received movement_updated other promotion quality_control received
    reservation_created reservation_deleted reservation_updated restock safety_stock
    shrinkage
    """.split()
)


@mutation("inventorySetQuantities", idempotent=True)
def set_quantities(ctx, args):
    data = args["input"]
    shop = ctx.shop
    _check_request(data["quantities"], "InventoryQuantityInput")
    errors = _header_errors(data, ("available", "on_hand"))
    errors += _duplicate_errors(data["quantities"])
    stale = set()
    for index, row in enumerate(data["quantities"]):
        row_errors = _row_errors(shop, index, row, data["name"])
        stale |= {index} if row_errors else set()
        errors += row_errors
    only_rows = all(error["field"][:2] == ["input", "quantities"] for error in errors)
    if errors and (shop.switches.stale_row_fails_all or not only_rows):
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}
    changes = []
    for index, row in enumerate(data["quantities"]):
        if index not in stale:
            changes += _set_row(shop, row, data["name"])
    return {
        "inventoryAdjustmentGroup": _group(ctx, data, changes),
        "userErrors": errors,
    }


@mutation("inventoryAdjustQuantities", idempotent=True)
def adjust_quantities(ctx, args):
    data = args["input"]
    shop = ctx.shop
    _check_request(data["changes"], "InventoryChangeInput")
    errors = _header_errors(data, inventory.NAMES)
    errors += _duplicate_errors(data["changes"], "changes")
    for index, row in enumerate(data["changes"]):
        errors += _adjust_errors(shop, index, row, data["name"])
    if errors:
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}
    changes = []
    for row in data["changes"]:
        inventory.move(
            shop,
            row["inventoryItemId"],
            row["locationId"],
            **{data["name"]: row["delta"]},
        )
        changes.append(_change(shop, row, data["name"], row["delta"]))
    return {"inventoryAdjustmentGroup": _group(ctx, data, changes), "userErrors": []}


def _check_request(rows: list[dict], type_name: str) -> None:
    """Refusals of the whole request, before anything is executed."""
    if len(rows) > MAX_ROWS:
        raise TopLevelError(
            f"The input array size of {len(rows)} is greater than the maximum "
            f"allowed of {MAX_ROWS}.",
            "MAX_INPUT_SIZE_EXCEEDED",
        )
    if any("changeFromQuantity" not in row for row in rows):
        raise invalid_arguments(
            f"{type_name} must include the following argument: changeFromQuantity."
        )


def _error(code: str, message: str, *path: str) -> dict:
    return user_error(message, ["input", *path], code)


def _header_errors(data: dict, names: tuple[str, ...]) -> list[dict]:
    errors = []
    if data["name"] not in names:
        errors.append(
            _error("INVALID_NAME", "The specified quantity name is invalid.", "name")
        )
    if data["reason"] not in REASONS:
        errors.append(
            _error("INVALID_REASON", "The specified reason is invalid.", "reason")
        )
    uri = data.get("referenceDocumentUri")
    if uri is not None and not (urlparse(uri).scheme and urlparse(uri).netloc):
        errors.append(
            _error(
                "INVALID_REFERENCE_DOCUMENT",
                "The specified reference document is invalid.",
                "referenceDocumentUri",
            )
        )
    return errors


def _duplicate_errors(rows: list[dict], where: str = "quantities") -> list[dict]:
    seen, errors = set(), []
    for index, row in enumerate(rows):
        pair = row["inventoryItemId"], row["locationId"]
        if pair in seen:
            errors.append(
                _error(
                    "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
                    "The combination of inventoryItemId and locationId must be unique.",
                    where,
                    str(index),
                    "locationId",
                )
            )
        seen.add(pair)
    return errors


def _parents_errors(shop, index: int, row: dict, where: str) -> list[dict]:
    errors = []
    item = shop.objects.get(row["inventoryItemId"])
    if item is None or item["__typename"] != "InventoryItem":
        errors.append(
            _error(
                "INVALID_INVENTORY_ITEM",
                "The specified inventory item could not be found.",
                where,
                str(index),
                "inventoryItemId",
            )
        )
    location = shop.objects.get(row["locationId"])
    if location is None or location["__typename"] != "Location":
        errors.append(
            _error(
                "INVALID_LOCATION",
                "The specified location could not be found.",
                where,
                str(index),
                "locationId",
            )
        )
    return errors


def _row_errors(shop, index: int, row: dict, name: str) -> list[dict]:
    errors = _parents_errors(shop, index, row, "quantities")
    path = ("quantities", str(index))
    if row["quantity"] > LIMIT:
        errors.append(
            _error(
                "INVALID_QUANTITY_TOO_HIGH",
                "The quantity can't be higher than 1,000,000,000.",
                *path,
                "quantity",
            )
        )
    if row["quantity"] < 0:
        errors.append(
            _error(
                "INVALID_QUANTITY_NEGATIVE",
                "The quantity can't be negative.",
                *path,
                "quantity",
            )
        )
    if not errors and name in ("available", "on_hand"):
        errors += _stale_errors(shop, row, name, path)
    return errors


def _stale_errors(shop, row: dict, name: str, path: tuple[str, ...]) -> list[dict]:
    expected = row["changeFromQuantity"]
    stock = inventory.find_level(shop, row["inventoryItemId"], row["locationId"])
    current = inventory.quantity(stock, name) if stock else 0
    if expected is None or expected == current:
        return []
    return [
        _error(
            "CHANGE_FROM_QUANTITY_STALE",
            "The changeFromQuantity argument no longer matches the persisted quantity.",
            *path,
            "changeFromQuantity",
        )
    ]


def _adjust_errors(shop, index: int, row: dict, name: str) -> list[dict]:
    errors = _parents_errors(shop, index, row, "changes")
    path = ("changes", str(index))
    if (row.get("ledgerDocumentUri") is None) != (name == "available"):
        errors.append(
            _error(
                "INVALID_AVAILABLE_DOCUMENT"
                if name == "available"
                else "INVALID_QUANTITY_DOCUMENT",
                "A ledger document URI goes with every name but available.",
                *path,
                "ledgerDocumentUri",
            )
        )
    return errors or (
        _stale_errors(shop, row, name, path) if name in inventory.NAMES else []
    )


def _set_row(shop, row: dict, name: str) -> list[dict]:
    item, location = row["inventoryItemId"], row["locationId"]
    delta = inventory.set_to(shop, item, location, name, row["quantity"])
    if not delta:
        return []
    return [
        _change(shop, row, changed, delta)
        for changed in dict.fromkeys((name, "available", "on_hand"))
    ]


def _change(shop, row: dict, name: str, delta: int) -> dict:
    item, location = row["inventoryItemId"], row["locationId"]
    return {
        "__typename": "InventoryChange",
        "name": name,
        "delta": delta,
        "quantityAfterChange": inventory.quantity(
            inventory.level(shop, item, location), name
        ),
        "item": item,
        "location": location,
        "ledgerDocumentUri": row.get("ledgerDocumentUri"),
    }


def _group(ctx, data: dict, changes: list[dict]) -> dict | None:
    """The record of a change in the stock history; none when nothing changed."""
    if not changes:
        return None
    return ctx.shop.add(
        "InventoryAdjustmentGroup",
        reason=data["reason"],
        referenceDocumentUri=data.get("referenceDocumentUri"),
        staffMember=None,
        app=ctx.app.gid,
        _changes=changes,
    )


@merchant("set_stock")
def set_stock(shop, thing: str, location: str, quantity: int, name="on_hand") -> dict:
    """The merchant counts: `thing` is a variant or an inventory item."""
    item = inventory.item_of(shop, thing)
    inventory.set_to(shop, item, location, name, quantity)
    return inventory.level(shop, item, location)


@merchant("adjust_stock")
def adjust_stock(shop, thing: str, location: str, delta: int, name="available") -> dict:
    """The merchant adds or takes away units of one state."""
    item = inventory.item_of(shop, thing)
    inventory.move(shop, item, location, **{name: delta})
    return inventory.level(shop, item, location)


@merchant("stock")
def stock(shop, thing: str, location: str) -> dict:
    """All quantities of an item at a location, by name, with on_hand."""
    level = inventory.find_level(shop, inventory.item_of(shop, thing), location)
    names = (*inventory.NAMES, "on_hand")
    if level is None:
        return dict.fromkeys(names, 0)
    return {name: inventory.quantity(level, name) for name in names}
