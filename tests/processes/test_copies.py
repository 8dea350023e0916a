"""A copy of the database comes to life beside the original: it must not write."""

import subprocess

import pytest

FLOWS = ("products", "customers", "orders")


@pytest.fixture(scope="module")
def store(world):
    store = world.store("original", *FLOWS)
    store.product("BEFORE")
    store.order("BEFORE")
    store.wait_idle()
    return store


def cloned(world, store) -> str:
    """`createdb -T`: nobody may be connected meanwhile."""
    port = world.odoo.port
    world.odoo.stop()
    world.odoos.remove(world.odoo)
    name = world.clone(f"{world.database}_clone", world.database)
    world.odoo = world.start(port=port)
    return name


def restored(world, store) -> str:
    """A dump, restored: the original goes on all the time."""
    name = world.clone(f"{world.database}_restored")
    for command in (
        ["dropdb", "--force", name],
        ["createdb", name],
        ["bash", "-c", f"pg_dump -Fc {world.database} | pg_restore -d {name}"],
    ):
        subprocess.run(command, env=world.env, check=True, capture_output=True)
    return name


def machine_copied(world, store) -> str:
    """As if the whole machine had been copied: both databases are where they were, only
    what lies in Shopify tells them apart. The original is the first to go on."""
    name = restored(world, store)
    here = "SELECT oid::text FROM pg_database WHERE datname = "
    oid = world.one(f"{here}'{name}'")
    world.sql(f"UPDATE shopify_lease SET database_oid = '{oid}'", name)
    world.set_parameters(lease_interval=0)
    store.product("ADVANCED")
    store.wait_quiet()
    world.set_parameters(lease_interval=600)
    return name


@pytest.mark.parametrize("copied", [cloned, restored, machine_copied])
def test_copy_goes_on_hold_and_writes_nothing_while_the_original_goes_on(
    world, store, copied
):
    database = copied(world, store)
    store.wait_quiet()
    written = len(store.shop("applied"))
    copy = world.start(database)

    # As a copy would: all there is to do, by the button and by the minute cron.
    world.sql("UPDATE shopify_sync SET remote_updated_at = NULL", database)
    copy.rpc("shopify.backend", "test_read_all", [store.id])
    copy.rpc("shopify.backend", "test_wake")
    state = f"SELECT state FROM shopify_backend WHERE id = {store.id}"
    world.wait_until(
        lambda: world.one(state, database) == "hold", "the copy is on hold", 60
    )

    assert len(store.shop("applied")) == written
    product = store.product(f"AFTER-{copied.__name__}")
    order = store.order(f"AFTER-{copied.__name__}")
    store.wait_idle()
    assert world.one(state) == "connected"
    links = store.links("shopify.product.template")
    assert store.marks(product["id"])["id"] == str(links[product["id"]])
    assert store.syncs("in")[order["id"]][0] == "done"
    copies = "SELECT count(*) FROM product_product WHERE default_code LIKE 'AFTER%'"
    assert world.number(copies, database) == world.number(copies) - 1
    assert store.duplicates() == []
    copy.stop()
    world.odoos.remove(copy)


def held_copy(world, store):
    """A restored dump that went on hold by itself; its server and its database's name."""
    database = restored(world, store)
    copy = world.start(database)
    copy.rpc("shopify.backend", "test_read_all", [store.id])
    copy.rpc("shopify.backend", "test_wake")
    wait_state(world, store, database, "hold")
    return copy, database


def wait_state(world, store, database, state):
    query = f"SELECT state FROM shopify_backend WHERE id = {store.id}"
    what = f"store {store.id} of {database} is {state}"
    world.wait_until(lambda: world.one(query, database) == state, what, 60)


def answer(odoo, store, **values):
    """What a manager says in the wizard on that server."""
    values = {"backend_id": store.id, **values}
    (wizard,) = odoo.rpc("shopify.copy.wizard", "create", [values])
    odoo.rpc("shopify.copy.wizard", "action_apply", [wizard])


def live(odoo, store):
    answer(odoo, store, answer="live", reason="a test", typed_name=store.name)


def sent_by(world):
    """All that the original ever sent to Shopify: leases and other writes."""
    return world.sql(
        "SELECT sent::text FROM shopify_lease"
        " UNION ALL SELECT count(*)::text FROM shopify_mutation"
    )


def imported(world, database, sku):
    query = f"SELECT count(*) FROM product_product WHERE default_code = '{sku}'"
    return world.number(query, database)


def test_database_called_a_copy_reads_everything_and_changes_nothing(world, store):
    copy, database = held_copy(world, store)
    store.wait_quiet()
    # Or the original would mark it first, as its own.
    store.pause("products")
    product = store.product("COPIED")
    before = store.shop("snapshot"), store.shop("applied")

    answer(copy, store, answer="copy", copy_reads=True)
    marked = (
        "SELECT count(*) FROM shopify_sync WHERE direction = 'mark'"
        f" AND outcome = 'simulated' AND subject_key = '{product['id']}'"
    )
    world.wait_until(
        lambda: (
            copy.rpc("shopify.backend", "test_read_all", [store.id])
            or world.number(marked, database)
        ),
        "the copy has read, and simulated the mark",
        60,
        1,
    )

    assert imported(world, database, "COPIED") == 1
    assert (store.shop("snapshot"), store.shop("applied")) == before
    simulated = "SELECT count(*) FROM shopify_mutation WHERE state = 'simulated'"
    assert world.number(simulated, database) >= 1
    assert world.number(simulated) == 0
    copy.stop()
    world.odoos.remove(copy)
    store.resume("products")
    store.wait_idle()
    assert imported(world, world.database, "COPIED") == 1


def test_original_goes_on_hold_once_the_other_is_called_live(world, store):
    copy, database = held_copy(world, store)
    store.wait_quiet()
    world.set_parameters(lease_interval=0)

    sent = sent_by(world)

    live(copy, store)
    store.product("FORKED")
    store.rpc("shopify.backend", "test_read_all", [store.id])
    world.wake()
    wait_state(world, store, world.database, "hold")

    assert sent_by(world) == sent
    assert imported(world, world.database, "FORKED") == 0
    world.wait_until(
        lambda: (
            copy.rpc("shopify.backend", "test_read_all", [store.id])
            or imported(world, database, "FORKED")
        ),
        "the living one imports",
        60,
        1,
    )
    assert (
        world.one(f"SELECT state FROM shopify_backend WHERE id = {store.id}", database)
        == "connected"
    )
    copy.stop()
    world.odoos.remove(copy)
    # And back: whoever is called live last has it.
    live(world.odoo, store)
    store.product("BACK")
    store.read_all()
    store.wait_idle()
    assert imported(world, world.database, "BACK") == 1
    # It carries the ID of a record of the other one: not made a second time.
    assert imported(world, world.database, "FORKED") == 0
    world.set_parameters(lease_interval=600)
