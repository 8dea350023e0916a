"""Fixtures of the emulator's own tests: a frozen clock, one shop, one way to ask."""

import pytest
import requests

from . import Clock, Emulator

TOKEN = "shpat_test"


class Asker:
    """Sends GraphQL to one shop as an app would."""

    def __init__(self, emulator, shop, token=TOKEN, version="2026-10"):
        self.emulator, self.shop, self.token = emulator, shop, token
        self.version = version
        self.session = requests.Session()

    def post(self, query, variables=None, operation_name=None, **options):
        url = f"{self.emulator.url}/{self.shop.name}/admin/api/{self.version}"
        body = {"query": query, "variables": variables or {}}
        if operation_name:
            body["operationName"] = operation_name
        return self.session.post(
            f"{url}/graphql.json",
            json=body,
            headers={"X-Shopify-Access-Token": self.token},
            timeout=options.get("timeout", 10),
        )

    def __call__(self, query, **variables):
        """`data` of an answer that must have no errors."""
        answer = self.post(query, variables).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def codes(self, query, **variables):
        """Codes of the top-level errors of an answer that must have some."""
        answer = self.post(query, variables).json()
        return [error.get("extensions", {}).get("code") for error in answer["errors"]]


@pytest.fixture
def emulator():
    with Emulator(Clock("2026-11-24T10:00:00Z", frozen=True)) as started:
        yield started
        assert started.bugs == []


@pytest.fixture
def shop(emulator):
    return emulator.add_shop("demo", token=TOKEN)


@pytest.fixture
def ask(emulator, shop):
    return Asker(emulator, shop)
