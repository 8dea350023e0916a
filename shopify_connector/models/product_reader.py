"""Reads products with all their variants, and looks for variants by SKU."""

from collections import defaultdict

from odoo.tools import split_every

from .remote_nodes import read_nodes, scope_failure

# A request may cost 1000 points, and its cost may grow with the number of IDs.
PRODUCTS_A_REQUEST = 20
SKUS_A_SEARCH = 50


def read_products(client, gids) -> dict:
    """{gid: Product with the variants of all pages | None | Failure}; see read_nodes."""
    nodes = read_nodes(client, "products/import", gids, PRODUCTS_A_REQUEST)
    return {
        gid: _with_all_variants(client, node) if isinstance(node, dict) else node
        for gid, node in nodes.items()
    }


def _with_all_variants(client, node):
    page = node["variants"]["pageInfo"]
    while page["hasNextPage"]:
        answer = client.execute(
            "products/variants", {"id": node["id"], "after": page["endCursor"]}
        )
        product = answer.data["product"]
        if answer.denied:
            return scope_failure(answer.denied, answer.denied_scopes)
        if product is None:
            return None
        node["variants"]["nodes"] += product["variants"]["nodes"]
        page = product["variants"]["pageInfo"]
    return node


def search_skus(client, skus) -> dict[str, list[str]]:
    """{SKU: GIDs of the variants that carry it}, as far as the search index knows.

    It lags, so it proves that there is a carrier, never that there is none. Shopify
    compares SKUs without regard to case; the answer's own SKU is the key here.
    """
    holders = defaultdict(list)
    for part in split_every(SKUS_A_SEARCH, skus):
        for variant in _search(client, " OR ".join(map(_term, part))):
            holders[(variant["sku"] or "").strip()].append(variant["id"])
    return dict(holders)


def _term(sku):
    quoted = sku.replace("\\", "\\\\").replace("'", "\\'")
    return f"sku:'{quoted}'"


def _search(client, query):
    after = None
    while True:
        page = client.execute("products/by_sku", {"query": query, "after": after}).data[
            "productVariants"
        ]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
