"""Whether a server has hands free for webhooks and people while jobs run.

A job runs in an ordinary HTTP worker, so all slots busy must still leave two: one for a
webhook, one for a person.
"""

SPARE = 2


def job_slots(channels: str) -> int:
    """Jobs that may run at once, from queue_job's channel line ("root:4,shopify:2").

    Without a capacity queue_job runs one at a time; text it wouldn't take counts as that.
    """
    for part in channels.replace("\n", ",").split(","):
        name, *settings = part.strip().split(":")
        if name == "root" and settings and settings[0].strip().isdigit():
            return int(settings[0])
    return 1


def workers_missing(workers: int, channels: str) -> int:
    """How many workers a server lacks; 0 for a threaded server (`workers = 0`), whose
    threads share one process, and where no jobs run (`root:0`)."""
    slots = job_slots(channels)
    if not workers or not slots:
        return 0
    return max(0, slots + SPARE - workers)
