"""A large catalogue at once, and bulk operations that end when they are told to.

For what is measured at the size of a real store: made over HTTP one by one, 100,000
variants would take longer than what is measured.
"""

from . import bulk
from .metafields import set_metafield
from .registry import merchant


@merchant("load_catalog")
def load_catalog(shop, products: int, variants: int, prefix: str = "BULK") -> int:
    """`products` products of `variants` variants each, SKU `<prefix>-<number>` counted
    from 0, nobody told; the number of variants."""
    made, listeners = 0, shop._listeners
    shop._listeners = []
    try:
        for number in range(products):
            rows = [
                {
                    "options": [str(place)],
                    "sku": f"{prefix}-{made + place}",
                    "barcode": f"{9_000_000_000_000 + made + place}",
                    "price": "10.00",
                }
                for place in range(variants)
            ]
            shop.create_product(
                title=f"{prefix} {number}", options=["Number"], variants=rows
            )
            made += variants
    finally:
        shop._listeners = listeners
    return made


@merchant("load_marks")
def load_marks(shop, marks: list) -> int:
    """Put the add-on's marks on objects, as its own writes would have left them, nobody
    told. marks: [GID, Odoo ID or null, proof]; how many."""
    listeners = shop._listeners
    shop._listeners = []
    try:
        for gid, value, proof in marks:
            for key, text, kind in (("id", value, "id"), ("proof", proof, "json")):
                if text is not None:
                    set_metafield(shop, gid, "$app:odoo", key, text, kind)
    finally:
        shop._listeners = listeners
    return len(marks)


@merchant("work_bulk")
def work_bulk(shop) -> int:
    """Let open bulk operations do their work now, so that whoever asks needn't wait for
    it; how many were open."""
    rows = [row for row in shop.of_type("BulkOperation") if row["status"] in bulk.OPEN]
    for row in rows:
        row["_ready"] = shop.timestamp()
        bulk._advance(shop, row)
    return len(rows)
