"""Faults and gates: what was applied, and what the client saw."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from .conftest import Asker

QUERY = """mutation Mark($rows: [MetafieldsSetInput!]!) {
    metafieldsSet(metafields: $rows) { userErrors { code } } }"""


@pytest.fixture
def rows(shop):
    gid = shop.create_product(title="Cup")["id"]
    return [{"ownerId": gid, "namespace": "custom", "key": "note", "type": "json",
             "value": "1"}]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "applied"),
    [("reset_before", 0), ("reset_after", 1), ("truncate", 1)],
)
def test_lost_answer_is_a_connection_error(ask, shop, rows, kind, applied):
    shop.fault(kind, operation="Mark")

    with pytest.raises(
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
    ):
        ask.post(QUERY, {"rows": rows})

    assert len(shop.metafields) == applied
    assert shop.mutations_applied == ["metafieldsSet"] * applied
    assert shop.requests[-1].outcome == kind
    assert ask.post(QUERY, {"rows": rows}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "applied"), [("timeout_before", 0), ("timeout_after", 1)]
)
def test_hanging_answer_is_a_read_time_out(ask, shop, rows, kind, applied):
    shop.fault(kind, operation="metafieldsSet", seconds=5)
    gate = shop.watch("metafieldsSet", point=kind.removeprefix("timeout_"))

    with pytest.raises(requests.ReadTimeout):
        ask.post(QUERY, {"rows": rows}, timeout=0.3)

    assert gate.wait_reached(5)
    assert len(shop.metafields) == applied


@pytest.mark.parametrize(
    ("kind", "applied"), [("status_before", 0), ("status_after", 1)]
)
def test_server_error_before_or_after_applying(ask, shop, rows, kind, applied):
    shop.fault(kind, operation="Mark", status=503)

    assert ask.post(QUERY, {"rows": rows}).status_code == 503
    assert len(shop.metafields) == applied


@pytest.mark.parametrize(
    ("kind", "code", "applied"),
    [
        ("throttle", "THROTTLED", 0),
        ("internal_error", "INTERNAL_SERVER_ERROR", 0),
        ("internal_error_after", "INTERNAL_SERVER_ERROR", 1),
    ],
)
def test_error_inside_a_200(ask, shop, rows, kind, code, applied):
    shop.fault(kind, operation="Mark")

    assert ask.codes(QUERY, rows=rows) == [code]
    assert len(shop.metafields) == applied


def test_scope_missing_for_one_request(ask, shop, rows):
    shop.fault("missing_scope", operation="Mark", scope="write_products")

    assert ask.codes(QUERY, rows=rows) == ["ACCESS_DENIED"]
    assert ask(QUERY, rows=rows) == {"metafieldsSet": {"userErrors": []}}


def test_revoked_token_is_401_once(ask, shop):
    shop.fault("revoked_token")

    assert ask.post("{ shop { name } }").status_code == 401
    assert ask.post("{ shop { name } }").status_code == 200


def test_fault_hits_only_its_operation_and_only_so_often(ask, shop, rows):
    shop.fault("status_before", operation="Mark", times=2)

    seen = [ask.post("query Other { shop { name } }").status_code]
    seen += [ask.post(QUERY, {"rows": rows}).status_code for _ in range(3)]

    assert seen == [200, 500, 500, 200]


def test_same_seed_strikes_the_same_requests(ask, shop):
    def statuses():
        shop.clear_faults()
        shop.fault("status_before", times=None, probability=0.5, seed=7)
        return [ask.post("{ shop { name } }").status_code for _ in range(12)]

    first = statuses()

    assert statuses() == first
    assert set(first) == {200, 500}


def test_gate_holds_a_request_until_released(ask, shop, rows):
    gate = shop.hold("Mark", point="before")
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(ask.post(QUERY, {"rows": rows}).status_code)
    )
    thread.start()

    assert gate.wait_reached(5)
    assert shop.metafields == {}
    gate.release()
    thread.join(5)
    assert answers == [200]
    assert len(shop.metafields) == 1


def test_gate_may_drop_what_it_held(ask, shop, rows):
    gate = shop.hold("Mark", point="before")
    errors = []

    def send():
        try:
            ask.post(QUERY, {"rows": rows})
        except requests.ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    assert gate.wait_reached(5)
    gate.release(apply=False)
    thread.join(5)

    assert len(errors) == 1
    assert shop.metafields == {}


def test_gate_after_applying_shows_the_write_before_the_answer(ask, shop, rows):
    gate = shop.hold("Mark", point="after")
    thread = threading.Thread(target=lambda: ask.post(QUERY, {"rows": rows}))
    thread.start()

    assert gate.wait_reached(5)
    assert len(shop.metafields) == 1
    gate.release()
    thread.join(5)


def test_control_plans_faults_and_gates_from_another_process(emulator, shop, ask):
    def control(call, **args):
        body = {"shop": "demo", "call": call, "args": args}
        answer = requests.post(f"{emulator.url}/_control", json=body, timeout=10)
        return answer.json()

    gate = control("watch", operation="Look", point="after")["result"]["gate"]
    control("fault", kind="status_after", operation="Look", status=502)

    assert ask.post("query Look { shop { name } }").status_code == 502
    assert control("wait_gate", gate=gate, timeout=5) == {"result": True}
    log = control("request_log", operation="Look")["result"]
    assert [row["outcome"] for row in log] == ["status_after"]
    assert "no call 'nonsense'" in control("nonsense")["error"]


def test_others_may_use_the_shop_while_a_mutation_is_held_inside(
    ask, shop, rows, emulator
):
    gate = shop.hold("Mark", point="during")
    thread = threading.Thread(target=lambda: ask.post(QUERY, {"rows": rows}))
    thread.start()
    assert gate.wait_reached(5)

    assert Asker(emulator, shop)("{ shop { name } }") == {"shop": {"name": "Demo"}}
    assert shop.metafields == {}
    gate.release()
    thread.join(5)
    assert len(shop.metafields) == 1


def test_cut_request_may_still_apply_later(ask, shop, rows):
    shop.switch(cut_request_applies_late=True)
    gate = shop.watch("Mark", point="during")
    shop.fault("reset_before", operation="Mark")

    with pytest.raises(requests.ConnectionError):
        ask.post(QUERY, {"rows": rows})

    assert shop.metafields == {}
    assert gate.wait_reached(5)


def test_module_starts_as_a_program_and_runs_control_calls(tmp_path):
    calls = [
        {"call": "add_shop", "args": {"name": "demo", "token": "shpat_cli"}},
        {"shop": "demo", "call": "create_product", "args": {"title": "Cup"}},
    ]
    path = tmp_path / "calls.json"
    path.write_text(json.dumps(calls))
    root = Path(__file__).resolve().parents[2]
    command = [
        sys.executable,
        "-m",
        "tests.emulator",
        "--port",
        "0",
        "--load",
        str(path),
    ]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        template = process.stdout.readline().split()[-1]
        answer = requests.post(
            template.format(shop="demo") + "/admin/api/2026-10/graphql.json",
            json={"query": "{ products(first: 1) { nodes { title } } }"},
            headers={"X-Shopify-Access-Token": "shpat_cli"},
            timeout=10,
        )
    finally:
        process.terminate()
        process.wait(10)

    assert answer.json()["data"]["products"]["nodes"] == [{"title": "Cup"}]
