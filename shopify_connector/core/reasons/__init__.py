"""The catalogue: one entry for each reason a sync can stop, by subject."""

from .connection import REASONS as _CONNECTION
from .exports import REASONS as _EXPORTS
from .identity import REASONS as _IDENTITY
from .logistics import REASONS as _LOGISTICS
from .mappings import REASONS as _MAPPINGS
from .orders import REASONS as _ORDERS
from .reason import Reason
from .records import REASONS as _RECORDS

__all__ = ["CATALOGUE", "Reason"]

_ALL = (
    *_CONNECTION,
    *_IDENTITY,
    *_MAPPINGS,
    *_RECORDS,
    *_ORDERS,
    *_LOGISTICS,
    *_EXPORTS,
)
CATALOGUE: dict[str, Reason] = {reason.code: reason for reason in _ALL}
if len(CATALOGUE) != len(_ALL):
    raise ValueError("two reasons share a code")
