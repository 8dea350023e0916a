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
