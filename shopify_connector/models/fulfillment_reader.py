"""Reads what is fulfilled and what is left to fulfil of orders, whole: all pages.

Talks to Shopify only; nothing here knows Odoo's records.
"""

from odoo.tools import split_every

from ..core.failures import Failure
from ..core.fulfillments import read_order

READ = "fulfillments/orders_of_order"
MORE_ORDERS = "fulfillments/more_orders"
MORE_OPEN = "fulfillments/more_open_lines"
MORE_SENT = "fulfillments/more_sent_lines"
# The points of `nodes` may count once for each ID; a request may cost 1000.
ORDERS_A_CALL = 9


def read_fulfillments(client, gids):
    """{order gid: RemoteOrder}; None where Shopify has no such order, a Failure where
    it withholds what is asked. Raises what the client raises.
    """
    found = {}
    for part in split_every(ORDERS_A_CALL, gids):
        answer = client.execute(READ, {"ids": list(part)})
        nodes = zip(part, answer.data["nodes"], strict=True)
        for number, (gid, node) in enumerate(nodes):
            if answer.denied_under("nodes", number):
                found[gid] = _withheld(answer)
            elif node is None:
                found[gid] = None
            else:
                found[gid] = read_order(_whole(client, node))
    return found


def _withheld(answer):
    scopes = answer.denied_scopes or ("read_merchant_managed_fulfillment_orders",)
    waits_on = tuple(f"scope:{scope}" for scope in scopes)
    return Failure("scope_missing", {"scope": ", ".join(scopes)}, waits_on)


def _whole(client, node):
    """The order with every page of its lists."""
    _read_on(
        node["fulfillmentOrders"],
        lambda after: client.execute(
            MORE_ORDERS, {"id": node["id"], "after": after}
        ).data["order"]["fulfillmentOrders"],
    )
    for entry in node["fulfillmentOrders"]["nodes"]:
        _read_on(
            entry["lineItems"],
            lambda after, gid=entry["id"]: client.execute(
                MORE_OPEN, {"id": gid, "after": after}
            ).data["fulfillmentOrder"]["lineItems"],
        )
    for entry in node["fulfillments"]:
        _read_on(
            entry["fulfillmentLineItems"],
            lambda after, gid=entry["id"]: client.execute(
                MORE_SENT, {"id": gid, "after": after}
            ).data["fulfillment"]["fulfillmentLineItems"],
        )
    return node


def _read_on(first, read_page):
    page = first["pageInfo"]
    while page["hasNextPage"]:
        more = read_page(page["endCursor"])
        first["nodes"] += more["nodes"]
        page = more["pageInfo"]
