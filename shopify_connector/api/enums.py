"""Which enum values this version of Shopify is known to send.

New ones come with every quarterly version. They are kept as they are and named in the
answer's notices, so that nobody reads them as something familiar by accident.
"""

from collections.abc import Iterator
from typing import Any

# Only field names that mean one enum wherever our documents select them; a contract
# test compares them with the schema.
KNOWN: dict[str, tuple[str, frozenset[str]]] = {
    field: (enum, frozenset(values.split()))
    for field, (enum, values) in {
        "displayFinancialStatus": (
            "OrderDisplayFinancialStatus",
            "AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING "
            "REFUNDED VOIDED",
        ),
        "displayFulfillmentStatus": (
            "OrderDisplayFulfillmentStatus",
            "FULFILLED FULFILLMENT_NOT_REQUIRED IN_PROGRESS ON_HOLD OPEN "
            "PARTIALLY_FULFILLED PENDING_FULFILLMENT "
            "REQUEST_DECLINED RESTOCKED SCHEDULED UNFULFILLED",
        ),
        "cancelReason": (
            "OrderCancelReason",
            "CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF",
        ),
        "returnStatus": (
            "OrderReturnStatus",
            "INSPECTION_COMPLETE IN_PROGRESS NO_RETURN RETURNED RETURN_FAILED "
            "RETURN_REQUESTED",
        ),
        "restockType": (
            "RefundLineItemRestockType",
            "CANCEL LEGACY_RESTOCK NO_RESTOCK RETURN",
        ),
        "requestStatus": (
            "FulfillmentOrderRequestStatus",
            "ACCEPTED CANCELLATION_ACCEPTED CANCELLATION_REJECTED "
            "CANCELLATION_REQUESTED CLOSED REJECTED SUBMITTED UNSUBMITTED",
        ),
        "inventoryPolicy": ("ProductVariantInventoryPolicy", "CONTINUE DENY"),
        "targetType": ("DiscountApplicationTargetType", "LINE_ITEM SHIPPING_LINE"),
        "targetSelection": (
            "DiscountApplicationTargetSelection",
            "ALL ENTITLED EXPLICIT",
        ),
        "allocationMethod": (
            "DiscountApplicationAllocationMethod",
            "ACROSS EACH ONE",
        ),
        "kind": (
            "OrderTransactionKind",
            "AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE "
            "SUGGESTED_REFUND VOID",
        ),
    }.items()
}


def known(field: str, value: str | None) -> bool:
    """Whether `value` is familiar in this field; no opinion counts as familiar."""
    if value is None or field not in KNOWN:
        return True
    return value in KNOWN[field][1]


def unknown(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple]:
    """Yield (path, value) of every unfamiliar enum value in an answer's data."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str):
                if not known(key, value):
                    yield (*path, key), value
            elif value is not None:
                yield from unknown(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from unknown(value, (*path, index))
