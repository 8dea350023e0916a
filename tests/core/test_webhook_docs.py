"""The table in docs/webhooks.md is the one that the code uses."""

from pathlib import Path

from core.webhooks import WANTED_TOPICS

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"


def documented():
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in DOCUMENT.read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| Topic")
    ]
    return {topic: (flow, read) for topic, flow, read in rows}


def test_every_topic_and_its_scheduled_read_is_documented():
    wanted = {
        name: (topic.flow, topic.scheduled_read)
        for name, topic in WANTED_TOPICS.items()
    }

    assert documented() == wanted


def test_no_topic_is_without_a_scheduled_read():
    assert all(topic.scheduled_read for topic in WANTED_TOPICS.values())
