"""Products, variants and inventory items: the merchant's acts."""

import re

from . import inventory
from .registry import merchant


@merchant("create_product")
def create_product(
    shop,
    title: str,
    variants: list[dict] | None = None,
    options: list[str] | None = None,
    status: str = "ACTIVE",
    handle: str | None = None,
    **fields,
):
    """A product with its variants.

    variants: dicts with `options` (values in the order of `options`), sku, barcode,
    price (text), compareAtPrice, tracked, requiresShipping, taxable, weight (kg),
    stock ({location GID or name: available} or a number for the first location) …
    Without options the one variant is Shopify's "Default Title".
    """
    product = shop.add(
        "Product",
        **{
            "title": title,
            "handle": free_handle(shop, handle or title),
            "status": status,
            "descriptionHtml": "",
            "vendor": "",
            "productType": "",
            "tags": [],
            "isGiftCard": False,
            "category": None,
            "publishedAt": shop.timestamp() if status == "ACTIVE" else None,
            "templateSuffix": None,
            "onlineStoreUrl": None,
            "requiresSellingPlan": False,
            "hasVariantsThatRequiresComponents": False,
            "seo": {"title": None, "description": None},
            "collections": [],
            "variants": [],
            "_options": [],
            **fields,
        },
    )
    names = options or ["Title"]
    product["_options"] = [
        {"id": shop.new_gid("ProductOption"), "name": name, "value_ids": {}}
        for name in names
    ]
    for row in variants or [{}]:
        _new_variant(shop, product, **row)
    shop.index(product)
    shop.emit("PRODUCTS_CREATE", product)
    return product


@merchant("add_variant")
def add_variant(shop, product: str, **fields):
    """A further variant of a product; fields as in create_product."""
    obj = shop.require(product, "Product")
    variant = _new_variant(shop, obj, **fields)
    _changed(shop, obj)
    return variant


def _new_variant(shop, product, options=None, stock=None, **fields):
    values = options or ["Default Title"]
    if len(values) != len(product["_options"]):
        raise ValueError(f"{product['title']}: one value per option, got {values}")
    taken = {tuple(shop.get(gid)["_values"]) for gid in product["variants"]}
    if tuple(values) in taken:
        raise ValueError(f"{product['title']} has a variant {values} already")
    item = _new_item(shop, fields)
    variant = shop.add(
        "ProductVariant",
        **{
            "title": " / ".join(values),
            "barcode": None,
            "price": "0.00",
            "compareAtPrice": None,
            "taxable": True,
            "inventoryPolicy": "DENY",
            "availableForSale": True,
            "requiresComponents": False,
            "showUnitPrice": False,
            "unitPrice": None,
            **fields,
            "product": product["id"],
            "inventoryItem": item["id"],
            "position": len(product["variants"]) + 1,
            "_values": list(values),
        },
    )
    item["_variants"].append(variant["id"])
    product["variants"].append(variant["id"])
    _name_values(shop, product, values)
    _copy_sku(shop, variant, item)
    _set_first_stock(shop, item, stock)
    return variant


def _new_item(shop, fields: dict) -> dict:
    """Take the inventory item's fields out of `fields` and make it."""
    weight = fields.pop("weight", 0)
    cost = fields.pop("cost", None)
    item = shop.add(
        "InventoryItem",
        sku=fields.pop("sku", None),
        tracked=fields.pop("tracked", True),
        requiresShipping=fields.pop("requiresShipping", True),
        countryCodeOfOrigin=fields.pop("countryCodeOfOrigin", None),
        provinceCodeOfOrigin=None,
        harmonizedSystemCode=fields.pop("harmonizedSystemCode", None),
        unitCost=cost and {"amount": cost, "currencyCode": shop.currency},
        inventoryHistoryUrl=None,
        trackedEditable={"locked": False, "reason": None},
        measurement={
            "id": shop.new_gid("InventoryItemMeasurement"),
            "weight": {
                "unit": fields.pop("weightUnit", "KILOGRAMS"),
                "value": float(weight),
            },
        },
        _variants=[],
    )
    shop.emit("INVENTORY_ITEMS_CREATE", item)
    return item


def _set_first_stock(shop, item, stock) -> None:
    if stock is None:
        return
    locations = shop.of_type("Location")
    if not isinstance(stock, dict):
        stock = {locations[0]["id"]: stock}
    by_name = {row["name"]: row["id"] for row in locations}
    for place, quantity in stock.items():
        shop.set_stock(item["id"], by_name.get(place, place), quantity)


def _name_values(shop, product, values) -> None:
    for option, value in zip(product["_options"], values, strict=True):
        if value not in option["value_ids"]:
            option["value_ids"][value] = shop.new_gid("ProductOptionValue")


def _copy_sku(shop, variant, item) -> None:
    """The SKU belongs to the item; the variant shows it and is found by it."""
    variant["sku"] = item["sku"]
    shop.index(variant)


# -- edits from outside --


@merchant("edit_product")
def edit_product(shop, gid: str, **fields):
    """Rename, archive, retag … a product."""
    product = shop.require(gid, "Product")
    product.update(fields)
    _changed(shop, product)
    return product


@merchant("edit_variant")
def edit_variant(shop, gid: str, **fields):
    """Change sku, barcode, price … of a variant; sku, tracked, requiresShipping and
    weight go to its inventory item. `options`: new values."""
    variant = shop.require(gid, "ProductVariant")
    item, product = shop.get(variant["inventoryItem"]), shop.get(variant["product"])
    for name in ("sku", "tracked", "requiresShipping", "harmonizedSystemCode"):
        if name in fields:
            item[name] = fields.pop(name)
    if "weight" in fields:
        item["measurement"]["weight"]["value"] = float(fields.pop("weight"))
    if "options" in fields:
        variant["_values"] = list(fields.pop("options"))
        variant["title"] = " / ".join(variant["_values"])
        _name_values(shop, product, variant["_values"])
    variant.update(fields)
    shop.touch(item)
    shop.touch(variant)
    _copy_sku(shop, variant, item)
    shop.emit("INVENTORY_ITEMS_UPDATE", item)
    _changed(shop, product)
    return variant


@merchant("rename_option")
def rename_option(shop, product: str, old: str, new: str):
    obj = shop.require(product, "Product")
    next(row for row in obj["_options"] if row["name"] == old)["name"] = new
    _changed(shop, obj)


@merchant("delete_variant")
def delete_variant(shop, gid: str):
    variant = shop.require(gid, "ProductVariant")
    product = shop.get(variant["product"])
    product["variants"].remove(gid)
    _drop_variant(shop, variant)
    for place, other in enumerate(product["variants"], 1):
        shop.get(other)["position"] = place
    _changed(shop, product)


@merchant("delete_product")
def delete_product(shop, gid: str):
    product = shop.require(gid, "Product")
    for variant in list(product["variants"]):
        _drop_variant(shop, shop.get(variant))
    shop.delete(product)
    shop.emit("PRODUCTS_DELETE", product)


def _drop_variant(shop, variant) -> None:
    item = shop.get(variant["inventoryItem"])
    shop.delete(variant)
    item["_variants"].remove(variant["id"])
    if not item["_variants"]:
        inventory.forget_item(shop, item["id"])
        shop.delete(item)
        shop.emit("INVENTORY_ITEMS_DELETE", item)


@merchant("duplicate_product")
def duplicate_product(shop, gid: str, title: str | None = None, status: str = "DRAFT"):
    """Shopify's Duplicate: everything is copied, metafields too, except the values of
    unique ones (type `id`). SKUs and barcodes are copied as well."""
    original = shop.require(gid, "Product")
    skip = {"id", "handle", "legacyResourceId", "createdAt", "updatedAt", "variants"}
    fields = {
        key: value
        for key, value in original.items()
        if key not in skip and not key.startswith("_")
    }
    fields |= {"title": title or f"Copy of {original['title']}", "status": status}
    copy = shop.create_product(
        **fields,
        options=[row["name"] for row in original["_options"]],
        variants=[_variant_fields(shop, shop.get(v)) for v in original["variants"]],
    )
    _copy_metafields(shop, original["id"], copy["id"])
    for old, new in zip(original["variants"], copy["variants"], strict=True):
        _copy_metafields(shop, old, new)
    return copy


def _variant_fields(shop, variant) -> dict:
    item = shop.get(variant["inventoryItem"])
    names = ("barcode", "price", "compareAtPrice", "taxable", "inventoryPolicy")
    return {name: variant[name] for name in names} | {
        "options": variant["_values"],
        "sku": item["sku"],
        "tracked": item["tracked"],
        "requiresShipping": item["requiresShipping"],
        "weight": item["measurement"]["weight"]["value"],
    }


def _copy_metafields(shop, source: str, target: str) -> None:
    from .metafields import set_metafield

    rows = [(k, v) for k, v in shop.metafields.items() if k[0] == source]
    for (_gid, namespace, key), value in rows:
        if value["type"] != "id":
            set_metafield(shop, target, namespace, key, value["value"], value["type"])


def _changed(shop, product) -> None:
    shop.touch(product)
    shop.emit("PRODUCTS_UPDATE", product)


def free_handle(shop, text: str, typename: str = "Product") -> str:
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or typename.lower()
    taken = {row["handle"] for row in shop.of_type(typename) if "handle" in row}
    handle, number = base, 1
    while handle in taken:
        handle, number = f"{base}-{number}", number + 1
    return handle
