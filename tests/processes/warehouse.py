"""What warehouse people do in Odoo, by RPC."""


def pickings(store, order: dict) -> list[int]:
    """The deliveries of a Shopify order's sale order."""
    sale = store.links("shopify.sale.order")[order["id"]]
    domain = [("sale_id", "=", sale), ("picking_type_code", "=", "outgoing")]
    return store.rpc("stock.picking", "search", domain)


def deliver(store, picking: int) -> None:
    """Ship all of it."""
    [found] = store.rpc("stock.picking", "read", [picking], ["move_ids"])
    moves = store.rpc("stock.move", "read", found["move_ids"], ["product_uom_qty"])
    for move in moves:
        values = {"quantity": move["product_uom_qty"], "picked": True}
        store.rpc("stock.move", "write", [move["id"]], values)
    store.rpc("stock.picking", "button_validate", [picking])


def count(store, product: int, quantity: float) -> None:
    """An inventory of one product in the store's first mapped warehouse."""
    [place] = store.world.sql(
        "SELECT location_id FROM shopify_mapping_location"
        f" WHERE {store.own} AND location_id IS NOT NULL LIMIT 1"
    )
    values = {"product_id": product, "location_id": int(place[0])}
    quants = store.rpc(
        "stock.quant",
        "create",
        [{**values, "inventory_quantity": quantity}],
        context={"inventory_mode": True},
    )
    store.rpc("stock.quant", "action_apply_inventory", quants)
