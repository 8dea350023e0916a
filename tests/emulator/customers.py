"""Customers with their addresses."""

from decimal import Decimal

from .paging import connection
from .registry import field, merchant, query
from .search import FREE_TEXT, by_day, by_text, filter_, search

ADDRESS = {
    "firstName": None,
    "lastName": None,
    "company": None,
    "address1": None,
    "address2": None,
    "city": None,
    "zip": None,
    "province": None,
    "provinceCode": None,
    "country": "Germany",
    "countryCodeV2": "DE",
    "phone": None,
    "latitude": None,
    "longitude": None,
    "timeZone": None,
    "coordinatesValidated": False,
    "validationResultSummary": None,
}


def make_address(shop, **given) -> dict:
    """A MailingAddress as a plain object: orders keep their own snapshots.

    `countryCode` is taken as a short name of countryCodeV2.
    """
    if "countryCode" in given:
        given["countryCodeV2"] = given.pop("countryCode")
    unknown = set(given) - set(ADDRESS) - {"name", "id"}
    if unknown:
        raise ValueError(f"no address fields {sorted(unknown)}")
    address = {"__typename": "MailingAddress", **ADDRESS, **given}
    address.setdefault("id", shop.new_gid("MailingAddress"))
    names = (address["firstName"], address["lastName"])
    full = " ".join(part for part in names if part)
    address.setdefault("name", full or None)
    return address


@merchant("create_customer")
def create_customer(
    shop,
    email: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    phone: str | None = None,
    addresses: list[dict] | None = None,
    **fields,
):
    """A customer; the first address is the default one. Two customers of one shop
    can't share an e-mail address or a phone number."""
    _refuse_taken(shop, email, phone)
    customer = shop.add(
        "Customer",
        **{
            "firstName": first_name,
            "lastName": last_name,
            "_email": email,
            "_phone": phone,
            "_addresses": [make_address(shop, **row) for row in addresses or ()],
            "note": None,
            "tags": [],
            "locale": "de",
            "state": "DISABLED",
            "taxExempt": False,
            "taxExemptions": [],
            "verifiedEmail": bool(email),
            "canDelete": True,
            "dataSaleOptOut": False,
            "companyContactProfiles": [],
            "lifetimeDuration": None,
            "multipassIdentifier": None,
            "productSubscriberStatus": "NEVER_SUBSCRIBED",
            **fields,
        },
    )
    shop.emit("CUSTOMERS_CREATE", customer)
    return customer


@merchant("edit_customer")
def edit_customer(shop, gid: str, **fields):
    """Change email, phone, firstName, lastName, addresses (replaces all) …"""
    customer = shop.require(gid, "Customer")
    _refuse_taken(shop, fields.get("email"), fields.get("phone"), but=gid)
    for name in ("email", "phone"):
        if name in fields:
            customer[f"_{name}"] = fields.pop(name)
    if "addresses" in fields:
        rows = fields.pop("addresses")
        customer["_addresses"] = [make_address(shop, **row) for row in rows]
    customer.update(fields)
    shop.touch(customer)
    shop.emit("CUSTOMERS_UPDATE", customer)
    return customer


@merchant("delete_customer")
def delete_customer(shop, gid: str):
    customer = shop.require(gid, "Customer")
    if any(order.get("customer") == gid for order in shop.of_type("Order")):
        raise ValueError("a customer with orders can't be deleted")
    shop.delete(customer)
    shop.emit("CUSTOMERS_DELETE", customer)


def _refuse_taken(shop, email, phone, but=None) -> None:
    clash = taken(shop, email, phone, but)
    if clash:
        raise ValueError(f"{clash} has already been taken")


def taken(shop, email, phone, but=None) -> str | None:
    """Which of the two another customer than `but` has, in words."""
    for row in shop.of_type("Customer"):
        if row["id"] == but:
            continue
        if email and (row["_email"] or "").lower() == email.lower():
            return f"e-mail {email}"
        if phone and row["_phone"] == phone:
            return f"phone {phone}"
    return None


# -- what the API answers --


@query("customer")
def customer(ctx, args):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == "Customer" else None


@query("customers")
def customers(ctx, args):
    return search(ctx, "Customer", args)


@query("customersCount")
def customers_count(ctx, args):
    args.accept("limit")
    return {"count": len(ctx.shop.of_type("Customer")), "precision": "EXACT"}


@field("Customer", "displayName")
def display_name(_ctx, obj, _args):
    names = [part for part in (obj["firstName"], obj["lastName"]) if part]
    return " ".join(names) or obj["_email"] or obj["_phone"] or ""


@field("Customer", "defaultEmailAddress")
def default_email(_ctx, obj, _args):
    if not obj["_email"]:
        return None
    return {
        "emailAddress": obj["_email"],
        "marketingState": "NOT_SUBSCRIBED",
        "marketingOptInLevel": None,
        "marketingUpdatedAt": None,
        "validFormat": "@" in obj["_email"],
    }


@field("Customer", "defaultPhoneNumber")
def default_phone(_ctx, obj, _args):
    return {"phoneNumber": obj["_phone"]} if obj["_phone"] else None


@field("Customer", "defaultAddress")
def default_address(_ctx, obj, _args):
    return obj["_addresses"][0] if obj["_addresses"] else None


@field("Customer", "addressesV2")
def addresses(ctx, obj, args):
    return connection(obj["_addresses"], args, ctx)


@field("Customer", "orders")
def orders(ctx, obj, args):
    return search(
        ctx,
        "Order",
        args,
        default_sort="ID",
        only=lambda row: row.get("customer") == obj["id"],
    )


@field("Customer", "numberOfOrders")
def number_of_orders(ctx, obj, _args):
    return str(len(_orders(ctx, obj)))


@field("Customer", "lastOrder")
def last_order(ctx, obj, _args):
    rows = _orders(ctx, obj)
    return rows[-1] if rows else None


@field("Customer", "amountSpent")
def amount_spent(ctx, obj, _args):
    total = sum(
        (
            Decimal(order["totalPriceSet"]["shopMoney"]["amount"])
            for order in _orders(ctx, obj)
            if not order.get("cancelledAt")
        ),
        Decimal("0.00"),
    )
    return {"amount": str(total), "currencyCode": ctx.shop.currency}


def _orders(ctx, obj) -> list[dict]:
    rows = ctx.shop.of_type("Order")
    return [row for row in rows if row.get("customer") == obj["id"]]


@field("MailingAddress", "formatted")
def formatted(_ctx, obj, args):
    """Lines as on an envelope; `withName` defaults to false, `withCompany` to true."""
    parts = []
    if args.get("withName"):
        parts.append(obj["name"])
    if args.get("withCompany", True):
        parts.append(obj["company"])
    place = " ".join(part for part in (obj["zip"], obj["city"]) if part)
    parts += [obj["address1"], obj["address2"], place, obj["country"]]
    return [part for part in parts if part]


@field("MailingAddress", "formattedArea")
def formatted_area(_ctx, obj, _args):
    return ", ".join(part for part in (obj["city"], obj["country"]) if part) or None


FREE_TEXT["Customer"] = ("firstName", "lastName", "_email", "_phone")
filter_("Customer", "email")(by_text("_email"))
filter_("Customer", "phone")(by_text("_phone"))
filter_("Customer", "first_name")(by_text("firstName"))
filter_("Customer", "last_name")(by_text("lastName"))
# Customers know only whole days here, unlike orders and products.
filter_("Customer", "updated_at")(by_day("updatedAt"))
filter_("Customer", "customer_date")(by_day("createdAt"))
