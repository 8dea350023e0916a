"""The shop, its plan, the installed app, locations and API versions."""

from .errors import NotEmulated
from .registry import field, merchant, query
from .schema import SUPPORTED, VERSION
from .search import by_text, filter_, search

FIRST_LOCATION = {
    "address1": "Hauptstr. 1",
    "address2": None,
    "city": "Berlin",
    "country": "Germany",
    "countryCode": "DE",
    "province": None,
    "provinceCode": None,
    "zip": "10115",
    "phone": None,
}


@merchant("open_shop")
def open_shop(shop, **fields):
    """Make the Shop, the app's installation and the first location."""
    shop.add(
        "Shop",
        **{
            "name": shop.name.replace("-", " ").title(),
            "myshopifyDomain": shop.domain,
            "currencyCode": shop.currency,
            "enabledPresentmentCurrencies": [shop.currency],
            "shipsToCountries": ["DE", "US"],
            "email": f"owner@{shop.name}.example",
            "contactEmail": f"hello@{shop.name}.example",
            "shopOwnerName": "Owner",
            "ianaTimezone": "Europe/Berlin",
            "timezoneAbbreviation": "CET",
            "timezoneOffset": "+0100",
            "timezoneOffsetMinutes": 60,
            "taxesIncluded": True,
            "taxShipping": True,
            "unitSystem": "METRIC_SYSTEM",
            "weightUnit": "KILOGRAMS",
            "orderNumberFormatPrefix": "#",
            "orderNumberFormatSuffix": "",
            "setupRequired": False,
            "checkoutApiSupported": True,
            "description": None,
            "url": f"https://{shop.domain}",
            "primaryDomain": {
                "id": shop.new_gid("Domain"),
                "host": shop.domain,
                "url": f"https://{shop.domain}",
                "sslEnabled": True,
            },
            "plan": {
                "publicDisplayName": shop.plan,
                "partnerDevelopment": False,
                "shopifyPlus": shop.plan == "Plus",
            },
            "shopAddress": _address({}) | {"id": shop.new_gid("ShopAddress")},
            **fields,
        },
    )
    for app in shop.apps.values():
        install(shop, app)
    create_location(shop, "Main warehouse")


def install(shop, app):
    """The objects of an installed app; called again for one installed later."""
    shop.add(
        "App",
        id=app.gid,
        apiKey=app.client_id,
        title="Odoo",
        handle="odoo",
        developerName="Merchant",
        embedded=False,
        installation=app.installation_gid,
        webhookApiVersion=VERSION,
        description=None,
    )
    shop.add("AppInstallation", id=app.installation_gid, app=app.gid)


@query("shop")
def the_shop(ctx, _args):
    return ctx.shop.of_type("Shop")[0]


@query("currentAppInstallation")
def installation(ctx, _args):
    return ctx.shop.get(ctx.app.installation_gid)


@query("app")
def the_app(ctx, args):
    gid = args.get("id") or ctx.app.gid
    return ctx.shop.get(gid)


@field("AppInstallation", "accessScopes")
def access_scopes(ctx, obj, _args):
    """Granted scopes; `write_x` is listed with the `read_x` it implies."""
    handles = set(ctx.scopes)
    handles |= {f"read_{name[6:]}" for name in handles if name.startswith("write_")}
    return [{"handle": name, "description": name} for name in sorted(handles)]


@field("App", "requestedAccessScopes")
def requested_scopes(ctx, obj, _args):
    names = sorted(ctx.app.scopes)
    return [{"handle": name, "description": name} for name in names]


@query("publicApiVersions")
def versions(_ctx, _args):
    return [
        {"handle": name, "displayName": name, "supported": True} for name in SUPPORTED
    ] + [{"handle": "unstable", "displayName": "unstable", "supported": False}]


# -- locations --


@merchant("create_location")
def create_location(shop, name: str, address: dict | None = None, **fields):
    """A location. `fulfillmentService`: a service's location, its own business."""
    if not shop.of_type("Location"):
        fields.setdefault("isPrimary", True)
    location = shop.add(
        "Location",
        **{
            "name": name,
            "isActive": True,
            "isPrimary": False,
            "isFulfillmentService": bool(fields.get("fulfillmentService")),
            "fulfillmentService": None,
            "fulfillsOnlineOrders": True,
            "shipsInventory": True,
            "hasActiveInventory": False,
            "hasUnfulfilledOrders": False,
            "activatable": False,
            "deactivatable": True,
            "deletable": False,
            "deactivatedAt": None,
            "addressVerified": True,
            "address": _address(address or {}),
            **fields,
        },
    )
    shop.emit("LOCATIONS_CREATE", location)
    return location


@merchant("edit_location")
def edit_location(shop, gid: str, **fields):
    """Rename, deactivate (isActive=False) … a location."""
    location = shop.require(gid, "Location")
    location.update(fields)
    shop.touch(location)
    shop.emit("LOCATIONS_UPDATE", location)
    return location


@merchant("edit_shop")
def edit_shop(shop, **fields):
    """Change fields of the shop (name, taxesIncluded, plan …)."""
    obj = shop.of_type("Shop")[0]
    obj.update(fields)
    shop.touch(obj)
    shop.emit("SHOP_UPDATE", obj)
    return obj


@query("location")
def location(ctx, args):
    gid = args.get("id")
    if gid:
        return ctx.get(gid)
    return next((row for row in ctx.shop.of_type("Location") if row["isPrimary"]), None)


@query("locations")
def locations(ctx, args):
    inactive = args.get("includeInactive")
    legacy = args.get("includeLegacy")

    def wanted(row):
        return (inactive or row["isActive"]) and (
            legacy or not row["isFulfillmentService"]
        )

    return search(ctx, "Location", args, default_sort="NAME", only=wanted)


@field("Location", "isPrimary")
def is_primary(_ctx, obj, _args):
    raise NotEmulated("Location.isPrimary (deprecated)")


filter_("Location", "name")(by_text("name"))


@field("LocationAddress", "formatted")
def formatted(_ctx, obj, _args):
    parts = (obj["address1"], obj["address2"], obj["zip"], obj["city"], obj["country"])
    return [part for part in parts if part]


def _address(given: dict) -> dict:
    return {**FIRST_LOCATION, "latitude": None, "longitude": None, **given}
