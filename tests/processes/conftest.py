"""One template database for the whole run, one world for each file."""

import pytest

from .world import World, drop_template, make_template


@pytest.fixture(scope="session")
def template():
    name = make_template()
    yield name
    drop_template(name)


@pytest.fixture(scope="module")
def world(template, request):
    """A server with the job runner; tests have stores of their own in it."""
    name = request.module.__name__.rsplit("test_", 1)[1]
    failed = request.session.testsfailed
    with World(name, template, **getattr(request.module, "SERVER", {})) as world:
        yield world
        world.keep_logs = request.session.testsfailed > failed
