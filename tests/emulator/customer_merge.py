"""Two customers become one (question 8): a person's act in Shopify's admin."""

from .metafields import set_metafield
from .registry import merchant


@merchant("merge_customers")
def merge_customers(shop, survivor: str, loser: str) -> dict:
    """The loser's orders, addresses and what the survivor lacks go to the survivor.

    Which identity the survivor has afterwards and whether the loser's GID still leads
    anywhere are switches.
    """
    kept = shop.require(survivor, "Customer")
    gone = shop.require(loser, "Customer")
    if survivor == loser:
        raise ValueError("a customer can't be merged with itself")
    for order in shop.of_type("Order"):
        if order.get("customer") == loser:
            order["customer"] = survivor
            shop.touch(order)
    for name in ("firstName", "lastName", "_email", "_phone", "note"):
        kept[name] = kept[name] or gone[name]
    kept["_addresses"] += gone["_addresses"]
    kept["tags"] = sorted({*kept["tags"], *gone["tags"]})
    moved = [
        (key[1], key[2], value["value"], value["type"])
        for key, value in shop.metafields.items()
        if key[0] == loser
    ]
    shop.delete(gone)
    if shop.switches.merge_keeps_identity_of == "loser":
        for namespace, key, value, kind in moved:
            set_metafield(shop, survivor, namespace, key, value, kind)
    if shop.switches.merged_customer_redirects:
        shop.merged_into[loser] = survivor
    shop.touch(kept)
    shop.emit("CUSTOMERS_MERGE", _event(shop, kept, gone))
    shop.emit("CUSTOMERS_UPDATE", kept)
    return kept


def _event(shop, kept: dict, gone: dict) -> dict:
    """The webhook's own object, which no GID leads to."""
    return {
        "__typename": "CustomerMerge",
        "id": kept["id"],
        "kept": kept["id"],
        "gone": gone["id"],
        "createdAt": shop.timestamp(),
        "updatedAt": shop.timestamp(),
    }
