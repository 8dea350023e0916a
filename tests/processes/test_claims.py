"""What breaks its whole batch each time is found and set apart; the others go on."""

GOOD, BAD = 3, 6
INDEX = "shopify_product_template_odoo_uniq"
RULE = "This product stands for another Shopify product of the store already."


def take_one_record(world, bad: list[str], gid: str) -> None:
    """From now on links of `bad` are made to the record that `gid` is linked to: what
    the unique index of that link refuses, each time anew."""
    listed = ", ".join(f"'{each}'" for each in bad)
    world.sql(
        "CREATE FUNCTION test_same_record() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN"
        f" IF NEW.shopify_gid IN ({listed}) THEN"
        "   SELECT odoo_id INTO NEW.odoo_id FROM shopify_product_template"
        f"   WHERE backend_id = NEW.backend_id AND shopify_gid = '{gid}';"
        " END IF;"
        " RETURN NEW;"
        " END $$;"
        " CREATE TRIGGER test_same_record BEFORE INSERT ON shopify_product_template"
        " FOR EACH ROW EXECUTE FUNCTION test_same_record()"
    )


def test_link_that_is_refused_each_time_ends_in_review_and_holds_up_no_other(world):
    store = world.store("claims", "products")
    first = store.product("FIRST")["id"]
    store.wait_idle()
    store.pause("products")
    made = [store.product(f"CLAIM-{number}")["id"] for number in range(GOOD + BAD)]
    bad = made[1 : 1 + BAD]
    good = [gid for gid in made if gid not in bad]
    store.wait_quiet()
    take_one_record(world, bad, first)

    store.resume("products")
    store.wait_idle_hurrying(90)

    syncs = store.syncs("in", "Product")
    assert {syncs[gid][0] for gid in good} == {"done"}
    assert {gid: syncs[gid] for gid in bad} == dict.fromkeys(
        bad, ("review", "link_taken")
    )
    assert set(store.links("shopify.product.template")) == {first, *good}
    assert store.duplicates() == []
    assert store.failed_jobs() == []
    # No trace is left of the tries: what was begun was taken back, notes are gone.
    query = "SELECT count(*) FROM product_product WHERE default_code LIKE 'CLAIM-%'"
    assert world.number(query) == GOOD
    notes = "SELECT subject, refused_by FROM shopify_claim"
    assert world.sql(f"{notes} WHERE backend_ref = {store.id}") == []
    # The reason says what was refused, and of no worker that died.
    params = world.sql(
        "SELECT reason_params->>'index', reason_params->>'rule' FROM shopify_sync"
        f" WHERE {store.own} AND state = 'review'"
    )
    assert params == [(INDEX, RULE)] * BAD

    world.sql("DROP TRIGGER test_same_record ON shopify_product_template")
    rows = store.rpc(
        "shopify.sync",
        "search",
        [("backend_id", "=", store.id), ("state", "=", "review")],
    )
    store.rpc("shopify.sync", "action_retry", rows)
    store.wait_idle()

    syncs = store.syncs("in", "Product")
    assert {gid: state for gid, (state, _why) in syncs.items()} == dict.fromkeys(
        [first, *made], "done"
    )
