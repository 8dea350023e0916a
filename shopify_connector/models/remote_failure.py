"""From what the client raised to the reason that people read."""

from ..api.errors import (
    AccessDeniedError,
    AuthError,
    ConflictError,
    MissingError,
    NotSentError,
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
    match error:
        case ThrottledError():
            return "throttled", {"retry_after": error.retry_after}, ()
        case UnknownOutcomeError():
            return "outcome_unknown", {"operation": error.operation}, ()
        case NotSentError(failure="sent_too_late"):
            return "not_sent", {}, ()
        case NotSentError():
            return "network_timeout", {"problem": str(error)}, ()
        case TransientError():
            code = "network_timeout" if error.failure == "network_timeout" else None
            return code or "shopify_down", {"problem": str(error)}, ()
        case AccessDeniedError():
            waits = tuple(f"scope:{scope}" for scope in error.scopes)
            return (
                "scope_missing",
                {"scope": ", ".join(error.scopes) or str(error)},
                waits,
            )
        case AuthError(failure="shop_closed"):
            return (
                "store_unreachable",
                {"domain": backend.shop_domain, "problem": str(error)},
                (),
            )
        case AuthError():
            return "sign_in_failed", {"problem": str(error)}, ()
        case VersionError():
            return (
                "api_version_changed",
                {"answered": str(error), "expected": API_VERSION},
                (),
            )
        case MissingError():
            if error.user_errors:
                return "shopify_record_gone", {}, ()
            return (
                "store_unreachable",
                {"domain": backend.shop_domain, "problem": str(error)},
                (),
            )
        case ConflictError():
            return "changed_meanwhile", {}, ()
        case RejectedError():
            return "shopify_refused", {"problem": str(error)}, ()
    return "shopify_down", {"problem": str(error)}, ()
