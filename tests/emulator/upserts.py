"""`productSet`, `customerSet`: create or change by an identifier (questions 1, 7); and
`customerCreate`.

Of productSet: creating with options and variants, changing plain fields and metafields.
"""

import re

from .catalog import create_product, edit_product
from .customers import create_customer, edit_customer, taken
from .errors import NotEmulated
from .identifiers import look_up
from .metafields import check_inputs, write_inputs
from .namespaces import resolve
from .registry import mutation, user_error

PRODUCT_FIELDS = (
    "title", "handle", "status", "descriptionHtml", "vendor", "productType", "tags",
)  # fmt: skip
CUSTOMER_FIELDS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "tags": "tags",
    "taxExempt": "taxExempt",
}
NEW = "gid://shopify/{}/new-{}"  # stands in for an owner that isn't there yet
OPTIONS = 3  # of one product; any list of an input holds 250 at most
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


# -- products --


@mutation("productSet")
def product_set(ctx, args):
    if not args["synchronous"]:
        raise NotEmulated("productSet(synchronous: false)")
    given, identifier = args["input"], args.get("identifier")
    found = identifier and look_up(ctx, "Product", identifier, handle="handle")
    problem = _identifier_problem(identifier, found)
    payload = {"product": None, "productSetOperation": None}
    if not problem and not found:
        problem = _shape_problem(given)
    if problem:
        return payload | {"userErrors": [problem]}
    owner = found or {"__typename": "Product", "id": NEW.format("Product", 0)}
    rows = given.get("metafields")
    wanted, error = check_inputs(ctx, owner, rows or ())
    if not error and not found:
        wanted_below, error = _variant_metafields(ctx, given)
    if error:
        return payload | {"userErrors": [_refused(ctx, error)]}
    if found:
        product = _change_product(ctx, found, given, rows, wanted)
    else:
        product = _new_product(ctx, given)
        for gid, below in zip(product["variants"], wanted_below, strict=True):
            write_inputs(ctx.shop, ctx.shop.get(gid), below)
        _write_custom_id(ctx, product, identifier)
    write_inputs(ctx.shop, product, wanted)
    return payload | {"product": product, "userErrors": []}


def _identifier_problem(identifier, found):
    """Only a custom ID that nobody holds makes a new object."""
    if not identifier or found or identifier.get("customId"):
        return None
    return user_error("The object does not exist.", ["identifier"], "NOT_FOUND")


def _shape_problem(given):
    """What keeps these options and variants from being one new product."""
    if not (given.get("title") or "").strip():
        return _wrong("INVALID_PRODUCT", "Title can't be blank.", "title")
    options, variants = given.get("productOptions"), given.get("variants")
    if variants and not options:
        return _wrong("PRODUCT_OPTIONS_INPUT_MISSING", "Options are missing.")
    if options and not variants:
        return _wrong("VARIANTS_INPUT_MISSING", "Variants are missing.")
    if len(options or ()) > OPTIONS:
        return _wrong("OPTIONS_OVER_LIMIT", f"More than {OPTIONS} options.")
    return _options_problem(options or ()) or _variants_problem(options, variants or ())


def _options_problem(options):
    if _repeats([row["name"] for row in options]):
        return _wrong("DUPLICATED_OPTION_NAME", "Option names repeat.")
    for row in options:
        values = [value["name"] for value in row.get("values") or ()]
        if not values:
            return _wrong("OPTION_VALUES_MISSING", f"{row['name']} has no values.")
        if _repeats(values):
            return _wrong("DUPLICATED_OPTION_VALUE", "Option values repeat.")
    return None


def _variants_problem(options, variants):
    known = {
        row["name"]: {value["name"] for value in row["values"]} for row in options or ()
    }
    combinations = []
    for number, row in enumerate(variants):
        named = {one["optionName"]: one["name"] for one in row["optionValues"]}
        where = ("variants", str(number))
        if set(named) != set(known):
            return _wrong("OPTION_DOES_NOT_EXIST", "Option doesn't exist.", *where)
        if any(value not in known[name] for name, value in named.items()):
            text = "Option value doesn't exist."
            return _wrong("OPTION_VALUE_DOES_NOT_EXIST", text, *where)
        combinations.append("\0".join(named[name] for name in known))
    if _repeats(combinations):
        return _wrong("INVALID_VARIANT", "Two variants have the same option values.")
    return None


def _wrong(code, message, *path):
    return user_error(message, ["input", *path], code)


def _repeats(names) -> bool:
    return len({name.strip().casefold() for name in names}) < len(names)


def _refused(ctx, problem) -> dict:
    """A metafield's problem in productSet's words, whose codes know no TAKEN."""
    code, name, message = problem
    known = code if code == "CAPABILITY_VIOLATION" else "INVALID_METAFIELD"
    return user_error(message, ["input", "metafields", name or "value"], known)


def _variant_metafields(ctx, given):
    """-> (rows to write, a list a variant; the first problem of all)."""
    lists, taken_values = [], set()
    for number, row in enumerate(given.get("variants") or [{}]):
        stand_in = {
            "__typename": "ProductVariant",
            "id": NEW.format("ProductVariant", number),
        }
        wanted, error = check_inputs(ctx, stand_in, row.get("metafields") or ())
        ids = {
            (x["namespace"], x["key"], x["value"]) for x in wanted if x["type"] == "id"
        }
        if ids & taken_values:
            error = (
                ctx.shop.switches.duplicate_id_code,
                "value",
                "Value has been taken.",
            )
        if error:
            return [], error
        taken_values |= ids
        lists.append(wanted)
    return lists, None


def _new_product(ctx, given) -> dict:
    fields = {name: given[name] for name in PRODUCT_FIELDS if given.get(name)}
    options = [row["name"] for row in given.get("productOptions") or ()]
    for row in given.get("productOptions") or ():
        row.accept("position")
        for value in row.get("values") or ():
            value.accept("name")  # the variants name them too
    variants = [_variant(row, options) for row in given.get("variants") or ()]
    return create_product(
        ctx.shop, **fields, options=options or None, variants=variants or None
    )


def _variant(row, options: list[str]) -> dict:
    values = {one["optionName"]: one["name"] for one in row["optionValues"]}
    fields = {
        name: row[name]
        for name in ("sku", "barcode", "price", "compareAtPrice", "taxable")
        if row.get(name) is not None
    }
    item = row.get("inventoryItem") or {}
    for name in ("sku", "tracked", "requiresShipping"):
        if item.get(name) is not None:
            fields[name] = item[name]
    weight = (item.get("measurement") or {}).get("weight")
    if weight:
        fields |= {"weight": weight["value"], "weightUnit": weight["unit"]}
    return fields | {"options": [values[name] for name in options]}


def _change_product(ctx, found, given, rows, wanted) -> dict:
    for name in ("variants", "productOptions"):
        if given.get(name) is not None:
            raise NotEmulated(f"productSet of an existing product(input.{name}:)")
    if rows is not None:
        _drop_unnamed(ctx, found, wanted)
    fields = {name: given[name] for name in PRODUCT_FIELDS if name in dict.keys(given)}
    return edit_product(ctx.shop, found["id"], **fields)


def _drop_unnamed(ctx, product, wanted) -> None:
    """The list replaces what was there: within the namespaces it names, or in all,
    those of other apps among them (switch)."""
    named = {(one["namespace"], one["key"]) for one in wanted}
    spaces = {namespace for namespace, _key in named}
    everywhere = ctx.shop.switches.product_set_drops_all_metafields
    for gid, namespace, key in list(ctx.shop.metafields):
        if gid != product["id"] or (namespace, key) in named:
            continue
        if everywhere or namespace in spaces:
            del ctx.shop.metafields[gid, namespace, key]


# -- customers --


@mutation("customerCreate", scope="write_customers")
def customer_create(ctx, args):
    """Its user errors have no codes: the schema gives them none."""
    given = args["input"]
    fields = {name: given[name] for name in CUSTOMER_FIELDS if name in dict.keys(given)}
    owner = {"__typename": "Customer", "id": NEW.format("Customer", 0)}
    wanted, error = check_inputs(ctx, owner, given.get("metafields") or ())
    clash = taken(ctx.shop, fields.get("email"), fields.get("phone"))
    problem = _person_problem(fields)
    if not problem and clash:
        name = clash.split()[0].replace("e-mail", "email")
        problem = [name], f"{name.capitalize()} has already been taken"
    if not problem and error:
        problem = ["metafields", error[1] or "value"], error[2]
    if problem:
        path, message = problem
        return {"customer": None, "userErrors": [user_error(message, path)]}
    named = {CUSTOMER_FIELDS[name]: value for name, value in fields.items()}
    customer = create_customer(ctx.shop, **named)
    write_inputs(ctx.shop, customer, wanted)
    return {"customer": customer, "userErrors": []}


def _person_problem(fields):
    """(path, message) of what makes a customer nobody, or unreachable."""
    email, phone = fields.get("email"), fields.get("phone")
    if not any(
        fields.get(name) for name in ("email", "phone", "firstName", "lastName")
    ):
        return [], "A name, phone number, or email address must be present"
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        return ["email"], "Email is invalid"
    if phone and not PHONE.fullmatch(phone):
        return ["phone"], "Phone is invalid"
    return None


@mutation("customerSet")
def customer_set(ctx, args):
    given, identifier = args["input"], args.get("identifier")
    keys = {"email": "_email", "phone": "_phone"}
    found = identifier and look_up(ctx, "Customer", identifier, **keys)
    problem = _identifier_problem(identifier, found)
    if not found and not problem and not ctx.shop.switches.customer_set_creates:
        problem = user_error("Customer does not exist.", ["identifier"], "NOT_FOUND")
    fields = {name: given[name] for name in CUSTOMER_FIELDS if name in dict.keys(given)}
    but = found["id"] if found else None
    clash = taken(ctx.shop, fields.get("email"), fields.get("phone"), but)
    if not problem and clash:
        problem = user_error(f"{clash} has already been taken", ["input"], "TAKEN")
    if problem:
        return {"customer": None, "userErrors": [problem]}
    addresses = given.get("addresses")
    if addresses is not None:
        addresses = [dict(row.items()) for row in addresses]
    if found:
        if addresses is not None:
            fields["addresses"] = addresses
        customer = edit_customer(ctx.shop, found["id"], **fields)
    else:
        named = {CUSTOMER_FIELDS[name]: value for name, value in fields.items()}
        customer = create_customer(ctx.shop, **named, addresses=addresses)
        _write_custom_id(ctx, customer, identifier)
    return {"customer": customer, "userErrors": []}


def _write_custom_id(ctx, obj, identifier) -> None:
    """What was made for a custom ID that nobody held gets it, or doesn't (switch)."""
    custom = identifier and identifier.get("customId")
    if not custom or not ctx.shop.switches.upsert_writes_custom_id:
        return
    row = {
        "owner": obj,
        "namespace": resolve(ctx, custom.get("namespace")),
        "key": custom["key"],
        "value": custom["value"],
        "type": "id",
    }
    write_inputs(ctx.shop, obj, [row])
