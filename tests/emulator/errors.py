"""Top-level GraphQL errors in Shopify's form (`extensions.code`)."""

from graphql import GraphQLError


class TopLevelError(GraphQLError):
    """An entry of `errors` with a code, e.g. BAD_REQUEST."""

    def __init__(self, message: str, code: str, **extensions):
        super().__init__(message, extensions={"code": code, **extensions})


class NotEmulated(TopLevelError):
    """Asked for something this emulator doesn't do: never a made-up answer."""

    def __init__(self, what: str):
        super().__init__(f"not emulated: {what}", "NOT_EMULATED")


class AccessDenied(TopLevelError):
    """A field the app may not read or a mutation it may not call."""

    def __init__(self, what: str, required: str):
        super().__init__(
            f"Access denied for {what} field. Required access: {required}",
            "ACCESS_DENIED",
            documentation="https://shopify.dev/api/usage/access-scopes",
            requiredAccess=required,
        )


def bad_request(message: str) -> TopLevelError:
    return TopLevelError(message, "BAD_REQUEST")


def invalid_arguments(message: str) -> TopLevelError:
    return TopLevelError(message, "INVALID_FIELD_ARGUMENTS")
