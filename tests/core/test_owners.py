"""Who looks after a stop, by rank and by who is there."""

from core.owners import looks_after


def test_flows_owner_looks_after_it():
    assert looks_after(None, "flow", "manager", set()) == "flow"


def test_who_took_it_over_goes_before_the_flows_owner():
    assert looks_after("helper", "flow", "manager", set()) == "helper"


def test_while_one_is_away_the_manager_stands_in():
    assert looks_after(None, "flow", "manager", {"flow"}) == "manager"
    assert looks_after("helper", "flow", "manager", {"helper"}) == "manager"


def test_flow_without_an_owner_falls_to_the_manager():
    assert looks_after(None, None, "manager", set()) == "manager"


def test_nobody_is_nobody():
    assert looks_after(None, None, None, set()) is None
    assert looks_after(None, "flow", "manager", {"flow", "manager"}) is None
    assert looks_after(None, "flow", None, {"flow"}) is None
