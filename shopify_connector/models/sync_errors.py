"""What an error means for the batch that met it."""

import traceback

from psycopg2 import IntegrityError

from odoo.addons.queue_job.exception import RetryableJobError

from ..api.errors import AuthError, ThrottledError
from .short_transaction import is_concurrency


def fingerprint(error):
    """The same for the same defect: its type and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = (
        f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].name}" if frames else ""
    )
    return f"{type(error).__name__}@{place}"


def is_everybodys(error):
    """What no single object can have caused. A time-out counts: to wait for another one
    with each half would outlive the worker."""
    return (
        isinstance(error, AuthError | ThrottledError)
        or getattr(error, "failure", "") == "network_timeout"
    )


def is_down(failed):
    """Two objects, each read alone, failed for a passing reason: it isn't theirs."""
    return len(failed) > 1 and all(
        failure.reason.nature == "temporary" for failure in failed.values()
    )


def is_link_race(error):
    """Whether two workers made the same link or sync row: the index decided, the loser
    starts again and finds it."""
    return (
        isinstance(error, IntegrityError)
        and error.pgcode == "23505"
        and (error.diag.table_name or "").startswith("shopify_")
    )


def leaves_the_job(error):
    """Errors that no savepoint may swallow: the whole transaction is out of date."""
    if isinstance(error, RetryableJobError) or is_link_race(error):
        return True
    return is_concurrency(error)
