"""What must be linked, mapped or chosen in Odoo before an order can be made."""

from collections.abc import Iterable
from dataclasses import dataclass

from .failures import Failure
from .order_lines import PlannedLine
from .orders import OrderPlan

# For a line that is no product of the shop, the store's setting that names one.
SETTINGS = {
    "custom": "custom_product_id",
    "gift_card": "custom_product_id",
    "tip": "tip_product_id",
    "duty": "duty_product_id",
    "fee": "fee_product_id",
    "rounding": "fee_product_id",
    "shipping": "delivery_carrier_id",
}
_CHARGES = {
    "duty": "duties",
    "fee": "an additional fee",
    "rounding": "cash rounding",
}


@dataclass(frozen=True)
class Known:
    """What the store has linked, mapped and chosen; looked up for a whole batch.

    variants, locations: GIDs. taxes: mapping keys as text. currencies: active in Odoo.
    pricelists: currencies of the store's pricelists. products: those SETTINGS that name
    a product. deliveries: keys of shipping lines that have a delivery method of their own.
    """

    variants: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    taxes: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    pricelists: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    deliveries: frozenset[str] = frozenset()


def missing(plan: OrderPlan, known: Known) -> Failure | None:
    """Everything that must be linked, mapped or chosen first, in one stop.

    The stop is named after the first thing missing and waits on all of them.
    """
    stops = [
        *_missing_variants(plan, known),
        *_missing_locations(plan, known),
        *_missing_taxes(plan, known),
        *_missing_money(plan, known),
        *_missing_products(plan, known),
    ]
    if not stops:
        return None
    keys = dict.fromkeys(key for stop in stops for key in stop.waits_on)
    first = stops[0]
    return Failure(first.code, first.params, tuple(keys))


def _missing_variants(plan: OrderPlan, known: Known) -> Iterable[Failure]:
    for line in plan.lines:
        if line.variant_gid and line.variant_gid not in known.variants:
            # The product's own key sends for it, in case nobody has read it yet.
            keys = [f"variant:{line.variant_gid}"]
            if line.product_gid:
                keys.append(f"product:{line.product_gid}")
            params = {"variant": line.label, "gid": line.variant_gid}
            yield Failure("variant_unmapped", params, tuple(keys))


def _missing_locations(plan: OrderPlan, known: Known) -> Iterable[Failure]:
    for gid in plan.location_gids:
        if gid not in known.locations:
            yield Failure("location_unknown", {"location": gid}, (f"location:{gid}",))


def _missing_taxes(plan: OrderPlan, known: Known) -> Iterable[Failure]:
    for key in plan.tax_keys():
        if str(key) not in known.taxes:
            yield Failure("tax_unmapped", {"tax": key.describe()}, (f"tax:{key}",))


def _missing_money(plan: OrderPlan, known: Known) -> Iterable[Failure]:
    waits_on = (f"pricelist:{plan.currency}",)
    if plan.currency not in known.currencies:
        yield Failure("currency_inactive", {"currency": plan.currency}, waits_on)
    elif plan.currency not in known.pricelists:
        yield Failure("pricelist_missing", {"currency": plan.currency}, waits_on)


def _missing_products(plan: OrderPlan, known: Known) -> Iterable[Failure]:
    for line in plan.lines:
        has_own = line.variant_gid or line.delivery in known.deliveries
        if line.kind != "variant" and not has_own:
            if SETTINGS[line.kind] not in known.products:
                yield _product_failure(plan, line)


def _product_failure(plan: OrderPlan, line: PlannedLine) -> Failure:
    waits_on = (f"setting:{SETTINGS[line.kind]}",)
    amount = plan.amount_text(line.total)
    if line.kind == "shipping":
        return Failure("delivery_product_missing", {"shipping": line.title}, waits_on)
    if line.kind == "tip":
        return Failure("tip_product_missing", {"amount": amount}, waits_on)
    if line.kind in _CHARGES:
        params = {"component": _CHARGES[line.kind], "amount": amount}
        return Failure("fee_product_missing", params, waits_on)
    # Only what was a product once has these: its product was deleted since.
    deleted = line.sku or line.variant_title or line.kind == "gift_card"
    code = "line_product_deleted" if deleted else "custom_line_product_missing"
    return Failure(code, {"line": line.title}, waits_on)
