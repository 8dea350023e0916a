"""Builders of products as graphql/products/import.graphql reads them."""

from core import products


def variant_node(number, sku="", values=None, **changed):
    item = {
        "id": f"gid://shopify/InventoryItem/{number}",
        "sku": sku or None,
        "tracked": True,
        "requiresShipping": True,
        "duplicateSkuCount": 0,
        "measurement": {"weight": {"unit": "GRAMS", "value": 250.0}},
    }
    item |= changed.pop("item", {})
    values = values or {"Title": "Default Title"}
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "position": number,
        "sku": sku or None,
        "barcode": None,
        "price": "19.90",
        "requiresComponents": False,
        "selectedOptions": [{"name": n, "value": v} for n, v in values.items()],
        "inventoryItem": item,
        "odooId": None,
        "odooProof": None,
    } | changed


def product_node(*variants, options=None, **changed):
    options = options or {"Title": ["Default Title"]}
    return {
        "id": "gid://shopify/Product/1",
        "title": "Shirt",
        "status": "ACTIVE",
        "isGiftCard": False,
        "updatedAt": "2026-11-20T08:00:00Z",
        "options": [{"name": n, "values": v} for n, v in options.items()],
        "variants": {"nodes": list(variants), "pageInfo": {"hasNextPage": False}},
        "odooId": None,
        "odooProof": None,
    } | changed


def gid(number):
    return f"gid://shopify/ProductVariant/{number}"


SIZES = {"Size": ["S", "M"], "Color": ["Red", "Blue"]}


def shirt(**prices):
    """A full matrix of two options; prices by "S/Red" …"""
    nodes = [
        variant_node(
            number,
            sku=f"SHIRT-{number}",
            values={"Size": size, "Color": color},
            price=prices.get(f"{size}/{color}", "19.90"),
        )
        for number, (size, color) in enumerate(
            [("S", "Red"), ("S", "Blue"), ("M", "Red"), ("M", "Blue")], start=1
        )
    ]
    return products.plan_product(product_node(*nodes, options=SIZES))
