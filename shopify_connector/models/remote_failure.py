"""From what the client raised to the reason that people read."""

from ..api.errors import (
    AccessDeniedError,
    AuthError,
    ConflictError,
    MissingError,
    NotSentError,
    ReadOnlyError,
    RejectedError,
    ShopifyError,
    ThrottledError,
    TransientError,
    UnknownOutcomeError,
    VersionError,
)
from ..api.version import API_VERSION
from ..core.failures import Failure


def remote_failure(backend, error: ShopifyError) -> Failure:
    """The reason for `error`, with the request ID for support."""
    code, params, waits_on = _reason(backend, error)
    if error.request_id:
        params["request_id"] = error.request_id
    return Failure(code, params, waits_on)


def _reason(backend, error):
    if isinstance(error, TransientError):
        return _transient_reason(error)
    if isinstance(error, AuthError):
        return _auth_reason(backend, error)
    match error:
        case VersionError():
            params = {"answered": str(error), "expected": API_VERSION}
            return "api_version_changed", params, ()
        case ReadOnlyError():
            return "copy_writes_nothing", {"operation": error.operation}, ()
        case MissingError(user_errors=()):
            return _unreachable(backend, error)
        case MissingError():
            return "shopify_record_gone", {}, ()
        case ConflictError():
            return "changed_meanwhile", {}, ()
        case RejectedError(failure="query_too_costly"):
            return "request_too_expensive", {"operation": error.operation}, ()
        case RejectedError():
            return "shopify_refused", {"problem": _said(error)}, ()
    return "shopify_down", {"problem": _said(error)}, ()


def _transient_reason(error):
    match error:
        case ThrottledError():
            return "throttled", {"retry_after": error.retry_after}, ()
        case UnknownOutcomeError():
            return "outcome_unknown", {"operation": error.operation}, ()
        case NotSentError(failure="sent_too_late"):
            return "not_sent", {}, ()
        case NotSentError() | TransientError(failure="network_timeout"):
            return "network_timeout", {"problem": _said(error)}, ()
    return "shopify_down", {"problem": _said(error)}, ()


def _auth_reason(backend, error):
    if isinstance(error, AccessDeniedError):
        waits = tuple(f"scope:{scope}" for scope in error.scopes)
        return "scope_missing", {"scope": ", ".join(error.scopes) or str(error)}, waits
    if error.failure == "shop_closed":
        return _unreachable(backend, error)
    return "sign_in_failed", {"problem": _said(error)}, ()


def _said(error):
    """What was said, without our own name of the request."""
    return str(error).removeprefix(f"{error.operation}: ")


def _unreachable(backend, error):
    params = {"domain": backend.shop_domain, "problem": _said(error)}
    return "store_unreachable", params, ()
