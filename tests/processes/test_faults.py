"""Shopify or Odoo fails for a while; nothing is lost, nothing doubled."""

import time

import pytest

FLOWS = ("products", "customers", "orders", "fulfilments", "stock")
PRODUCTS, ORDERS = 3, 5
FAULTS_ENOUGH, MOST_PORTIONS = 10, 15
FLOOD = 400
SERVER = {"jobs": 4}


def add_portion(store, portion: int) -> None:
    """The same content in each shop, under SKUs and addresses of its own."""
    skus = [f"{store.name}-{portion}-{number}" for number in range(PRODUCTS)]
    for number, sku in enumerate(skus):
        store.product(sku, stock=20 + number)
    for number in range(ORDERS):
        store.order(
            skus[number % PRODUCTS],
            skus[(number + 1) % PRODUCTS],
            email=f"{store.name}-{number}@example.com",
            name=f"#{store.name}-{portion}-{number}",
        )


def struck(store) -> int:
    return sum(entry["outcome"] != "ok" for entry in store.shop("request_log"))


def end_state(store) -> dict:
    """What both sides hold in the end, without what differs between two shops."""
    pricelist = f"(SELECT pricelist_id FROM shopify_backend WHERE id = {store.id})"
    orders = store.world.sql(
        "SELECT s.client_order_ref, s.state, s.amount_total, p.email,"
        " (SELECT count(*) FROM sale_order_line l WHERE l.order_id = s.id)"
        " FROM sale_order s JOIN res_partner p ON p.id = s.partner_id"
        f" WHERE s.pricelist_id = {pricelist}"
    )
    products = store.world.sql(
        "SELECT default_code FROM product_product"
        f" WHERE default_code LIKE '{store.name}-%'"
    )
    marked = {}
    for model in ("shopify.sale.order", "shopify.product.template"):
        links = store.links(model)
        right = [store.marks(gid).get("id") == str(links[gid]) for gid in links]
        marked[model] = (len(links), all(right))
    states = sorted(
        (direction, kind, state)
        for direction in ("in", "out", "mark")
        for kind, state in store.states(direction)
    )
    found = {"orders": orders, "products": products}
    plain = {
        what: sorted(
            tuple(cell.replace(store.name, "") for cell in row) for row in rows
        )
        for what, rows in found.items()
    }
    return plain | {"marks": marked, "states": states}


def test_every_tenth_request_failing_ends_as_if_none_had(world):
    calm = world.store("calm", *FLOWS)
    rough = world.store("rough", *FLOWS)
    rough.shop("chaos", probability=0.1, seed=11)

    for portion in range(MOST_PORTIONS):
        for store in (calm, rough):
            add_portion(store, portion)
        rough.wait_idle_hurrying(120)
        if struck(rough) >= FAULTS_ENOUGH:
            break
    calm.wait_idle(120)

    assert struck(rough) >= FAULTS_ENOUGH
    rough.shop("clear_faults")
    assert end_state(rough) == end_state(calm)
    assert rough.duplicates() == []
    assert rough.open_writes() == []


def test_order_flood_with_throttling_in_the_middle_loses_and_doubles_none(world):
    flood(world, "flood", seconds=0)


@pytest.mark.long
def test_order_flood_spread_over_90_seconds_loses_and_doubles_none(world):
    flood(world, "spread", seconds=90)


def flood(world, name: str, seconds: float) -> None:
    """400 order webhooks, evenly over so many seconds; in the middle Shopify throttles."""
    store = world.store(name, "products", "customers", "orders")
    store.product("FLOOD", stock=1000)
    store.wait_idle()
    made, started = [], time.monotonic()
    for number in range(FLOOD):
        time.sleep(max(0, started + seconds * number / FLOOD - time.monotonic()))
        if number == 150:
            store.shop("set_bucket", points=0, rate=1)
        if number == 250:
            world.wait_awake(lambda: throttled(store), "Shopify throttles", 60)
            store.shop("set_bucket", rate=1000)
        email = f"{name}{number % 40}@example.com"
        made.append(store.order("FLOOD", email=email)["id"])
    assert time.monotonic() - started >= seconds * (FLOOD - 1) / FLOOD

    store.wait_idle_hurrying(300)

    assert set(store.links("shopify.sale.order")) == set(made)
    stopped = [end for end in store.syncs("in").values() if end[0] != "done"]
    assert stopped == []
    assert store.duplicates() == []
    query = f"SELECT count(*) FROM res_partner WHERE email LIKE '{name}%@example.com'"
    assert world.number(query + " AND parent_id IS NULL") == 40


def throttled(store) -> bool:
    log = store.shop("request_log")
    return any(entry["outcome"] == "throttled" for entry in log)


def test_events_while_odoo_is_down_are_found_when_it_is_back(world):
    store = world.store("down", "products", "customers", "orders")
    store.product("DOWN", stock=1000)
    old = [store.order("DOWN")["id"] for _number in range(20)]
    store.wait_idle(120)
    port = world.odoo.port
    world.odoo.stop()
    world.odoos.remove(world.odoo)

    new = [store.order("DOWN", email="late@example.com")["id"] for _n in range(150)]
    for gid in old:
        store.shop("edit_order", order=gid, add=[{"variant": "DOWN"}])
    for number in range(30):
        store.product(f"DOWN-{number}")
    # The last retry that Shopify makes, hours later; by then subscriptions have died.
    for _retry in range(9):
        world.emulator.call("advance", seconds=6200)
        store.shop("wait_webhooks", timeout=60)
    world.odoo = world.start(port=port)
    world.odoo.rpc("shopify.backend", "test_heal")
    world.odoo.rpc("shopify.backend", "test_reconcile", 72)
    store.wait_idle_hurrying(300)

    assert set(store.links("shopify.sale.order")) == {*old, *new}
    assert len(store.links("shopify.product.template")) == 31
    syncs = store.syncs("in", "Order")
    assert {syncs[gid] for gid in old} == {("review", "changed_in_shopify")}
    assert {syncs[gid][0] for gid in new} == {"done"}
    assert store.duplicates() == []
    topics = [
        node["topic"]
        for node in store.shop("list_objects", typename="WebhookSubscription")
    ]
    assert "ORDERS_CREATE" in topics and len(topics) == len(set(topics))
