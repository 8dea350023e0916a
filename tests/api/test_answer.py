import json

import pytest

from api import operations
from api.answer import Reply, to_answer
from api.errors import (
    AccessDeniedError,
    AuthError,
    ConflictError,
    MissingError,
    RejectedError,
    ShopifyError,
    ThrottledError,
    TransientError,
    UnknownOutcomeError,
    UserError,
)

READ = operations.parse("t/read", "# cost: 3\nquery Read { shop { id } }")
WRITE = operations.parse("t/write", "# cost: 10\nmutation Write { go { id } }")


def read(content, operation=WRITE, status=200, headers=None):
    body = json.dumps(content).encode()
    return to_answer(Reply.read(operation, status, headers or {}, body))


def error_of(content, operation=WRITE):
    with pytest.raises(ShopifyError) as caught:
        read(content, operation)
    return caught.value


def graphql_error(code, path=None, message="No", **extensions):
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return {**error, "path": path} if path else error


# -- GraphQL errors -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "failure"),
    [
        ({"errors": [graphql_error("THROTTLED")]}, ThrottledError, "throttled"),
        (
            {"errors": [graphql_error("MAX_COST_EXCEEDED")]},
            RejectedError,
            "query_too_costly",
        ),
        ({"errors": [graphql_error("BAD_REQUEST")]}, RejectedError, "invalid_request"),
        (
            {"errors": [graphql_error("INVALID_FIELD_ARGUMENTS")], "data": None},
            RejectedError,
            "invalid_request",
        ),
        # Parse and validation errors: no `data`, so never executed.
        ({"errors": [{"message": "Field 'x'"}]}, RejectedError, "invalid_request"),
        ({"errors": "Not Found"}, RejectedError, "invalid_request"),
        ({"errors": [graphql_error("SHOP_INACTIVE")]}, AuthError, "shop_closed"),
        (
            {"errors": [graphql_error("ACCESS_DENIED", ["go"])], "data": {"go": None}},
            AccessDeniedError,
            "scope_missing",
        ),
    ],
)
def test_refused_before_execution_is_not_applied(content, kind, failure):
    error = error_of(content)

    assert (type(error), error.failure) == (kind, failure)
    assert error.outcome == "not_applied"


@pytest.mark.parametrize(
    "content",
    [
        {"errors": [graphql_error("INTERNAL_SERVER_ERROR")]},
        {"errors": [graphql_error("INTERNAL_SERVER_ERROR")], "data": None},
        {
            "errors": [graphql_error("INTERNAL_SERVER_ERROR", ["go"])],
            "data": {"go": None},
        },
        # The field ran; something below it could not be shown, so all of it is null.
        {
            "errors": [graphql_error("ACCESS_DENIED", ["go", "order"])],
            "data": {"go": None},
        },
        {"errors": [graphql_error("NEW_CODE", ["go"])], "data": {"go": None}},
        {"errors": [graphql_error("TIMEOUT", ["go", "id"])], "data": {"go": {}}},
        {"errors": [{"message": "?"}], "data": None},
    ],
)
def test_error_of_a_write_that_may_have_run_is_unknown(content):
    error = error_of(content)

    assert type(error) is UnknownOutcomeError
    assert error.outcome == "unknown"


def test_internal_error_of_a_read_is_tried_again_later():
    error = error_of({"errors": [graphql_error("INTERNAL_SERVER_ERROR")]}, READ)

    assert type(error) is TransientError


def test_applied_write_with_a_denied_field_is_applied():
    denied = graphql_error("ACCESS_DENIED", ["go", "customer"])
    data = {"go": {"id": "gid://x/1", "customer": None, "userErrors": []}}

    answer = read({"data": data, "errors": [denied]})

    assert answer.data == data
    assert answer.denied == (("go", "customer"),)


def test_denied_part_of_a_read_is_named_with_its_scope():
    denied = graphql_error(
        "ACCESS_DENIED",
        ["nodes", 1, "customer"],
        message="Access denied for customer field.",
        requiredAccess="`read_customers` access scope.",
    )
    data = {"nodes": [{"id": "a", "customer": {}}, {"id": "b", "customer": None}]}

    answer = read({"data": data, "errors": [denied]}, READ)

    assert answer.denied == (("nodes", 1, "customer"),)
    assert answer.denied_scopes == ("read_customers",)
    assert answer.denied_under("nodes", 1) == (("nodes", 1, "customer"),)
    assert answer.denied_under("nodes", 0) == ()
    assert answer.denied_under("nodes", 1, "customer", "email") != ()


def test_read_of_which_everything_is_denied_names_the_scopes():
    denied = graphql_error(
        "ACCESS_DENIED",
        ["orders"],
        message="Required access: `read_orders` or `read_marketplace_orders`",
    )

    error = error_of({"data": None, "errors": [denied]}, READ)

    assert type(error) is AccessDeniedError
    assert error.scopes == ("read_orders", "read_marketplace_orders")
    assert error.paths == (("orders",),)


def test_partial_read_for_another_reason_is_no_answer():
    broken = graphql_error("INTERNAL_SERVER_ERROR", ["shop", "plan"])

    error = error_of({"data": {"shop": {"plan": None}}, "errors": [broken]}, READ)

    assert type(error) is TransientError


def test_throttled_without_cost_waits_two_seconds():
    error = error_of({"errors": [graphql_error("THROTTLED")]})

    assert error.retry_after == 2.0


# -- user errors --------------------------------------------------------------------


def user_error(code=None, field=("input",), message="No", **more):
    return {"field": list(field), "message": message, "code": code, **more}


def refused(*entries, key="userErrors"):
    return error_of({"data": {"go": {"id": None, key: list(entries)}}})


@pytest.mark.parametrize(
    "key", ["userErrors", "orderCancelUserErrors", "locationActivateUserErrors"]
)
def test_user_errors_are_found_whatever_the_list_is_called(key):
    error = refused(user_error("INVALID"), key=key)

    assert type(error) is RejectedError
    assert error.user_errors == (UserError(("input",), "INVALID", "No"),)
    assert (error.outcome, error.failure) == ("not_applied", "rejected")


@pytest.mark.parametrize(
    "code",
    [
        "STALE_OBJECT",
        "CHANGE_FROM_QUANTITY_STALE",
        "INVALID_COMPARE_DIGEST",
        "TAKEN",
        "CAPABILITY_VIOLATION",
    ],
)
def test_changed_meanwhile_or_taken_is_a_conflict(code):
    error = refused(user_error(code))

    assert type(error) is ConflictError
    assert (error.outcome, error.codes) == ("not_applied", {code})


@pytest.mark.parametrize(
    "code", ["NOT_FOUND", "PRODUCT_DOES_NOT_EXIST", "FULFILLMENT_ORDERS_NOT_FOUND"]
)
def test_unknown_record_is_missing(code):
    assert type(refused(user_error(code))) is MissingError


def test_one_unknown_record_beside_another_refusal_is_a_refusal():
    error = refused(user_error("NOT_FOUND"), user_error("INVALID"))

    assert type(error) is RejectedError


def test_rows_of_a_batch_that_are_refused_are_told():
    error = refused(
        user_error("INVALID", ("input", "quantities", "17", "quantity")),
        user_error("INVALID", ("input", "quantities", "3")),
        user_error("INVALID", ("metafields",), elementIndex=5),
    )

    assert error.rows == (3, 5, 17)


def test_refusal_without_a_row_names_none():
    assert refused(user_error("INVALID")).rows == ()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("IDEMPOTENCY_CONCURRENT_REQUEST", "first one still runs"),
        ("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "other variables"),
        ("INTERNAL_ERROR", "Unexpected"),
        (None, "The idempotency key was used with other parameters"),
    ],
)
def test_refusal_that_leaves_the_first_attempt_open_is_unknown(code, message):
    error = refused(user_error(code, message=message))

    assert type(error) is UnknownOutcomeError
    assert message in str(error)


def test_key_whose_former_attempt_failed_asks_for_a_new_key():
    error = refused(user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"))

    assert (type(error), error.failure) == (RejectedError, "idempotency_key_spent")
    assert error.outcome == "not_applied"


def test_refusal_names_operation_field_code_and_reason():
    error = refused(user_error("INVALID", ("input", "qty"), "too many"))

    assert str(error) == "t/write: input.qty INVALID too many"


def test_user_error_without_code_field_or_message_is_still_a_refusal():
    error = refused({"field": None, "message": None})

    assert error.user_errors == (UserError((), "", ""),)


# -- notices ------------------------------------------------------------------------


def test_unfamiliar_enum_value_is_kept_and_named():
    data = {"nodes": [{"displayFinancialStatus": "HAGGLED"}, None]}

    answer = read({"data": data}, READ)

    assert answer.data == data
    (notice,) = answer.warnings
    assert notice.code == "unknown_value"
    assert notice.text == "HAGGLED at nodes.0.displayFinancialStatus"


def test_familiar_enum_values_are_no_news():
    data = {"order": {"displayFinancialStatus": "PAID", "cancelReason": None}}

    assert read({"data": data}, READ).warnings == ()


def test_dearer_than_stated_is_noticed():
    cost = {"requestedQueryCost": 4, "actualQueryCost": 4}

    answer = read({"data": {"shop": {}}, "extensions": {"cost": cost}}, READ)

    assert [notice.text for notice in answer.warnings] == ["stated 3, charged 4"]
