"""The main job as it runs live: webhooks, job runner, worker processes, two databases."""


def test_product_and_order_reach_odoo_and_their_ids_reach_shopify(world):
    store = world.store("engine", "products", "customers", "orders")

    product = store.product("CUP")
    order = store.order("CUP")
    store.wait_idle()

    [template_id] = store.links("shopify.product.template").values()
    [sale_id] = store.links("shopify.sale.order").values()
    assert store.syncs("in")[order["id"]] == ("done", "synced")
    assert store.marks(product["id"])["id"] == str(template_id)
    assert store.marks(order["id"])["id"] == str(sale_id)
    assert store.marks(order["id"])["proof"]["model"] == "sale.order"
    assert store.open_writes() == []
    assert store.duplicates() == []
    assert store.failed_jobs() == []
