"""No mutation document can be sent by a client of a copy, and there is no other door."""

import ast
from pathlib import Path

import pytest

from api import client as api_client
from api import operations
from api.client import Client
from api.errors import ReadOnlyError
from api.throttle import MemoryBucket
from tests.api.scripted_shop import SHOP, ScriptedShop, answer

ADDON = Path(api_client.__file__).resolve().parent.parent
FOLDERS = ("models", "wizards", "controllers", "core")


class NoToken:
    """Nobody may even sign in for a write."""

    def current(self):
        raise AssertionError("asked for a token")

    def renew(self, rejected):
        raise AssertionError("asked for a token")


class Token:
    def current(self):
        return "shpat_0123456789abcdef"

    def renew(self, rejected):
        return self.current()


def every_source():
    for folder in FOLDERS:
        for path in sorted((ADDON / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_there_are_mutations_to_refuse():
    assert {"metafields/set", "fulfillments/create"} <= set(operations.mutations())


def test_each_document_with_a_mutation_counts_as_a_write():
    for path in sorted(operations.FOLDER.glob("*/*.graphql")):
        name = f"{path.parent.name}/{path.stem}"
        lines = path.read_text(encoding="utf-8").splitlines()
        writes = any(line.strip().startswith("mutation") for line in lines)
        assert operations.load(name).is_write == writes, name


@pytest.mark.parametrize("name", operations.mutations())
def test_client_of_a_copy_refuses_the_mutation_before_any_byte(name):
    bucket = MemoryBucket()
    with ScriptedShop([]) as shop:
        with Client(
            "demo", NoToken(), base_url=shop.url, bucket=bucket, read_only=True
        ) as client:
            for refused in (
                lambda: client.execute(name, {"idempotencyKey": "1"}),
                lambda: client.reserve(name),
            ):
                with pytest.raises(ReadOnlyError) as raised:
                    refused()
                assert raised.value.outcome == "not_applied"
                assert raised.value.operation == name
            assert client.mutations_sent == 0

    assert shop.requests == []


def test_client_of_a_copy_reads():
    with ScriptedShop([answer(SHOP)]) as shop:
        with Client("demo", Token(), base_url=shop.url, read_only=True) as client:
            assert client.execute("shop/connect", {}).data == SHOP


def test_a_client_can_not_be_made_to_write_again():
    with Client("demo", NoToken(), read_only=True) as client:
        with pytest.raises(AttributeError):
            client.read_only = False


def test_one_place_makes_the_client_and_says_whether_it_may_write():
    made = [
        (path.name, {keyword.arg for keyword in node.keywords})
        for path, tree in every_source()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Client"
    ]

    assert [name for name, _given in made] == ["shopify_backend.py"]
    assert "read_only" in made[0][1]


def test_nothing_outside_api_speaks_http():
    imported = {
        (path.name, name)
        for path, tree in every_source()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _names(node)
        if name.split(".")[0] in ("requests", "urllib3", "http", "httpx", "shopify")
    }

    assert imported == set()


def _names(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if not node.level else []
