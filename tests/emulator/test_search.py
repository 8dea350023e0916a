"""Search: an index that lags, its syntax, its pages."""

import pytest

from . import search_syntax
from .search_syntax import All, Not, Some, Term

TITLES = "query($q: String, $n: Int = 10, $after: String, $sort: ProductSortKeys) {" \
    " products(first: $n, after: $after, query: $q, sortKey: $sort) {" \
    " nodes { id title } pageInfo { hasNextPage endCursor } } }"  # fmt: skip


def titles(data):
    return [node["title"] for node in data["products"]["nodes"]]


def test_syntax_tree():
    text = "status:open AND (updated_at:>='2026-11-01' OR -tag:\"very old\") shirt"

    assert search_syntax.parse(text) == All(
        (
            Term("status", "=", "open"),
            Some(
                (
                    Term("updated_at", ">=", "2026-11-01"),
                    Not(Term("tag", "=", "very old")),
                )
            ),
            Term("", "=", "shirt"),
        )
    )


def test_unclosed_parenthesis_is_an_error(ask):
    assert ask.codes(TITLES, q="(status:active") == ["BAD_REQUEST"]


def test_new_product_appears_only_after_the_lag(ask, shop, emulator):
    shop.set_search_lag(1800)
    gid = shop.create_product(title="Cup")["id"]

    emulator.advance(1799)
    assert titles(ask(TITLES)) == []
    assert ask("query($id: ID!) { product(id: $id) { title } }", id=gid) == {
        "product": {"title": "Cup"}
    }
    emulator.advance(1)
    assert titles(ask(TITLES)) == ["Cup"]


def test_stale_hit_shows_live_fields(ask, shop):
    gid = shop.create_product(title="Cup", tags=["old"])["id"]
    shop.set_search_lag(60)
    shop.edit_product(gid, title="Mug", tags=[])

    assert titles(ask(TITLES, q="tag:old")) == ["Mug"]


def test_deleted_product_is_no_hit_even_while_indexed(ask, shop):
    gid = shop.create_product(title="Cup")["id"]
    shop.set_search_lag(60)
    shop.delete_product(gid)

    assert titles(ask(TITLES)) == []


def test_updated_at_finds_to_the_second(ask, shop, emulator):
    shop.create_product(title="Early")
    emulator.advance(10)
    shop.create_product(title="Late")

    found = ask(TITLES, q="updated_at:>='2026-11-24T10:00:10Z'", sort="UPDATED_AT")

    assert titles(found) == ["Late"]


def test_ties_within_one_second_page_without_loss(ask, shop):
    for number in range(5):
        shop.create_product(title=f"P{number}")
    seen, after = [], None

    while True:
        page = ask(TITLES, n=2, after=after, sort="UPDATED_AT")
        seen += titles(page)
        if not page["products"]["pageInfo"]["hasNextPage"]:
            break
        after = page["products"]["pageInfo"]["endCursor"]

    assert seen == ["P0", "P1", "P2", "P3", "P4"]


def test_row_that_moves_while_paging_is_seen_twice_not_skipped(ask, shop, emulator):
    gids = [shop.create_product(title=f"P{n}")["id"] for n in range(3)]
    page = ask(TITLES, n=1, sort="UPDATED_AT")
    emulator.advance(5)
    shop.edit_product(gids[0], tags=["x"])

    after = page["products"]["pageInfo"]["endCursor"]
    rest = titles(ask(TITLES, after=after, sort="UPDATED_AT"))

    assert rest == ["P1", "P2", "P0"]


def test_cursor_of_another_sort_is_refused(ask, shop):
    shop.create_product(title="A")
    after = ask(TITLES, n=1, sort="ID")["products"]["pageInfo"]["endCursor"]

    assert ask.codes(TITLES, after=after, sort="UPDATED_AT") == ["BAD_REQUEST"]


def test_customers_know_only_whole_days(ask, shop):
    shop.create_customer(email="a@example.com")
    query = """query($q: String) { customers(first: 5, query: $q) {
        nodes { defaultEmailAddress { emailAddress } } } }"""

    later_that_day = ask(query, q="updated_at:>='2026-11-24T23:00:00Z'")
    next_day = ask(query, q="updated_at:>='2026-11-25T00:00:00Z'")

    assert len(later_that_day["customers"]["nodes"]) == 1
    assert next_day["customers"]["nodes"] == []


def test_variants_are_found_by_sku_and_barcode(ask, shop):
    shop.create_product(
        title="Shirt",
        options=["Size"],
        variants=[
            {"options": ["S"], "sku": "SH-S", "barcode": "111"},
            {"options": ["M"], "sku": "SH-M", "barcode": "222"},
        ],
    )
    query = """query($q: String) { productVariants(first: 5, query: $q) {
        nodes { sku barcode } } }"""

    one = {"sku": "SH-M", "barcode": "222"}
    assert ask(query, q="sku:sh-m")["productVariants"]["nodes"] == [one]
    assert ask(query, q="barcode:222")["productVariants"]["nodes"] == [one]
    assert len(ask(query, q="sku:SH*")["productVariants"]["nodes"]) == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("metafields.custom.x:1", "BAD_USER_INPUT"),
        ("gift_card:true", "NOT_EMULATED"),
        ("updated_at:>yesterdayish", "BAD_USER_INPUT"),
    ],
)
def test_filter_that_cannot_work_is_an_error(ask, shop, query, code):
    shop.create_product(title="A")

    assert ask.codes(TITLES, q=query) == [code]


def test_older_change_never_covers_a_newer_one(ask, shop, emulator):
    lags = iter([60, 0])
    gid = shop.create_product(title="Cup")["id"]
    shop.search_lag = lambda _obj: next(lags)
    shop.edit_product(gid, tags=["first"])
    shop.edit_product(gid, tags=["second"])

    emulator.advance(60)

    assert titles(ask(TITLES, q="tag:second")) == ["Cup"]
