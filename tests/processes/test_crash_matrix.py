"""A worker dies, by SIGKILL, at each point around each kind of remote write.

Afterwards there is one record on each side, linked, or the case is before a person; and
whatever was sent is accounted for. The documents run side by side, each in a store of
its own; a test here looks at one document and point.
"""

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from .crash_cases import CASES, is_sent, mutation_documents

# A dead worker's job keeps its slot until queue_job finds it dead, up to a minute later.
SERVER = {"workers": 8, "jobs": 24}
LOCAL_POINTS = ("before_intent", "after_intent", "outcome_stored", "after_commit")
POINTS = (*LOCAL_POINTS, "answer_lost")
CELLS = [(document, point) for document in sorted(CASES) for point in POINTS]


def test_every_mutation_document_has_crash_cases():
    documents = mutation_documents()

    assert set(CASES) - documents == set()
    assert {name for name in documents - set(CASES) if is_sent(name)} == set()


@pytest.fixture(scope="module")
def matrix(world, request):
    """{(document, point): what went wrong, "" if nothing}, of what was selected"""
    results, starting = {}, threading.Lock()
    asked = [item.callspec.params for item in request.session.items if _in_matrix(item)]
    points = {
        document: [one["point"] for one in asked if one["document"] == document]
        for document in dict.fromkeys(one["document"] for one in asked)
    }

    def run(document):
        try:
            with starting:  # connecting writes to rows that all stores share
                case = CASES[document](world)
        except Exception as error:
            problem = _brief(error)
            results.update({(document, point): problem for point in points[document]})
            return
        for point in points[document]:
            try:
                results[document, point] = "; ".join(crash(case, point))
            except Exception as error:
                results[document, point] = _brief(error)

    with ThreadPoolExecutor(len(points)) as pool:
        list(pool.map(run, points))
    return results


def _brief(error: Exception) -> str:
    """Where in these tests, and the first lines of what: the logs hold the rest."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{f.name}:{f.lineno}" for f in frames if "tests/" in f.filename]
    text = "\n".join(str(error).splitlines()[:3])
    return f"{type(error).__name__} in {' > '.join(places)}\n{text}"


def _in_matrix(item) -> bool:
    return item.originalname == "test_one_record_on_each_side_after_a_crash"


@pytest.mark.parametrize("document, point", CELLS)
def test_one_record_on_each_side_after_a_crash(matrix, document, point):
    problem = matrix[document, point]
    if problem:
        pytest.fail(problem, pytrace=False)


def crash(case, point) -> list[str]:
    """Kill the worker there, let Odoo recover; what is wrong then."""
    store = case.store
    store.wait_idle(90)
    sent = case.applied() + case.own_writes
    case.world.forget_points(store.id)
    if point == "answer_lost":
        call = lose_answer(case)
    else:
        case.world.ask(store.id, point, case.document, "kill")
        call = case.provoke()
        pid = case.world.wait_point(store.id, point, case.document, call)
        case.world.kill(pid)
    if call:
        assert call.wait(), "the call came back, though its worker had died"
    case.recover()
    case.again()
    return (
        case.wrong()
        + [f"carried out {n} times" for n in (case.applied() - sent,) if n != 1]
        + [f"left open: {row}" for row in store.open_writes()]
        + store.duplicates()
    )


def lose_answer(case):
    """Kill the worker when Shopify has carried the write out and not yet answered."""
    world, store = case.world, case.store
    world.ask(store.id, "after_intent", case.document, "stop")
    call = case.provoke()
    pid = world.wait_point(store.id, "after_intent", case.document, call)
    held = store.hold(case.operation, point="after")
    world.resume(pid)
    held.wait()
    world.kill(pid)
    held.release()
    return call
