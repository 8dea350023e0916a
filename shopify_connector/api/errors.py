"""What comes back from Shopify instead of an answer. The class says what happens next.

ShopifyError
├── TransientError            nothing to mend: try again later
│   ├── ThrottledError        … in `retry_after` seconds
│   ├── NotSentError          … not one byte of the request's body left
│   └── UnknownOutcomeError   a write that may have been applied: read back first
├── AuthError                 sign-in refused, or the shop is closed to us
│   └── AccessDeniedError     a scope is missing: `scopes`, `paths`
├── MissingError              the record, or the whole shop, isn't there
├── ConflictError             changed in Shopify meanwhile, or a value is taken
├── RejectedError             Shopify refuses this input: `user_errors`
├── VersionError              another API version answers: no writes any more
└── ReadOnlyError             the client may only read, and this would have written

`outcome` is "unknown" only where a write may have been applied or may still be.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .redact import secrets_in

NOT_APPLIED = "not_applied"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class UserError:
    """One entry of `userErrors`, whatever the payload calls that list.

    field: path into the input, e.g. ("input", "quantities", "3", "quantity").
    code: empty where the payload's type has none (plain `UserError`).
    element: index of the input's list element, where Shopify states it apart.
    """

    field: tuple[str, ...]
    code: str
    message: str
    element: int | None = None

    @property
    def row(self) -> int | None:
        """Index of the list element of the input that is meant, if one is."""
        if self.element is not None:
            return self.element
        return next((int(part) for part in self.field if part.isdigit()), None)

    def __str__(self):
        where = ".".join(self.field)
        return " ".join(part for part in (where, self.code, self.message) if part)


class ShopifyError(Exception):
    """No usable answer. `failure` is a short word for the reason, stable over time."""

    failure = "shopify_error"
    outcome = NOT_APPLIED

    def __init__(
        self,
        message: str = "",
        *,
        operation: str = "",
        request_id: str = "",
        failure: str = "",
        outcome: str = "",
    ):
        # Whatever text an answer held, a token in it goes no further.
        super().__init__(secrets_in(message))
        self.operation = operation
        self.request_id = request_id
        self.failure = failure or self.failure
        self.outcome = outcome or self.outcome

    def __str__(self):
        message = super().__str__() or self.failure
        return f"{self.operation}: {message}" if self.operation else message


class TransientError(ShopifyError):
    """A read got no usable answer, or Shopify says it can't just now."""

    failure = "shopify_down"


class ThrottledError(TransientError):
    """Not executed: the bucket lacks points. `retry_after` in seconds, without jitter."""

    failure = "throttled"

    def __init__(self, message: str = "", *, retry_after: float = 2.0, **facts: Any):
        super().__init__(message, **facts)
        self.retry_after = retry_after


class NotSentError(TransientError):
    """Not one byte of the body left this machine, so nothing can have been applied."""

    failure = "network_timeout"


class UnknownOutcomeError(TransientError):
    """A write was handed over and no readable verdict came back."""

    failure = "outcome_unknown"
    outcome = UNKNOWN


class AuthError(ShopifyError):
    """Shopify doesn't let us in: refused before execution."""

    failure = "sign_in_failed"


class AccessDeniedError(AuthError):
    """Signed in, but not allowed. `scopes` as far as Shopify names them."""

    failure = "scope_missing"

    def __init__(
        self,
        message: str = "",
        *,
        scopes: Iterable[str] = (),
        paths: Iterable[tuple[str | int, ...]] = (),
        **facts: Any,
    ):
        super().__init__(message, **facts)
        self.scopes = tuple(scopes)
        self.paths = tuple(paths)


class _RefusedError(ShopifyError):
    """Common part of what a payload's user errors become.

    payload: the mutation's payload beside them, for refusals that name a record.
    """

    def __init__(
        self,
        message: str = "",
        *,
        user_errors: Iterable[UserError] = (),
        payload: dict[str, Any] | None = None,
        **facts: Any,
    ):
        self.user_errors = tuple(user_errors)
        self.payload = payload or {}
        said = message or "; ".join(str(error) for error in self.user_errors)
        super().__init__(said, **facts)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(error.code for error in self.user_errors if error.code)

    @property
    def rows(self) -> tuple[int, ...]:
        """Elements of the input's list that are refused, sorted; empty: all of it."""
        rows = {error.row for error in self.user_errors}
        return tuple(sorted(row for row in rows if row is not None))


class MissingError(_RefusedError):
    """Shopify doesn't know the record (`user_errors`) or the shop (none)."""

    failure = "not_found"


class ConflictError(_RefusedError):
    """Compare-and-set failed, or a unique value belongs to another record."""

    failure = "conflict"


class RejectedError(_RefusedError):
    """The same input is refused every time."""

    failure = "rejected"


class VersionError(ShopifyError):
    """Shopify answers as another API version: a write could mean something else."""

    failure = "api_version_changed"


class ReadOnlyError(ShopifyError):
    """A client of a copy was asked to write: nothing was sent, nothing ever is."""

    failure = "copy_writes_nothing"
