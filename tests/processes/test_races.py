"""Workers, webhooks and people at the same record at the same time."""

import time

import pytest

from .warehouse import deliver, pickings
from .world import SHORT, at_once

FLOWS = ("products", "customers", "orders", "fulfilments")
HOLD_SECONDS = 10
WEBHOOKS = 100


def test_busy_subject_keeps_nobody_waiting_and_is_read_once_more(world):
    store = world.store("busy", *FLOWS)
    store.product("BUSY")
    order = store.order("BUSY")
    gid = order["id"]
    store.wait_idle()
    [picking] = pickings(store, order)
    runs = store.runs(gid)
    # The delivery's own export would write to the same order: it comes afterwards.
    store.pause("fulfilments")
    world.set_parameters(read_timeout=60)
    held = store.hold("OrdersImport")
    store.webhook("ORDERS_UPDATED", gid)
    held.wait()
    started = time.monotonic()

    post = [lambda: store.webhook("ORDERS_UPDATED", gid)] * WEBHOOKS
    half = WEBHOOKS // 2
    at_once([*post[:half], lambda: deliver(store, picking), *post[half:]], workers=4)

    # All came back while the subject was held, so none of them waited for it.
    assert store.runs(gid) == runs
    time.sleep(max(0, HOLD_SECONDS - (time.monotonic() - started)))
    assert store.runs(gid) == runs
    held.release()
    store.wait_idle()
    world.set_parameters(**SHORT)
    assert store.runs(gid) == runs + 2  # the one that was held, one for all webhooks
    assert store.syncs("in")[gid][0] == "done"
    store.resume("fulfilments")
    store.wait_idle()
    assert store.syncs("out")[str(picking)] == ("done", "synced")
    assert len(store.shop("list_objects", typename="Fulfillment")) == 1
    assert store.failed_jobs() == []
    assert store.duplicates() == []


def test_second_drain_leaves_a_held_subject_alone(world):
    store = world.store("twice", *FLOWS)
    product = store.product("TWICE")
    store.wait_idle()
    switch = world.points / "no_drain_lock"
    switch.touch()
    held = store.hold("ProductsImport")
    seen = len(store.shop("request_log", operation="ProductsImport"))
    store.webhook("PRODUCTS_UPDATE", product["id"])
    held.wait()

    store.webhook("PRODUCTS_UPDATE", product["id"])
    done = store.jobs("done")
    store.rpc("shopify.backend", "test_drain", [store.id], "records", 1)
    world.wait_until(lambda: store.jobs("done") > done, "a second drain is done")

    reads = store.shop("request_log", operation="ProductsImport")
    assert len(reads) == seen + 1
    held.release()
    world.wake()
    store.wait_idle()
    switch.unlink()
    assert store.duplicates() == []
    assert store.failed_jobs() == []


def test_two_drains_at_once_import_each_order_once(world):
    store = world.store("parallel", *FLOWS)
    store.product("PAR")
    store.wait_idle()
    switch = world.points / "no_drain_lock"
    switch.touch()
    # Both have read when they are let go, and neither sees what the other writes.
    held = store.hold("OrdersImport", point="after", times=2)

    orders = [store.order("PAR", email="par@example.com") for _n in range(9)]
    held.wait()
    orders += [store.order("PAR", email="par@example.com") for _n in range(9)]
    store.rpc("shopify.backend", "test_drain", [store.id], "records", 2)
    held.wait(times=2)
    held.release()
    store.wait_idle(120)
    switch.unlink()

    states = store.syncs("in", "Order")
    assert {gid: state for gid, (state, _why) in states.items()} == {
        order["id"]: "done" for order in orders
    }
    assert len(store.links("shopify.sale.order")) == len(orders)
    assert store.duplicates() == []
    query = "SELECT count(*) FROM res_partner WHERE email = 'par@example.com'"
    assert world.number(query + " AND parent_id IS NULL") == 1


def test_one_guest_of_two_stores_at_once_becomes_one_partner(world):
    stores = [world.store(f"guest{n}", "products", "customers", "orders") for n in "12"]
    for store in stores:
        store.product(f"GUEST-{store.name}")
        store.wait_idle()
    # Both have read when they are let go, and neither sees what the other writes.
    gates = [store.hold("OrdersImport", point="after") for store in stores]
    for store in stores:
        store.order(f"GUEST-{store.name}", email="Guest@Example.com")
    for gate in gates:
        gate.wait()

    at_once([gate.release for gate in gates])
    for store in stores:
        store.wait_idle()

    query = "SELECT count(*) FROM res_partner WHERE email_normalized ="
    query += " 'guest@example.com' AND parent_id IS NULL"
    assert world.number(query) == 1
    for store in stores:
        [state] = store.syncs("in", "Order").values()
        assert state[0] == "done"
        assert len(store.links("shopify.sale.order")) == 1
        assert store.failed_jobs() == []


def test_webhooks_repeated_and_out_of_order_end_at_what_shopify_has(world):
    store = world.store("order", *FLOWS)
    store.product("ORD")
    store.shop("plan_webhooks", copies=3, reorder=True)
    store.shop("webhook_mode", mode="manual")
    order = store.order("ORD")
    store.shop("tag_order", order=order["id"], add=["one"])
    store.shop("note_order", order=order["id"], note="Ring twice")

    while store.shop("deliver_webhooks", even_later=True):
        store.wait_idle()

    sent = store.shop("webhook_deliveries", topic="ORDERS_CREATE")
    assert [one["state"] for one in sent] == ["delivered"] * 3
    assert store.syncs("in")[order["id"]][0] == "done"
    assert len(store.links("shopify.sale.order")) == 1
    assert store.read_at(order["id"]) == store.updated_at(order["id"])
    assert store.duplicates() == []


def test_same_delivery_three_times_makes_one_trigger(world):
    store = world.store("delivery", "products")
    product = store.product("DELIVERY")
    store.wait_idle()
    held = store.hold("ProductsImport")
    store.webhook("PRODUCTS_UPDATE", product["id"], delivery="first")
    held.wait()

    for _time in range(3):
        store.webhook("PRODUCTS_UPDATE", product["id"], delivery="second")

    query = f"SELECT count(*) FROM shopify_trigger WHERE {store.own}"
    assert world.number(query + " AND delivery_id = 'second'") == 1
    held.release()
    store.wait_idle()


@pytest.fixture
def edited_between(world):
    """-> function(name): a store and an order that was edited after Odoo had read it
    and before its ID was written to Shopify; no webhook told of the edit."""

    def make(name):
        store = world.store(name, *FLOWS)
        store.product(f"{name}-1")
        store.product(f"{name}-2")
        store.wait_quiet()
        store.shop("webhook_mode", mode="manual")
        order = store.order(f"{name}-1")
        number = order["id"].rsplit("/", 1)[1]
        world.ask(store.id, "before_mark", number, "stop")
        store.webhook("ORDERS_CREATE", order["id"])
        pid = world.wait_point(store.id, "before_mark", number)
        store.shop("edit_order", order=order["id"], add=[{"variant": f"{name}-2"}])
        world.resume(pid)
        store.wait_idle()
        assert store.syncs("in")[order["id"]] == ("done", "synced")
        return store, order

    return make


def test_edit_between_read_and_mark_is_found_though_its_webhook_was_lost(
    world, edited_between
):
    store, order = edited_between("between")
    # All may have happened within one second, which then bears the time that was read.
    world.emulator.call("advance", seconds=60)

    world.odoo.rpc("shopify.backend", "test_reconcile", 2)
    store.wait_idle()

    assert store.syncs("in")[order["id"]] == ("review", "changed_in_shopify")
    sale = store.links("shopify.sale.order")[order["id"]]
    assert store.marks(order["id"])["id"] == str(sale)
