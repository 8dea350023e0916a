"""Loads a product CSV in Shopify's own export format."""

import csv
from pathlib import Path

from .registry import merchant


@merchant("load_csv")
def load_csv(shop, path: str, stock: int | None = None) -> list[str]:
    """Products of a CSV, in its order; answers their GIDs.

    Rows with the same handle are one product; rows without a price hold only a further
    image. `stock`: available of every variant whose own column is empty.
    """
    with Path(path).open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    products: dict[str, list[dict]] = {}
    for row in rows:
        products.setdefault(row["Handle"], []).append(row)
    return [_product(shop, rows, stock)["id"] for rows in products.values()]


def _product(shop, rows: list[dict], stock: int | None) -> dict:
    head = rows[0]
    names = [head[f"Option{n} Name"] for n in (1, 2, 3) if head.get(f"Option{n} Name")]
    status = "ACTIVE" if head.get("Published", "").lower() == "true" else "DRAFT"
    return shop.create_product(
        title=head["Title"],
        handle=head["Handle"],
        status=(head.get("Status") or status).upper(),
        descriptionHtml=head.get("Body (HTML)", ""),
        vendor=head.get("Vendor", ""),
        productType=head.get("Type", ""),
        tags=[tag.strip() for tag in head.get("Tags", "").split(",") if tag.strip()],
        isGiftCard=head.get("Gift Card", "").lower() == "true",
        options=names or None,
        variants=[
            _variant(row, len(names), stock) for row in rows if row["Variant Price"]
        ],
    )


def _variant(row: dict, options: int, stock: int | None) -> dict:
    values = [row[f"Option{n} Value"] for n in range(1, options + 1)]
    quantity = row.get("Variant Inventory Qty") or stock
    return {
        "options": values or None,
        "sku": row["Variant SKU"] or None,
        "barcode": row["Variant Barcode"] or None,
        "price": f"{float(row['Variant Price']):.2f}",
        "compareAtPrice": row["Variant Compare At Price"] or None,
        "taxable": row["Variant Taxable"].lower() != "false",
        "requiresShipping": row["Variant Requires Shipping"].lower() != "false",
        # The tracker column names who tracks; empty means nobody does.
        "tracked": bool(row["Variant Inventory Tracker"]),
        "inventoryPolicy": (row["Variant Inventory Policy"] or "deny").upper(),
        "weight": float(row["Variant Grams"] or 0) / 1000,
        "stock": int(quantity) if quantity not in (None, "") else None,
    }
