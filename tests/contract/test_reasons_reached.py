"""Each reason of the catalogue is reached by a named test in tests/flows, which checks
its four answers; or it waits for a flow that isn't there yet, and says for which."""

import ast
from pathlib import Path

import pytest

from core.failures import CATALOGUE

from ..flows.reasons_reached import LATER, REACHED, codes_of

FLOWS = Path(__file__).parents[1] / "flows"
# How many reasons waited when the list was begun: lower it whenever one is reached.
WAITING = 30


def _tests(file: str) -> set[str]:
    """Names of the tests of test_<file>.py, without "test_"."""
    tree = ast.parse((FLOWS / f"test_{file}.py").read_text())
    return {
        node.name.removeprefix("test_")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_reason_is_reached_or_waits_and_not_both():
    assert set(REACHED) | set(LATER) == set(CATALOGUE)
    assert not set(REACHED) & set(LATER)


@pytest.mark.parametrize("code", REACHED)
def test_the_test_that_reaches_it_is_there(code):
    file, name = REACHED[code].split(".")

    assert name in _tests(file)


@pytest.mark.parametrize("code", LATER)
def test_what_waits_says_for_what(code):
    assert LATER[code].strip()


def test_the_list_of_those_that_wait_only_shrinks():
    assert len(LATER) == WAITING


def test_a_test_finds_the_reasons_that_it_is_named_for():
    assert codes_of("test_stock_push.a_deleted_item_stops") == {"shopify_record_gone"}
    assert codes_of("test_stock_push.no_such_test") == set()
