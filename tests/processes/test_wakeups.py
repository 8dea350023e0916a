"""Work whose wake-up was lost, and what finds it: a second look, or the minute cron."""

SERVER = {"jobs": 1}


def test_trigger_committed_after_its_job_had_looked_gets_a_job_of_its_own(world):
    """The job that a webhook counts on may look before the webhook commits; so after
    its commit the webhook looks again. No cron runs here."""
    other = world.store("slot", "products")
    store = world.store("late", "products")
    first, second = store.product("LATE-1"), store.product("LATE-2")
    blocker = other.product("SLOT")
    store.wait_idle()
    other.wait_idle()
    runs = store.runs(second["id"])
    held = other.hold("ProductsImport")
    other.webhook("PRODUCTS_UPDATE", blocker["id"])
    held.wait()  # the only slot is taken, so the next job stays in the queue
    store.webhook("PRODUCTS_UPDATE", first["id"])
    number = second["id"].rsplit("/", 1)[1]
    world.ask(store.id, "trigger_inserted", number, "stop")
    post = store.webhook_in_background("PRODUCTS_UPDATE", second["id"])
    pid = world.wait_point(store.id, "trigger_inserted", number)
    held.release()
    store.wait_no_jobs()

    world.resume(pid)
    assert not post.wait()

    world.wait_until(
        lambda: store.runs(second["id"]) > runs, "a job runs without the cron"
    )
    assert store.runs(second["id"]) == runs + 1


def test_mapping_made_while_its_order_was_deciding_is_found_by_the_cron(world):
    """The order doesn't see the mapping, and the mapping doesn't see that it waits."""
    store = world.store("mapping", "products", "customers", "orders")
    store.product("MAP")
    store.wait_idle()
    held = store.hold("OrdersImport", point="after")
    order = store.order("MAP", taxes=[{"title": "Late Tax", "rate": "0.15"}])
    held.wait()

    tax = store.rpc(
        "account.tax",
        "create",
        [
            {
                "name": "Late 15",
                "amount": 15.0,
                "type_tax_use": "sale",
                "price_include_override": "tax_excluded",
            }
        ],
    )[0]
    mapping = {"backend_id": store.id, "title": "Late Tax", "rate": 0.15}
    store.rpc("shopify.mapping.tax", "create", [{**mapping, "tax_id": tax}])
    held.release()
    store.wait_idle()

    assert store.syncs("in")[order["id"]] == ("review", "tax_unmapped")
    assert store.unfinished() == []
    world.wake()
    store.wait_idle()
    assert store.syncs("in")[order["id"]][0] == "done"
    assert list(store.links("shopify.sale.order")) == [order["id"]]


def test_cron_finds_what_no_job_will_do(world):
    store = world.store("cron", "products")
    product = store.product("CRON")
    store.wait_idle()
    runs = store.runs(product["id"])
    world.sql(
        "INSERT INTO shopify_trigger (backend_id, drain_group, flow, direction,"
        " subject_type, subject_key, priority, cause, created_at)"
        f" VALUES ({store.id}, 'records', 'products', 'in', 'Product',"
        f" '{product['id']}', 30, 'test', now() AT TIME ZONE 'UTC')"
    )
    world.sql(
        "UPDATE ir_cron SET active = true, nextcall = now() AT TIME ZONE 'UTC'"
        " WHERE cron_name = 'Shopify: wake what is due'"
    )
    world.sql(f"NOTIFY cron_trigger, '{world.database}'", "postgres")

    world.wait_until(lambda: not store.unfinished(), "the cron woke it", 90)

    assert store.runs(product["id"]) == runs + 1
