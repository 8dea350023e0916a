"""For how long Shopify serves the pinned API version."""

from datetime import date

from api import version


def test_version_is_served_for_a_year():
    assert version.served_until("2026-10") == date(2027, 10, 1)
    assert version.served_until("2027-01") == date(2028, 1, 1)


def test_only_what_is_listed_as_supported_is_served():
    offered = [
        {"handle": "2026-07", "supported": False},
        {"handle": "2026-10", "supported": True},
    ]
    assert version.is_served(offered, "2026-10")
    assert not version.is_served(offered, "2026-07")
    assert not version.is_served(offered, "2026-04")
