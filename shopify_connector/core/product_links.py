"""Decide which Odoo variant each Shopify variant means, and what is linked or made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .failures import Failure
from .identity import Candidates, Decision
from .matching import KEYS, normal_key
from .outcome import Change
from .products import ProductPlan, VariantPlan

MATCH_KEYS = KEYS["ProductVariant"]
KEY_LABELS = {"sku": "SKU", "barcode": "barcode", "": "SKU"}


# --- Which Odoo variant is meant ---------------------------------------------------


@dataclass(frozen=True)
class OdooVariant:
    """A possible counterpart. linked_gid: the variant of this store it stands for.

    name: for people. unit: its unit of measure when that isn't pieces.
    archived: found by a key only where no other variant is. shared: several variants
    of the store may stand for it.
    """

    id: int
    template_id: int
    sku: str = ""
    barcode: str = ""
    linked_gid: str = ""
    name: str = ""
    unit: str = ""
    archived: bool = False
    shared: bool = False

    def key(self, name: str) -> str:
        return {"sku": self.sku, "barcode": self.barcode}[name]


@dataclass(frozen=True)
class Match:
    """All that a stable key finds for one variant, on both sides.

    odoo_ids: everybody in Odoo who carries one of its keys; remote_gids: other
    variants of Shopify that do. key, value: the first key that found something, else
    the first that was asked. archived_ids: archived ones in Odoo, if all are.
    """

    odoo_ids: tuple[int, ...]
    remote_gids: tuple[str, ...]
    key: str
    value: str
    archived_ids: tuple[int, ...] = ()

    @property
    def is_unique(self) -> bool:
        return len(self.odoo_ids) == 1 and not self.remote_gids


class MatchIndex:
    """Odoo's variants by stable key, read once for a batch."""

    def __init__(self, variants: Iterable[OdooVariant]):
        self._by_id: dict[int, OdooVariant] = {}
        self._by_key: dict[tuple[str, str], list[int]] = {}
        self._archived: dict[tuple[str, str], list[int]] = {}
        for variant in variants:
            self._by_id[variant.id] = variant
            by_key = self._archived if variant.archived else self._by_key
            for name in MATCH_KEYS:
                value = normal_key(name, variant.key(name))
                if value:
                    by_key.setdefault((name, value), []).append(variant.id)

    def extended(self, variants: Iterable[OdooVariant]) -> "MatchIndex":
        """The same, with these besides; they are found by ID only, not by key."""
        more = MatchIndex(())
        more._by_key, more._archived = self._by_key, self._archived
        more._by_id = {variant.id: variant for variant in variants} | self._by_id
        return more

    def holders(self, name: str, value: str) -> tuple[int, ...]:
        return self._ids(self._by_key, name, value)

    def archived_holders(self, name: str, value: str) -> tuple[int, ...]:
        return self._ids(self._archived, name, value)

    @staticmethod
    def _ids(by_key, name: str, value: str) -> tuple[int, ...]:
        normal = normal_key(name, value)
        return tuple(sorted(set(by_key.get((name, normal), ())))) if normal else ()

    def __getitem__(self, odoo_id: int) -> OdooVariant:
        return self._by_id[odoo_id]


def keys_of(plans: Iterable[ProductPlan]) -> dict[str, tuple[str, ...]]:
    """The SKUs and barcodes of a batch as they are compared, each once: what the index
    has to be read for."""
    found: dict[str, set[str]] = {name: set() for name in MATCH_KEYS}
    for plan in plans:
        for variant in plan.variants:
            for name in MATCH_KEYS:
                found[name].add(normal_key(name, variant.key(name)))
    return {name: tuple(sorted(values - {""})) for name, values in found.items()}


def match_variants(
    plans: Sequence[ProductPlan],
    index: MatchIndex,
    keys: Sequence[str] = MATCH_KEYS,
    seen: Mapping[tuple[str, str], Iterable[str]] | None = None,
) -> dict[str, Match]:
    """What the stable keys find for every variant of a batch, by variant GID.

    seen: variant GIDs by (key, value) that a search in Shopify found beyond the batch.
    keys: which ones count, in the order of preference. All of them are asked, for a
    SKU that means one product and a barcode that means another is no match but a
    contradiction, and both are candidates then.
    """
    remote = _remote_holders(plans, keys)
    for (name, value), gids in (seen or {}).items():
        remote.setdefault((name, normal_key(name, value)), set()).update(gids)
    return {
        variant.gid: _match(variant, index, keys, remote)
        for plan in plans
        for variant in plan.variants
    }


def _remote_holders(plans, keys) -> dict[tuple[str, str], set[str]]:
    holders: dict[tuple[str, str], set[str]] = {}
    for plan in plans:
        for variant in plan.variants:
            for name in keys:
                pair = (name, normal_key(name, variant.key(name)))
                holders.setdefault(pair, set()).add(variant.gid)
    return holders


def _match(variant, index, keys, remote) -> Match:
    asked = [(name, variant.key(name)) for name in keys if variant.key(name).strip()]
    found = [(pair, index.holders(*pair)) for pair in asked]
    archived = []
    if not any(ids for _pair, ids in found):
        archived = [(pair, index.archived_holders(*pair)) for pair in asked]
    telling = [pair for pair, ids in (*found, *archived) if ids]
    shown = (telling or asked or [("", "")])[0]
    return Match(
        odoo_ids=_all_ids(found),
        archived_ids=_all_ids(archived),
        remote_gids=tuple(
            sorted(
                {
                    gid
                    for name, value in asked
                    for gid in remote[name, normal_key(name, value)]
                }
                - {variant.gid}
            )
        ),
        key=shown[0],
        value=shown[1],
    )


def _all_ids(found) -> tuple[int, ...]:
    return tuple(sorted({odoo_id for _pair, ids in found for odoo_id in ids}))


def made_key(variant: VariantPlan, keys: Sequence[str]) -> str:
    """What a variant made in Odoo was made for, as "key:value"; "" where nothing tells
    it apart.

    keys: those that the store matches by. By another one two variants may well be
    equal: where barcodes count, a SKU may stand twice.
    """
    told = [(name, normal_key(name, variant.key(name))) for name in keys]
    return next((f"{name}:{value}" for name, value in told if value), "")


def candidates_of(matches: Mapping[str, Match], index: MatchIndex) -> dict:
    """What the matches are to core.identity: {variant GID: Candidates}."""
    return {
        gid: Candidates(
            odoo_ids=match.odoo_ids,
            remote_gids=match.remote_gids,
            key=KEY_LABELS[match.key],
            value=match.value,
            taken={
                odoo_id: index[odoo_id].linked_gid
                for odoo_id in match.odoo_ids
                if index[odoo_id].linked_gid not in ("", gid)
            },
            archived_ids=match.archived_ids,
            shared=frozenset(id for id in match.odoo_ids if index[id].shared),
        )
        for gid, match in matches.items()
    }


def shared_skus(plans: Iterable[ProductPlan], index: MatchIndex) -> tuple[str, ...]:
    """SKUs worth a search in Shopify: Odoo has one record for them, and Shopify counts
    several. Taking the variant that happens to be read first would be a guess.
    """
    return tuple(
        sorted(
            {
                variant.sku
                for plan in plans
                for variant in plan.variants
                if variant.shared_sku and len(index.holders("sku", variant.sku)) == 1
            }
        )
    )


def template_of(
    plan: ProductPlan, odoo_ids: Mapping[str, int], index: MatchIndex
) -> tuple[int, ...]:
    """The Odoo products that a product's linked or matched variants belong to.

    odoo_ids: Odoo variant by variant GID, of the variants that have one. More than
    one product in the answer: somebody has to choose.
    """
    return tuple(
        sorted(
            {
                index[odoo_ids[variant.gid]].template_id
                for variant in plan.variants
                if variant.gid in odoo_ids
            }
        )
    )


# --- Links -------------------------------------------------------------------------

# The variants may go on while a person finds out which product they form.
_PRODUCT_ONLY = ("ambiguous_match", "match_taken")
_HAS_RECORD = ("update", "update_and_mark", "link", "restore")


@dataclass(frozen=True)
class LinkPlan:
    """What a product's sync does to links and records; nothing else of Odoo changes.

    template_id: the Odoo product; None while it is to be made, or not settled.
    link_template: the product's own link is new. link: Odoo variant by variant GID,
    of the links that are new. make: variants to be made in Odoo, all of them where
    `make_template`. stops: what a person must settle; the rest goes on.
    """

    product: ProductPlan
    template_id: int | None = None
    link_template: bool = False
    make_template: bool = False
    link: Mapping[str, int] = field(default_factory=dict)
    make: tuple[VariantPlan, ...] = ()
    mark_again: tuple[str, ...] = ()
    stops: tuple[Failure, ...] = ()
    summary: str = ""

    @property
    def creates(self) -> bool:
        """Whether it links or makes anything; a flow in review asks first."""
        return bool(self.link or self.make or self.link_template or self.make_template)


def plan_links(
    plan: ProductPlan,
    template: Decision,
    variants: Mapping[str, Decision],
    index: MatchIndex,
    made_here: bool = False,
) -> LinkPlan | Failure:
    """Put the decisions about a product and its variants together.

    template, variants: core.identity's decisions, variants by GID with may_create.
    made_here: the Odoo product was made from this very Shopify product, so variants
    that appear in Shopify are added to it; an adopted one is never added to.
    """
    stops = _variant_stops(plan, variants, index)
    if template.action in ("update", "update_and_mark"):
        return _plan_linked(plan, template, variants, stops, made_here)
    if template.action == "stop" and template.reason_code not in _PRODUCT_ONLY:
        return template.failure
    if stops:
        # A product is taken over whole or not at all.
        return stops[0]
    if template.action in ("unmapped", "create"):
        return _plan_new(plan, template, variants, index)
    links = _new_links(variants)
    failure = template.failure
    return LinkPlan(
        product=plan,
        template_id=None if failure else template.odoo_id,
        link_template=failure is None,
        link=links,
        mark_again=_to_mark_again(variants),
        stops=(failure,) if failure else _unmatched(plan, variants),
    )


def _plan_new(plan, template, variants, index) -> LinkPlan | Failure:
    if template.action == "unmapped":
        return Failure("product_unmapped", {"product": plan.title})
    for variant in plan.variants:
        decision = variants[variant.gid]
        if decision.action in ("update", "update_and_mark"):
            # Made anew it would be linked twice: that product is to be unlinked first.
            return Failure(
                "match_taken",
                {
                    "key": "variants",
                    "value": variant.label(),
                    "candidate": index[decision.odoo_id].name,
                    "other": variant.gid,
                },
            )
    return LinkPlan(
        product=plan, link_template=True, make_template=True, make=plan.variants
    )


def _plan_linked(plan, template, variants, stops, made_here) -> LinkPlan:
    missing = tuple(
        variant for variant in plan.variants if variants[variant.gid].action == "create"
    )
    stopped = {id for stop in stops for id in stop.waits_on}
    links = {
        gid: odoo_id
        for gid, odoo_id in _new_links(variants).items()
        if f"variant:{gid}" not in stopped
    }
    own = (plan.gid,) if template.mark_again else ()
    return LinkPlan(
        product=plan,
        template_id=template.odoo_id,
        link=links,
        make=missing if made_here else (),
        mark_again=(*own, *_to_mark_again(variants)),
        stops=stops if made_here else (*stops, *_unmatched(plan, variants)),
    )


def _new_links(variants) -> dict[str, int]:
    return {
        gid: found.odoo_id
        for gid, found in variants.items()
        if found.action in ("link", "restore")
    }


def _to_mark_again(variants) -> tuple[str, ...]:
    return tuple(
        gid for gid, found in variants.items() if found.action == "update_and_mark"
    )


def _unmatched(plan, variants) -> tuple[Failure, ...]:
    return tuple(
        Failure(
            "variant_unmapped",
            {"variant": variant.label()},
            (f"variant:{variant.gid}",),
        )
        for variant in plan.variants
        if variants[variant.gid].action == "create"
    )


def _variant_stops(plan, variants, index) -> tuple[Failure, ...]:
    found = []
    for variant in plan.variants:
        decision = variants[variant.gid]
        key = f"variant:{variant.gid}"
        if decision.action == "stop":
            stop = decision.failure
            found.append(Failure(stop.code, stop.params, (*stop.waits_on, key)))
        elif decision.action in _HAS_RECORD and index[decision.odoo_id].unit:
            counterpart = index[decision.odoo_id]
            found.append(
                Failure(
                    "unit_differs",
                    {"product": counterpart.name, "unit": counterpart.unit},
                    (key,),
                )
            )
    return tuple(found)


def barcode_conflict(
    variants: Iterable[VariantPlan], index: MatchIndex, others: Mapping[str, Match]
) -> Failure | None:
    """Why these variants can't be made: a barcode that somebody carries already.

    Odoo allows a barcode once. Needed where barcodes are no match key; where they
    are, the matches say it. others: barcode matches of the batch, by variant GID.
    """
    for variant in variants:
        match = others[variant.gid]
        if variant.barcode and (match.odoo_ids or match.remote_gids):
            names = [index[odoo_id].name for odoo_id in match.odoo_ids]
            return Failure(
                "ambiguous_match",
                {
                    "key": KEY_LABELS["barcode"],
                    "value": variant.barcode,
                    "candidates": [*names, *match.remote_gids],
                },
            )
    return None


# --- What was changed on one side only ----------------------------------------------


def new_differences(
    shopify: Mapping[str, str],
    odoo: Mapping[str, str],
    noted: Mapping[str, Sequence[str]] | None,
    label: str = "",
) -> tuple[Change, ...]:
    """Fields that read differently on the two sides and weren't noted so before.

    noted: pairs (Shopify's, Odoo's) by field as of the last sync. What is written once
    only may differ for ever; it is shown when it begins to, not each time.
    """
    prefix = f"{label}: " if label else ""
    return tuple(
        Change(f"{prefix}{name}", odoo[name], value)
        for name, value in shopify.items()
        if name in odoo
        and odoo[name] != value
        and list((noted or {}).get(name) or ()) != [value, odoo[name]]
    )


def pairs(shopify: Mapping[str, str], odoo: Mapping[str, str]) -> dict[str, list[str]]:
    """Both sides' values by field, as kept for the next comparison."""
    return {
        name: [value, odoo[name]] for name, value in shopify.items() if name in odoo
    }
