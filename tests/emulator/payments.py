"""Shopify Payments: payouts and what they are made of (question 12)."""

from decimal import Decimal

from .access import require
from .registry import field, merchant, query
from .search import SORT_KEYS, by_text, filter_, number, search

ENTRY = "ShopifyPaymentsBalanceTransaction"
PAYOUT = "ShopifyPaymentsPayout"


@merchant("pay_out")
def pay_out(shop, rows: list[dict], status: str = "PAID", test: bool = True) -> dict:
    """A payout of charges and refunds to the merchant's bank.

    rows: {"type": CHARGE | REFUND, "amount": text, "fee": text, "order": GID or None},
    amount and fee without sign.
    """
    payout = shop.add(
        PAYOUT,
        status=status,
        issuedAt=shop.timestamp(),
        transactionType="DEPOSIT",
        externalTraceId=None,
    )
    entries = [_entry(shop, payout, row, test) for row in rows]
    total = sum(Decimal(entry["net"]["amount"]) for entry in entries)
    payout["net"] = _money(shop, total)
    shop.index(payout)
    return payout


def _entry(shop, payout: dict, row: dict, test: bool) -> dict:
    switches = shop.switches
    amount, fee = Decimal(row["amount"]), Decimal(row.get("fee", "0"))
    booked = -amount if row["type"] == "REFUND" else amount
    negative = row["type"] == "REFUND" and switches.payment_refunds_are_negative
    order = shop.get(row.get("order"))
    shown_fee = -fee if switches.payment_fees_are_negative else fee
    return shop.add(
        ENTRY,
        type=row["type"],
        sourceType=row["type"],
        amount=_money(shop, -amount if negative else amount),
        fee=_money(shop, shown_fee),
        net=_money(shop, booked - fee),
        transactionDate=shop.timestamp(),
        test=test,
        associatedOrder=order and {"id": order["id"], "name": order["name"]},
        associatedPayout={"id": payout["id"], "status": payout["status"]},
        adjustmentReason=None,
        adjustmentsOrders=[],
        _payout=payout["id"],
        _takes="gid" if switches.payout_filter_takes_gid else "number",
    )


def _money(shop, amount: Decimal) -> dict:
    return {"amount": f"{amount:.2f}", "currencyCode": shop.currency}


@query("shopifyPaymentsAccount")
def account(ctx, _args):
    return {
        "__typename": "ShopifyPaymentsAccount",
        "id": f"gid://shopify/ShopifyPaymentsAccount/{ctx.app.number}",
        "activated": True,
        "defaultCurrency": ctx.shop.currency,
    }


def _require_payouts(ctx, name: str) -> None:
    """Whether payouts need a scope of their own, beside the account's, is a switch."""
    if ctx.shop.switches.payouts_need_own_scope:
        require(ctx, name, "read_shopify_payments_payouts")


@field("ShopifyPaymentsAccount", "payouts")
def payouts(ctx, _account, args):
    _require_payouts(ctx, "payouts")
    return search(ctx, PAYOUT, args, default_sort="ISSUED_AT")


@field("ShopifyPaymentsAccount", "balanceTransactions")
def balance_transactions(ctx, _account, args):
    _require_payouts(ctx, "balanceTransactions")
    args.accept("hideTransfers")
    return search(ctx, ENTRY, args, default_sort="PROCESSED_AT")


@filter_(ENTRY, "payments_transfer_id")
def by_transfer(row, _op, value):
    """By the payout's number, or by its GID (switch, as it stood at the payout)."""
    payout = row["_payout"]
    return value == (payout if row["_takes"] == "gid" else str(number(payout)))


filter_(PAYOUT, "status")(by_text("status"))
filter_(ENTRY, "transaction_type")(by_text("type"))
SORT_KEYS[PAYOUT, "ISSUED_AT"] = lambda row: row["issuedAt"]
SORT_KEYS[ENTRY, "PROCESSED_AT"] = lambda row: row["transactionDate"]
