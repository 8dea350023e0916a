"""Short transactions beside a job's own: committed at once, never waiting for long."""

from contextlib import contextmanager

from psycopg2 import OperationalError
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

START = "SET LOCAL lock_timeout = '2s'"
START_FRESH = f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {START}"


@contextmanager
def short_transaction(registry, read_committed=False):
    """A second cursor, committed on leaving, that gives up after 2 s of waiting.

    read_committed: each statement sees what others committed a moment ago. Without it
    two workers that touch one row make one of them fail with 40001. A cursor that is
    already within a transaction keeps that transaction's level.
    """
    with registry.cursor() as cr:
        cr.execute(START_FRESH if read_committed and _idle(cr) else START)
        yield cr


def is_concurrency(error):
    """Whether the database says that the whole transaction must be repeated."""
    return (
        isinstance(error, OperationalError)
        and error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY
    )


def _idle(cr):
    return cr._cnx.get_transaction_status() == TRANSACTION_STATUS_IDLE
