"""A preview on a real server: its transaction is its own, and leaves nothing."""

import time

from .world import InBackground

TABLES = (
    "account_move",
    "bus_bus",
    "ir_sequence",
    "mail_message",
    "res_partner",
    "sale_order",
    "sale_order_line",
    "shopify_claim",
    "shopify_event",
    "shopify_mutation",
    "shopify_res_partner",
    "shopify_sale_order",
    "shopify_sale_order_line",
    "shopify_sync",
    "shopify_trigger",
    "stock_move",
    "stock_picking",
    "stock_quant",
)


def held(world) -> dict:
    """What these tables hold, and where the numbers of documents stand."""
    found = {
        table: world.one(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
        )
        for table in TABLES
    }
    # Jobs that were there before may run meanwhile, and the gate counts by itself.
    found["jobs"] = world.sql(
        "SELECT id FROM queue_job WHERE identity_key NOT LIKE 'shopify/gate/%'"
        " ORDER BY 1"
    )
    found["numbers"] = world.sql(
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE sequencename LIKE 'ir\\_sequence\\_%' ORDER BY 1"
    )
    return found


def waiting_order(world, name: str):
    """A store whose order waits for a person's go; -> (store, order, ID of its row)"""
    store = world.store(name, "products")
    sku = name.upper()
    store.product(sku)
    store.wait_idle()
    store.switch_on("orders", policy="review")
    store.wait_idle()
    order = store.order(sku)
    store.wait_idle()
    assert store.syncs("in")[order["id"]][0] == "review"
    key = order["id"]
    row = world.number(f"SELECT id FROM shopify_sync WHERE subject_key = '{key}'")
    return store, order, row


def preview(store, row) -> dict:
    """The line that a person sees."""
    action = store.rpc("shopify.sync", "action_dry_run", [row])
    [wizard] = store.rpc("shopify.dry.run", "read", [action["res_id"]], ["line_ids"])
    fields = ["kind", "sections", "note"]
    [line] = store.rpc("shopify.dry.run.line", "read", wizard["line_ids"], fields)
    return {"wizard": wizard["id"], **line}


def test_preview_leaves_no_row_and_takes_no_number(world):
    store, order, row = waiting_order(world, "seen")
    before = held(world)

    shown = preview(store, row)

    after = held(world)
    assert [name for name in after if after[name] != before[name]] == []
    assert shown["kind"] == "does", shown
    records = [rest for kind, *rest in _rows(shown, "records") if "sale.order" in kind]
    assert records == [["S(new): Sales Order"]]

    store.rpc("shopify.dry.run", "action_do", [shown["wizard"]])
    store.wait_idle()
    assert store.syncs("in")[order["id"]][0] == "done"
    made = world.sql("SELECT name, state FROM sale_order ORDER BY id DESC LIMIT 1")
    assert made[0][1] == "sale"
    assert store.failed_jobs() == []
    assert store.duplicates() == []


def test_what_is_being_processed_is_said_to_be_so(world):
    store, order, row = waiting_order(world, "busy")
    gate = store.hold("OrdersImport")
    store.rpc("shopify.sync", "action_retry", [row])
    gate.wait()

    assert preview(store, row)["kind"] == "busy"

    gate.release()
    store.wait_idle()
    assert preview(store, row)["kind"] == "does"


def test_no_drain_begins_with_what_is_being_previewed(world):
    store, order, row = waiting_order(world, "looked")
    runs = store.runs(order["id"])
    gate = store.hold("OrdersImport")
    looking = InBackground(lambda: preview(store, row))
    gate.wait()

    store.rpc("shopify.sync", "action_retry", [row])
    world.wake()
    time.sleep(3)
    assert store.runs(order["id"]) == runs

    gate.release()
    assert not looking.wait()
    store.wait_idle()
    assert store.runs(order["id"]) == runs + 1
    assert store.failed_jobs() == []


def _rows(shown: dict, kind: str) -> list:
    return [
        row
        for section in shown["sections"]
        if section["kind"] == kind
        for row in section["rows"]
    ]
