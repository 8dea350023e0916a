"""Claims of other connectors: no line lost, and none believed unless both sides agree."""

from decimal import Decimal

import pytest

from core import takeover
from core.takeover import Facts, Verdict, read_lines, verify
from core.takeover_file import read_head, read_records

FILE = """Shopify ID;Record type;Odoo Model;Odoo ID;External ID;SKU
gid://shopify/Order/11;;;7;;
12;variant;;;;MUG
13,5;variant;;;;MUG
4.52E+12;customer;;8;;
14;thing;;8;;
;order;;8;;
15;order;;eight;;
16;order;;;;
17;customer;;;base.main_partner;
18;order;res.partner;8;;
gid://shopify/Customer/19;order;;8;;
20;order
"""


def read(text, default_type=""):
    data = text.encode()
    head = read_head([data])
    records = read_records([data[head.start.offset :]], head.separator, head.start)
    columns = takeover.guess_columns(head.columns)
    return read_lines(records, head.columns, columns, default_type)


def test_every_line_is_a_claim_or_named_as_bad_with_its_number():
    claims, bad = read(FILE)

    assert [(c.line, c.gid, c.odoo_id, c.xmlid, c.sku) for c in claims] == [
        (2, "gid://shopify/Order/11", 7, "", ""),
        (3, "gid://shopify/ProductVariant/12", 0, "", "MUG"),
        (10, "gid://shopify/Customer/17", 0, "base.main_partner", ""),
    ]
    assert [(b.line, b.message) for b in bad] == [
        (4, takeover.NOT_AN_ID),
        (5, takeover.ROUNDED_ID),
        (6, takeover.UNKNOWN_TYPE),
        (7, takeover.NOT_AN_ID),
        (8, takeover.NOT_A_NUMBER),
        (9, takeover.NO_RECORD),
        (11, takeover.OTHER_MODEL),
        (12, takeover.OTHER_TYPE),
        (13, takeover.TOO_FEW_CELLS),
    ]
    assert all(b.message % b.params for b in bad)
    assert bad[0].text == "13,5 | variant |  |  |  | MUG"


def test_a_cell_with_a_line_break_does_not_shift_the_line_numbers():
    text = 'shopify_id,type,odoo_id,note\n1,order,5,"two\nlines"\n2,order,x,\n'

    claims, bad = read(text)

    assert [c.line for c in claims] == [2]
    assert [b.line for b in bad] == [4]


def test_a_file_without_the_id_column_loses_no_line():
    claims, bad = read("a,b\n1,2\n3,4\n")

    assert claims == []
    assert [(b.line, b.message) for b in bad] == [
        (2, takeover.NO_COLUMN),
        (3, takeover.NO_COLUMN),
    ]


def test_an_export_of_odoo_whose_id_is_the_external_one():
    (claim,), bad = read("id,shopify_id\n__export__.res_partner_5,77\n", "Customer")

    assert (claim.xmlid, claim.odoo_id, bad) == ("__export__.res_partner_5", 0, [])


@pytest.mark.parametrize(
    ("text", "gid"),
    [
        ("gid://shopify/Order/5", "gid://shopify/Order/5"),
        ("5", "gid://shopify/Order/5"),
        ("5.0", "gid://shopify/Order/5"),
        (" '5", "gid://shopify/Order/5"),
        ("https://admin.shopify.com/store/x/orders/5", "gid://shopify/Order/5"),
    ],
)
def test_ids_as_people_keep_them(text, gid):
    assert takeover.read_gid(text, "Order") == gid


@pytest.mark.parametrize(
    ("table", "column", "expected"),
    [
        ("product_product", "shopify_variant_id", True),
        ("product_product", "x_shopify_id", True),
        ("sale_order", "shopify_gid", True),
        ("shopify_product_product_ept", "variant_id", True),
        ("sale_order", "shopify_location_id", False),
        ("sale_order", "shopify_note", False),
        ("shopify_queue", "create_uid", False),
        ("product_product", "default_code", False),
    ],
)
def test_columns_that_may_hold_shopify_ids(table, column, expected):
    assert takeover.looks_like_id(table, column) is expected


@pytest.mark.parametrize(
    ("model", "column", "sample", "expected"),
    [
        ("product.product", "x_shopify_id", "77", "ProductVariant"),
        ("product.product", "shopify_product_id", "77", "Product"),
        ("product.template", "x_shopify_id", "77", "Product"),
        ("res.partner", "shopify_id", "gid://shopify/Customer/7", "Customer"),
        ("res.partner", "shopify_id", "gid://shopify/Location/7", ""),
        ("account.move", "x_shopify", "7", "Order"),
    ],
)
def test_type_of_a_column(model, column, sample, expected):
    assert takeover.type_of_column(model, "t", column, sample) == expected


def order(*references, total="10.00", currency="USD", company=""):
    totals = frozenset({(currency, Decimal(total))})
    return Facts(references=references, totals=totals, company=company)


def variants(*skus):
    return Facts(skus=skus)


CASES = [
    ("Order", order("#1001"), order("1001"), Verdict("confirmed")),
    ("Order", order("#1001"), order("", "#1001"), Verdict("confirmed")),
    (
        "Order",
        order("#1001"),
        order("#1001", total="10.01"),
        Verdict("contradicted", ("total",)),
    ),
    (
        "Order",
        order("#1001"),
        order("#1001", currency="EUR"),
        Verdict("contradicted", ("total",)),
    ),
    (
        "Order",
        order("#1001"),
        order("", total="9"),
        Verdict("contradicted", ("reference", "total")),
    ),
    (
        "Order",
        order("#1001"),
        order("#1001", company="2"),
        Verdict("contradicted", ("company",)),
    ),
    ("Order", None, order("#1001"), Verdict("contradicted", ("gone_there",))),
    ("Order", order("#1001"), None, Verdict("contradicted", ("gone_here",))),
    ("ProductVariant", Facts(sku="a"), Facts(sku=" A"), Verdict("confirmed")),
    ("ProductVariant", Facts(barcode="1"), Facts(barcode="1"), Verdict("confirmed")),
    (
        "ProductVariant",
        Facts(sku="a", barcode="1"),
        Facts(sku="a"),
        Verdict("contradicted", ("barcode",)),
    ),
    (
        "ProductVariant",
        Facts(),
        Facts(),
        Verdict("unverifiable", ("sku", "barcode")),
    ),
    ("Product", variants("a", "b"), variants("B", "A"), Verdict("confirmed")),
    (
        "Product",
        variants("a"),
        variants("a", "b"),
        Verdict("contradicted", ("skus",)),
    ),
    ("Product", Facts(skus=None), variants("a"), Verdict("unverifiable", ("skus",))),
    ("Product", variants(""), variants(""), Verdict("unverifiable", ("skus",))),
    (
        "Customer",
        Facts(email="Ada@X.org"),
        Facts(email="ada@x.org "),
        Verdict("confirmed"),
    ),
    (
        "Customer",
        Facts(email="ada@x.org"),
        Facts(email="bob@x.org"),
        Verdict("contradicted", ("email",)),
    ),
    (
        "Customer",
        Facts(email="ada@x.org"),
        Facts(),
        Verdict("unverifiable", ("email",)),
    ),
]


@pytest.mark.parametrize(("kind", "there", "here", "expected"), CASES)
def test_a_claim_counts_only_where_both_sides_say_the_same(kind, there, here, expected):
    assert verify(kind, there, here, "1") == expected


def test_every_field_that_may_differ_has_a_name_for_people():
    named = {field for *_sides, verdict in CASES for field in verdict.fields}

    assert named <= {*takeover.FIELD_LABELS, *takeover.STATEMENTS}
