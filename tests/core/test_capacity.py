"""Job slots and workers of a server."""

import pytest

from core import capacity


@pytest.mark.parametrize(
    ("channels", "slots"),
    [
        ("root:4", 4),
        ("root:4,shopify:2", 4),
        (" root:3 , shopify:2", 3),
        ("root:6:throttle=1", 6),
        ("shopify:2,root:5", 5),
        ("root", 1),
        ("", 1),
        ("root:0", 0),
    ],
)
def test_slots_are_the_root_channels_capacity(channels, slots):
    assert capacity.job_slots(channels) == slots


@pytest.mark.parametrize(
    ("workers", "channels", "missing"),
    [
        (4, "root:2", 0),
        (3, "root:2", 1),
        (2, "root:4", 4),
        (0, "root:4", 0),
        (2, "root:0", 0),
    ],
)
def test_two_workers_stay_free_beside_the_jobs(workers, channels, missing):
    assert capacity.workers_missing(workers, channels) == missing
