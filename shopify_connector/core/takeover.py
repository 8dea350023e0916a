"""Links of another connector: read from a file, and judged against both sides.

What another program left behind is a claim, never a link: it counts once the record in
Shopify and the record in Odoo say the same of themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .customers import normal_email
from .gid import Gid, GidError, build, parse
from .matching import BLANKS, normal_key
from .reasons.reason import _
from .takeover_file import Record

# The Odoo model of each type of Shopify record that can be taken over.
MODELS = {
    "Product": "product.template",
    "ProductVariant": "product.product",
    "Customer": "res.partner",
    "Order": "sale.order",
}
TYPES = {model: kind for kind, model in MODELS.items()}
# What else may be named instead, and is looked up from there.
STANDINS = {"product.template": "ProductVariant", "account.move": "Order"}

# As people write the types, in letters and digits only.
_TYPE_NAMES = {
    "product": "Product",
    "products": "Product",
    "template": "Product",
    "producttemplate": "Product",
    "variant": "ProductVariant",
    "variants": "ProductVariant",
    "productvariant": "ProductVariant",
    "productproduct": "ProductVariant",
    "customer": "Customer",
    "customers": "Customer",
    "contact": "Customer",
    "partner": "Customer",
    "respartner": "Customer",
    "order": "Order",
    "orders": "Order",
    "saleorder": "Order",
    "salesorder": "Order",
}
COLUMNS = {
    "gid": ("shopifyid", "shopifygid", "gid", "idinshopify", "shopify"),
    "type": ("type", "recordtype", "shopifytype", "kind", "record"),
    "model": ("model", "odoomodel", "resmodel"),
    "id": ("odooid", "resid", "recordid", "databaseid", "id"),
    "xmlid": ("externalid", "xmlid", "odooexternalid"),
    "sku": ("sku", "internalreference", "defaultcode", "reference"),
}

NOT_AN_ID = _("“%(value)s” is no Shopify ID")
ROUNDED_ID = _("“%(value)s” is no ID: a spreadsheet has rounded it")
UNKNOWN_TYPE = _("“%(value)s” is no record type: product, variant, customer or order")
NO_TYPE = _("the record type is missing")
OTHER_TYPE = _("the Shopify ID is a %(found)s, the line says %(value)s")
OTHER_MODEL = _("%(value)s can't be a %(found)s of Shopify")
NO_RECORD = _("neither an Odoo ID, nor an external ID, nor a SKU")
NOT_A_NUMBER = _("“%(value)s” is no Odoo ID")
TOO_FEW_CELLS = _("the line has %(found)s cells, the header %(value)s")
OPEN_QUOTE = _("a quotation mark in the line is never closed")
NO_COLUMN = _("no column holds the Shopify ID")
NO_SUCH_XMLID = _("there is no external ID “%(value)s” of such a record")
NO_SUCH_SKU = _("no product has the SKU “%(value)s”")
SKU_TWICE = _("%(found)s products have the SKU “%(value)s”")
NOT_IN_PIECES = _("Odoo keeps it in another unit; Shopify counts pieces")
SEVERAL_RECORDS = _("what it names leads to no single Odoo record")
TAKEN_JUST_NOW = _("either side was linked by somebody else this very moment")


class BadText(ValueError):
    """A cell can't be what it should be: a template and its values, for people."""

    def __init__(self, message: str, **params):
        super().__init__(message % params)
        self.message, self.params = message, params


# --- The file ------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """A line that can be looked up. Exactly one of odoo_id, xmlid and sku counts, in
    this order; model is "" where the type alone says it."""

    line: int
    shopify_type: str
    gid: str
    model: str
    odoo_id: int = 0
    xmlid: str = ""
    sku: str = ""


@dataclass(frozen=True)
class BadLine:
    """A line that can't be used, as it stands in the file, and why."""

    line: int
    text: str
    message: str
    params: Mapping[str, object]


def guess_columns(header: Sequence[str]) -> dict[str, str]:
    """{what is meant: column}, of those whose name says so; better names first."""
    plain = {_plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for meant, names in COLUMNS.items():
        for name in names:
            if name in plain and plain[name] not in found.values():
                found[meant] = plain[name]
                break
    return found


def read_lines(
    records: Iterable[Record],
    header: Sequence[str],
    columns: Mapping[str, str],
    default_type: str = "",
) -> tuple[list[Claim], list[BadLine]]:
    """Each line of a file, on one side or the other: none is lost.

    columns: as `guess_columns` gives it; default_type: of lines that don't say.
    """
    places = {
        meant: header.index(name) for meant, name in columns.items() if name in header
    }
    claims, bad = [], []
    for record in records:
        try:
            claims.append(_claim(record, places, default_type, header))
        except BadText as error:
            text = line_text(record)
            bad.append(BadLine(record.line, text, error.message, error.params))
    return claims, bad


def line_text(record: Record) -> str:
    """A line as people see it in a list."""
    return " | ".join(record.cells)


def _claim(record, places, default_type, header) -> Claim:
    number, cells = record.line, record.cells
    if record.is_open:
        raise BadText(OPEN_QUOTE)
    if "gid" not in places:
        raise BadText(NO_COLUMN)
    if len(cells) < len(header):
        raise BadText(TOO_FEW_CELLS, found=len(cells), value=len(header))
    said = {meant: cells[place] for meant, place in places.items()}
    model = said.get("model", "")
    shopify_type = _type(said, model, default_type)
    gid = read_gid(said["gid"], shopify_type)
    shopify_type = parse(gid).type
    if model and not _fits(model, shopify_type):
        raise BadText(OTHER_MODEL, value=model, found=shopify_type)
    odoo_id, xmlid, sku = (said.get(name, "") for name in ("id", "xmlid", "sku"))
    if odoo_id:
        number_text = odoo_id.removesuffix(".0")
        # An export of Odoo calls the external ID "id".
        if not number_text.isdecimal() and "." in odoo_id:
            return Claim(number, shopify_type, gid, model, xmlid=odoo_id)
        if not number_text.isdecimal() or not 0 < int(number_text) < 2**31:
            raise BadText(NOT_A_NUMBER, value=odoo_id)
        return Claim(number, shopify_type, gid, model, int(number_text))
    if not xmlid and not (sku and shopify_type in ("Product", "ProductVariant")):
        raise BadText(NO_RECORD)
    return Claim(number, shopify_type, gid, model, 0, xmlid, "" if xmlid else sku)


def _type(said, model, default_type) -> str:
    text = said.get("type", "")
    if text:
        if _plain(text) not in _TYPE_NAMES:
            raise BadText(UNKNOWN_TYPE, value=text)
        return _TYPE_NAMES[_plain(text)]
    if said["gid"].startswith("gid:"):
        return ""
    shopify_type = TYPES.get(model) or default_type
    if not shopify_type:
        raise BadText(NO_TYPE)
    return shopify_type


def _fits(model, shopify_type) -> bool:
    return MODELS[shopify_type] == model or STANDINS.get(model) == shopify_type


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_ROUNDED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+\Z")
_PAGE = re.compile(
    r"https://[^ ]*/(?:variants|products|customers|orders)/([1-9][0-9]*)/?(?:\?.*)?\Z"
)


def read_gid(text: str, shopify_type: str = "") -> str:
    """The GID that a cell means: a GID, a number of a known type, or the address of an
    admin page. Raises BadText."""
    text = text.strip(BLANKS)
    if _ROUNDED.match(text):
        raise BadText(ROUNDED_ID, value=text)
    try:
        found = parse(text)
    except GidError:
        return _from_number(text, shopify_type)
    if found.type not in MODELS:
        raise BadText(UNKNOWN_TYPE, value=found.type)
    if shopify_type and found.type != shopify_type:
        raise BadText(OTHER_TYPE, found=found.type, value=shopify_type)
    return str(found)


def _from_number(text, shopify_type) -> str:
    page = _PAGE.match(text)
    number = page[1] if page else text.removesuffix(".0").removeprefix("'")
    if not number.isdecimal():
        raise BadText(NOT_AN_ID, value=text)
    if not shopify_type:
        raise BadText(NO_TYPE)
    try:
        return build(shopify_type, number)
    except GidError as error:
        raise BadText(NOT_AN_ID, value=text) from error


# --- What a column of the database holds ---------------------------------------------

_ID_NAME = re.compile(r"(^|_)(id|gid)(_|$)|gid$")
_OTHERS = re.compile(r"location|inventory|image|transaction|fulfil|refund|payout|line")
_NAMES_OF_TYPE = (
    ("Order", re.compile(r"order")),
    ("Customer", re.compile(r"customer|partner")),
    ("ProductVariant", re.compile(r"variant|product_product")),
    ("Product", re.compile(r"tmpl|template|product")),
)
_IN_SHOPIFYS_TABLE = re.compile(
    r"(^|_)(gid|external_id|remote_id|backend_record_id|store_id_number)$"
    r"|^(product|variant|customer|order)_id$|^(x_)?id_(in|on)_shop$"
)


def looks_like_id(table: str, column: str) -> bool:
    """Whether a column may hold Shopify IDs, by its name and its table's."""
    if _OTHERS.search(column) or column in ("id", "create_uid", "write_uid"):
        return False
    if "shopify" in column:
        return bool(_ID_NAME.search(column))
    return "shopify" in table and bool(_IN_SHOPIFYS_TABLE.search(column))


def type_of_column(model: str, table: str, column: str, sample: str = "") -> str:
    """The Shopify type of what a column holds, "" where its name doesn't tell."""
    try:
        found: Gid | None = parse(sample)
    except GidError:
        found = None
    if found is not None:
        return found.type if found.type in MODELS else ""
    # A variant's row may well hold its product's ID too, and says so in the name.
    for text in (column.replace("shopify", ""), "" if model else table):
        for shopify_type, name in _NAMES_OF_TYPE:
            if name.search(text):
                return shopify_type
    return TYPES.get(model, "Order" if model == "account.move" else "")


# --- Both sides ----------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What one side says of a record; of its type only what identifies it.

    totals: of an order, (currency, amount) as it may be counted: with or without what
    was edited later, in the shop's or the buyer's currency. skus: of a product, of all
    its variants; None where there are more than were read.
    """

    sku: str = ""
    barcode: str = ""
    email: str = ""
    references: tuple[str, ...] = ()
    totals: frozenset[tuple[str, Decimal]] = frozenset()
    skus: tuple[str, ...] | None = ()
    company: str = ""


@dataclass(frozen=True)
class Verdict:
    """fields: what differs, or what would be needed to know; see FIELD_LABELS."""

    kind: Literal["confirmed", "contradicted", "unverifiable"]
    fields: tuple[str, ...] = ()


FIELD_LABELS = {
    "sku": _("SKU"),
    "barcode": _("barcode"),
    "email": _("e-mail"),
    "reference": _("reference"),
    "total": _("total"),
    "skus": _("SKUs of the variants"),
    "company": _("company"),
}
# Said as they are, not as something that differs.
STATEMENTS = {
    "gone_there": _("Shopify has no such record"),
    "gone_here": _("Odoo has no such record"),
    "linked_to_other": _("it is linked to, or marked as, another Odoo record"),
    "claimed_twice": _("another line claims otherwise"),
}


def verify(
    shopify_type: str, there: Facts | None, here: Facts | None, company: str
) -> Verdict:
    """Whether the two are one, by what they say of themselves. None: doesn't exist.

    company: the store's, compared with that of Odoo's record, where it has one.
    """
    if there is None or here is None:
        sides = (("gone_there", there), ("gone_here", here))
        return Verdict("contradicted", tuple(n for n, side in sides if side is None))
    wrong, unknown = _COMPARE[shopify_type](there, here)
    if here.company and here.company != company:
        wrong = [*wrong, "company"]
    if wrong:
        return Verdict("contradicted", tuple(wrong))
    return Verdict("unverifiable", tuple(unknown)) if unknown else Verdict("confirmed")


def _compare_variants(there, here):
    keys = ("sku", "barcode")
    pairs = {
        k: (normal_key(k, getattr(there, k)), normal_key(k, getattr(here, k)))
        for k in keys
    }
    wrong = [key for key, (a, b) in pairs.items() if a != b]
    return wrong, [] if any(a for a, _b in pairs.values()) else list(keys)


def _compare_products(there, here):
    if there.skus is None:
        return [], ["skus"]
    ours, theirs = _skus(here.skus), _skus(there.skus)
    if "" in theirs or "" in ours or not theirs:
        # Those without a SKU could be anything.
        return ["skus"] if (set(theirs) ^ set(ours)) - {""} else [], ["skus"]
    return (["skus"], []) if theirs != ours else ([], [])


def _skus(skus: Iterable[str] | None) -> list[str]:
    return sorted(normal_key("sku", sku) for sku in skus or ())


def _compare_customers(there, here):
    theirs, ours = normal_email(there.email), normal_email(here.email)
    if not theirs or not ours:
        return [], ["email"]
    return (["email"], []) if theirs != ours else ([], [])


def _compare_orders(there, here):
    wrong = []
    if not set(map(_reference, there.references)) & {
        _reference(text) for text in here.references if _reference(text)
    }:
        wrong.append("reference")
    if not there.totals & here.totals:
        wrong.append("total")
    return wrong, []


def _reference(text: str) -> str:
    """Without the "#" that many leave out."""
    return normal_key("reference", text).removeprefix("#").lower()


_COMPARE = {
    "ProductVariant": _compare_variants,
    "Product": _compare_products,
    "Customer": _compare_customers,
    "Order": _compare_orders,
}
