"""The main job as it runs live: webhooks, job runner, worker processes, two databases."""


def test_product_and_order_reach_odoo_and_their_ids_reach_shopify(world):
    store = world.store("engine", "products", "customers", "orders")

    product = store.product("CUP")
    order = store.order("CUP")
    store.wait_idle()

    [template_id] = store.links("shopify.product.template").values()
    [sale_id] = store.links("shopify.sale.order").values()
    assert store.syncs("in")[order["id"]][0] == "done"
    assert store.marks(product["id"])["id"] == str(template_id)
    assert store.marks(order["id"])["id"] == str(sale_id)
    assert store.marks(order["id"])["proof"]["model"] == "sale.order"
    assert store.open_writes() == []
    assert store.duplicates() == []
    assert store.failed_jobs() == []


def test_second_sync_of_everything_writes_nothing_on_either_side(world):
    store = world.store("again", "products", "customers", "orders")
    store.product("AGAIN")
    store.order("AGAIN")
    store.wait_idle()
    written = len(store.shop("applied", app_data=False))
    assert written > 0
    changed = "SELECT max(write_date) FROM {}"
    tables = ("sale_order", "product_template", "product_product", "res_partner")
    before = [world.one(changed.format(table)) for table in tables]

    world.sql(f"UPDATE shopify_sync SET remote_updated_at = NULL WHERE {store.own}")
    store.sync()

    assert len(store.shop("applied", app_data=False)) == written
    assert [world.one(changed.format(table)) for table in tables] == before
    assert {state for state, _why in store.syncs("in").values()} == {"done"}
