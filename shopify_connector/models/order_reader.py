"""Reads orders from Shopify, whole: all pages of lines, refunds where they matter.

Talks to Shopify only; nothing here knows Odoo's records.
"""

from ..core.failures import Failure
from ..core.orders import needs_refunds
from .remote_nodes import read_nodes, scope_failure

IMPORT, LINES, REFUNDS = "orders/import", "orders/lines", "orders/refunds"
# The points of `nodes` may count once for each ID; a request may cost 1000.
ORDERS_A_CALL = 10
REFUNDS_A_CALL = 20
# Personal data may be withheld from a plan; goods, places and amounts may not.
OPTIONAL = frozenset(
    ("customer", "email", "phone", "billingAddress", "shippingAddress", "transactions")
)
# An order that changes between its pages is read again from the first one.
TRIES = 3


def read_orders(client, gids):
    """{gid: node}; None where Shopify has no such order, a Failure where it withholds it.

    Raises what the client raises: then nothing of the batch is known.
    """
    nodes = _read(client, gids)
    for gid, node in nodes.items():
        if isinstance(node, dict):
            nodes[gid] = _with_all_lines(client, node)
    return _with_refunds(client, nodes)


def _read(client, gids):
    return read_nodes(client, IMPORT, gids, ORDERS_A_CALL, OPTIONAL)


def _with_all_lines(client, node):
    """The order with every page of its lines, all of one state of the order."""
    gid = node["id"]
    for _try in range(TRIES):
        whole = _all_pages(client, node)
        if whole is not None:
            return whole
        node = _read(client, [gid])[gid]
        if not isinstance(node, dict):
            return node
    return Failure("changed_meanwhile")


def _all_pages(client, node):
    """None when the order changed between two pages."""
    lines = list(node["lineItems"]["nodes"])
    page = node["lineItems"]["pageInfo"]
    while page["hasNextPage"]:
        answer = client.execute(LINES, {"id": node["id"], "after": page["endCursor"]})
        if answer.denied:
            return scope_failure(answer.denied, answer.denied_scopes)
        order = answer.data["order"]
        if order is None or order["updatedAt"] != node["updatedAt"]:
            return None
        lines += order["lineItems"]["nodes"]
        page = order["lineItems"]["pageInfo"]
    return node | {"lineItems": {"nodes": lines}}


def _with_refunds(client, nodes):
    """Add the refunds to those orders that lost something, of the same state."""
    gids = [gid for gid, n in nodes.items() if isinstance(n, dict) and needs_refunds(n)]
    for gid, found in read_nodes(client, REFUNDS, gids, REFUNDS_A_CALL).items():
        if isinstance(found, Failure):
            nodes[gid] = found
        elif found is None or found["updatedAt"] != nodes[gid]["updatedAt"]:
            nodes[gid] = Failure("changed_meanwhile")
        else:
            nodes[gid] = nodes[gid] | {"refunds": found["refunds"]}
    return nodes
