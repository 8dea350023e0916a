"""App-owned namespaces: `$app:odoo` is stored as `app--<app number>--odoo`."""

from .errors import AccessDenied

PREFIX = "app--"


def resolve(ctx, namespace: str | None) -> str:
    """The stored namespace. None means the app's own `$app`, as Shopify documents."""
    own = f"{PREFIX}{ctx.app.number}"
    if namespace is None or namespace == "$app":
        return own
    if namespace.startswith("$app:"):
        return f"{own}--{namespace[5:]}"
    return namespace


def owner_number(namespace: str) -> str | None:
    """Number of the app that owns a stored namespace; None: anybody's."""
    if not namespace.startswith(PREFIX):
        return None
    return namespace[len(PREFIX) :].split("--")[0]


def is_foreign(ctx, namespace: str) -> bool:
    return owner_number(namespace) not in (None, str(ctx.app.number))


def require_own(ctx, what: str, namespace: str) -> None:
    if is_foreign(ctx, namespace):
        raise AccessDenied(what, "the app that owns this namespace.")
