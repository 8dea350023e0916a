"""Companies that buy in the shop (B2B), their locations and contacts.

A shop has them only where its plan does: `set_b2b`, or `add_shop(…, _b2b=True)`.
"""

from .access import has_b2b
from .errors import AccessDenied
from .paging import connection
from .registry import field, merchant, query
from .search import FREE_TEXT, by_text, filter_, search

ADDRESS = {
    "recipient": None,
    "firstName": None,
    "lastName": None,
    "companyName": "",
    "address1": None,
    "address2": None,
    "city": None,
    "zip": None,
    "zoneCode": None,
    "province": None,
    "country": "Germany",
    "countryCode": "DE",
    "phone": None,
}


@merchant("set_b2b")
def set_b2b(shop, allowed: bool = True):
    """Whether the shop's plan has companies."""
    shop.of_type("Shop")[0]["_b2b"] = allowed


@merchant("create_company")
def create_company(
    shop,
    name: str,
    external_id: str | None = None,
    locations: list[dict] | None = None,
    contacts: list[str] | None = None,
):
    """A company with its locations (arguments of `create_company_location`) and its
    contacts (GIDs of customers, the main one first)."""
    _refuse_taken(shop, "Company", external_id)
    company = shop.add(
        "Company",
        name=name,
        externalId=external_id,
        note=None,
        customerSince=shop.timestamp(),
        _contacts=[],
    )
    shop.emit("COMPANIES_CREATE", company)
    for row in locations or ():
        create_company_location(shop, company["id"], **row)
    for gid in contacts or ():
        add_company_contact(shop, company["id"], gid)
    return company


@merchant("create_company_location")
def create_company_location(
    shop,
    company: str,
    name: str,
    external_id: str | None = None,
    phone: str | None = None,
    shipping_address: dict | None = None,
    billing_address: dict | None = None,
):
    owner = shop.require(company, "Company")
    _refuse_taken(shop, "CompanyLocation", external_id)
    location = shop.add(
        "CompanyLocation",
        name=name,
        externalId=external_id,
        phone=phone,
        note=None,
        locale="de",
        company=company,
        shippingAddress=_address(shop, owner, shipping_address),
        billingAddress=_address(shop, owner, billing_address),
        taxSettings={
            "__typename": "CompanyLocationTaxSettings",
            "taxRegistrationId": None,
            "taxExempt": False,
            "taxExemptions": [],
        },
    )
    shop.emit("COMPANY_LOCATIONS_CREATE", location)
    return location


@merchant("add_company_contact")
def add_company_contact(shop, company: str, customer: str):
    """Let a customer buy for a company; the first one is its main contact."""
    owner = shop.require(company, "Company")
    shop.require(customer, "Customer")
    contact = shop.add(
        "CompanyContact",
        company=company,
        customer=customer,
        title=None,
        locale="de",
        isMainContact=not owner["_contacts"],
    )
    owner["_contacts"].append(contact["id"])
    shop.emit("COMPANY_CONTACTS_CREATE", contact)
    return contact


@merchant("edit_company")
def edit_company(shop, gid: str, **fields):
    """Change name, externalId, note."""
    company = shop.require(gid, "Company")
    _refuse_taken(shop, "Company", fields.get("externalId"), but=gid)
    company.update(fields)
    shop.touch(company)
    shop.emit("COMPANIES_UPDATE", company)
    return company


@merchant("edit_company_location")
def edit_company_location(shop, gid: str, **fields):
    """Change name, externalId, phone; shippingAddress and billingAddress as a whole."""
    location = shop.require(gid, "CompanyLocation")
    _refuse_taken(shop, "CompanyLocation", fields.get("externalId"), but=gid)
    owner = shop.require(location["company"], "Company")
    for name in ("shippingAddress", "billingAddress"):
        if name in fields:
            fields[name] = _address(shop, owner, fields[name])
    location.update(fields)
    shop.touch(location)
    shop.emit("COMPANY_LOCATIONS_UPDATE", location)
    return location


@merchant("delete_company")
def delete_company(shop, gid: str):
    """With its locations and contacts, as Shopify does."""
    company = shop.require(gid, "Company")
    for location in _below(shop, "CompanyLocation", gid):
        delete_company_location(shop, location["id"])
    for contact in _below(shop, "CompanyContact", gid):
        shop.delete(contact)
    shop.delete(company)
    shop.emit("COMPANIES_DELETE", company)


@merchant("delete_company_location")
def delete_company_location(shop, gid: str):
    location = shop.require(gid, "CompanyLocation")
    shop.delete(location)
    shop.emit("COMPANY_LOCATIONS_DELETE", location)


def _address(shop, owner: dict, given: dict | None) -> dict | None:
    """A CompanyAddress; Shopify demands a first line and a country."""
    if given is None:
        return None
    unknown = set(given) - set(ADDRESS)
    if unknown:
        raise ValueError(f"no fields of a company address: {sorted(unknown)}")
    if not given.get("address1"):
        raise ValueError("a company address has a first line")
    address = {"__typename": "CompanyAddress", **ADDRESS, **given}
    address["companyName"] = address["companyName"] or owner["name"]
    now = shop.timestamp()
    return {
        "id": shop.new_gid("CompanyAddress"),
        "createdAt": now,
        "updatedAt": now,
        **address,
    }


def _refuse_taken(shop, typename: str, external_id: str | None, but=None) -> None:
    for row in shop.of_type(typename):
        if row["id"] != but and external_id and row["externalId"] == external_id:
            raise ValueError(f"external ID {external_id} has already been taken")


def _below(shop, typename: str, company: str) -> list[dict]:
    return [row for row in shop.of_type(typename) if row["company"] == company]


# -- what the API answers --


def _require_b2b(ctx, name: str) -> None:
    if not has_b2b(ctx):
        raise AccessDenied(name, "The shop must have access to B2B.")


def _one(ctx, args, typename: str):
    found = ctx.get(args["id"])
    return found if found and found["__typename"] == typename else None


@query("company")
def company(ctx, args):
    return _one(ctx, args, "Company")


@query("companyLocation")
def company_location(ctx, args):
    return _one(ctx, args, "CompanyLocation")


@query("companies")
def companies(ctx, args):
    _require_b2b(ctx, "companies")
    return search(ctx, "Company", args)


@query("companyLocations")
def company_locations(ctx, args):
    _require_b2b(ctx, "companyLocations")
    return search(ctx, "CompanyLocation", args)


@query("companiesCount")
def companies_count(ctx, args):
    args.accept("limit")
    return {"count": len(ctx.shop.of_type("Company")), "precision": "EXACT"}


@field("Company", "locations")
def locations(ctx, obj, args):
    return search(
        ctx, "CompanyLocation", args, only=lambda row: row["company"] == obj["id"]
    )


@field("Company", "locationsCount")
def locations_count(ctx, obj, _args):
    rows = _below(ctx.shop, "CompanyLocation", obj["id"])
    return {"count": len(rows), "precision": "EXACT"}


@field("Company", "contacts")
def contacts(ctx, obj, args):
    return connection(obj["_contacts"], args, ctx)


@field("Company", "contactsCount")
def contacts_count(_ctx, obj, _args):
    return {"count": len(obj["_contacts"]), "precision": "EXACT"}


@field("Company", "mainContact")
def main_contact(_ctx, obj, _args):
    return obj["_contacts"][0] if obj["_contacts"] else None


for _typename in ("Company", "CompanyLocation"):
    FREE_TEXT[_typename] = ("name", "externalId")
    filter_(_typename, "name")(by_text("name"))
    filter_(_typename, "external_id")(by_text("externalId"))
filter_("CompanyLocation", "company_id")(
    lambda row, _op, value: row["company"].rpartition("/")[2] == value
)
