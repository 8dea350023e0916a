"""Making products in Shopify: a template with all its variants, as one draft."""

from decimal import Decimal

from odoo.tools import split_every

from ..core import exports, identity, matching, products
from ..core.exports import AttributeFacts, ProductFacts, VariantFacts
from ..core.failures import Failure, NeedsReview
from ..core.identity import Candidates, OutboundFacts
from .product_reader import read_products
from .remote_nodes import scope_failure
from .shopify_export_steps import Export, look_up, token_of

OWNERS, VARIANT_OWNERS = "products/create_owners", "products/create_variant_owners"
OWNERS_A_REQUEST, VARIANTS_A_REQUEST = 20, 25
HOLDERS, KEYS_A_SEARCH = "products/create_holders", 50


class ProductExport(Export):
    write = "products/create"
    root, made = "productSet", "product"
    flow = "products"
    word = "Product"

    def __init__(self, env, backend, client, records, links):
        super().__init__(env, backend, client, records, links)
        # sudo: see links
        self.variant_links = env["shopify.product.product"].sudo()
        # Of variants: {Odoo ID: who holds it}; {product: {GID of a product: of its
        # variant}} where one that holds an ID of ours is linked to nothing.
        self.held_below, self.found_below = {}, {}
        # Links of variants whose mark somebody removed.
        self.unmarked_below = self.variant_links.browse()

    # --- Odoo's side ---

    def facts(self, record):
        lines = record.attribute_line_ids.sorted(lambda line: (line.sequence, line.id))
        making = lines.filtered(
            lambda line: line.attribute_id.create_variant != "no_variant"
        )
        variants = record.product_variant_ids
        unit = self.env.ref("uom.product_uom_unit")
        shop_currency = self.backend.shop_currency_id
        return ProductFacts(
            id=record.id,
            name=record.name,
            kind=_kind(record),
            is_stocked=record.is_storable,
            attributes=tuple(
                _attribute(line, variants if line in making else None) for line in lines
            ),
            variants=tuple(self._variant(variant, making) for variant in variants),
            currency=self.backend.company_id.currency_id.name,
            shop_currency=shop_currency.name or "?",
            unit="" if record.uom_id == unit else record.uom_id.name,
        )

    def _variant(self, variant, making):
        chosen = {
            value.attribute_line_id: value.name
            for value in variant.product_template_attribute_value_ids
        }
        return VariantFacts(
            id=variant.id,
            values=tuple(chosen.get(line, "") for line in making),
            sku=variant.default_code or "",
            barcode=variant.barcode or "",
            price=Decimal(str(variant.lst_price)),
            weight=self._kilograms(variant),
        )

    def _kilograms(self, variant):
        if not variant.weight:
            return Decimal(0)
        unit = self.env[
            "product.template"
        ]._get_weight_uom_id_from_ir_config_parameter()
        kilogram = self.env.ref("uom.product_uom_kgm")
        weight = unit._compute_quantity(variant.weight, kilogram, round=False)
        return Decimal(str(round(weight, 6)))

    # --- Shopify's side ---

    def owners(self, records):
        variants = records.product_variant_ids
        found = look_up(
            self.client, OWNERS, [str(key) for key in records.ids], OWNERS_A_REQUEST
        )
        below = look_up(
            self.client,
            VARIANT_OWNERS,
            [str(key) for key in variants.ids],
            VARIANTS_A_REQUEST,
        )
        self.births |= self.variant_links._births(variants)
        self.held_below |= {int(value): node for value, node in below.items()}
        return {
            int(value): (node["id"], identity.mark_from_node(node))
            for value, node in found.items()
        }

    def stopped_below(self, record, linked):
        """Each variant by the same table: what stops one of them stops the product."""
        self.found_below[record.id] = {}
        variants = record.product_variant_ids
        links = self.variant_links._links_of(self.backend, variants.ids)
        elsewhere = {}
        for variant in variants:
            link, node = links.get(variant.id), self.held_below.get(variant.id)
            decision = self._decide_variant(variant, link, node)
            if decision.action == "stop":
                return decision.failure
            if decision.action == "update":
                elsewhere[variant] = link.product_gid or link.shopify_gid
            if decision.mark_again and link:
                self.unmarked_below |= link
            if decision.action == "adopt":
                self.found_below[record.id][node["product"]["id"]] = node["id"]
        if elsewhere and not linked:
            return Failure(
                "export_half_linked",
                {
                    "variants": [variant.display_name for variant in elsewhere],
                    "others": sorted(set(elsewhere.values())),
                },
            )
        return None

    def _decide_variant(self, variant, link, node):
        owner = None
        if node:
            mark = identity.mark_from_node(node)
            owner = self._owner(self.variant_links, node["id"], mark)
        return identity.decide_outbound(
            OutboundFacts(
                expected=self.expected(self.variant_links, variant, link, owner),
                linked_gid=link.shopify_gid if link else None,
                owner=owner,
                may_create=True,
            )
        )

    def candidates(self, records):
        keys = self.backend._match_keys("ProductVariant")
        facts = {record.id: self.facts(record) for record in records}
        nodes = search_holders(
            self.client,
            [
                (key, getattr(variant, key))
                for each in facts.values()
                for variant in each.variants
                for key in keys
            ],
        )
        return {
            record.id: self._candidates(record, facts[record.id], nodes, keys)
            for record in records
        }

    def _candidates(self, record, facts, nodes, keys):
        label = ", ".join(facts.label(variant) for variant in facts.variants[:3])
        marked = self.found_below[record.id]
        if marked:
            return self._among("mark", label, marked, ())
        apart = {row.shopify_gid for row in self.parted(record)}
        key, value, found = exports.product_holders(facts, nodes, keys)
        found = {gid: below for gid, below in found.items() if gid not in apart}
        key_here, value_here, twins = self._twins(record, facts, keys)
        if twins:
            key, value = key_here, value_here
        return self._among(key, value or label, found, twins)

    def _among(self, key, value, found, twins):
        links = self.links._find(self.backend, found)
        below = self.variant_links._find(self.backend, found.values())
        taken = {
            gid: (links.get(gid) or below[variant]).odoo_id.display_name
            for gid, variant in found.items()
            if gid in links or variant in below
        }
        return Candidates(
            odoo_ids=twins,
            remote_gids=tuple(found),
            key=self.env._(matching.KEY_LABELS.get(key, "variants")),
            value=value,
            taken=taken,
        )

    def _twins(self, record, facts, keys):
        """(key, value, IDs of further products of Odoo that hold a key of this one)"""
        for key in keys:
            values = {
                matching.normal_key(key, getattr(each, key)) for each in facts.variants
            } - {""}
            ids = self.links._holders_of(key, values)
            holders = (
                self.env["product.product"]
                .search([("id", "in", ids)])
                .filtered(lambda each: each.product_tmpl_id != record)
            )
            if holders:
                value = holders[0][{"sku": "default_code"}.get(key, key)]
                return key, value, tuple(holders.product_tmpl_id.ids)
        return "", "", ()

    # --- Making ---

    def input(self, record, key):
        facts = self.facts(record)
        birth = self.births
        proofs = {
            each.id: identity.Proof(
                self.database,
                "product.product",
                (each.id,),
                birth["product.product", each.id],
                key,
            )
            for each in facts.variants
        }
        proof = identity.Proof(
            self.database,
            record._name,
            (record.id,),
            birth[record._name, record.id],
            key,
        )
        given = exports.product_input(facts, proof, proofs)
        return given, exports.product_points(given), exports.product_rows(facts)

    def read_whole(self, gid):
        return read_products(self.client, [gid])[gid]

    def bind(self, record, gid, node):
        plan = products.plan_product(node)
        link = self.links._bind(
            self.backend,
            [
                {
                    "shopify_gid": gid,
                    "odoo_id": record.id,
                    **token_of(plan.mark),
                }
            ],
        )
        variants = {variant.id for variant in record.product_variant_ids}
        known = self.variant_links._links_of(self.backend, variants)
        mine = [
            (variant, variant.mark.proof.ids[0])
            for variant in plan.variants
            if isinstance(variant.mark.proof, identity.Proof)
            and variant.mark.proof.model == "product.product"
            and variant.mark.proof.ids[0] in variants - set(known)
        ]
        self.variant_links._bind(
            self.backend,
            [
                {
                    "shopify_gid": variant.gid,
                    "odoo_id": odoo_id,
                    "product_gid": gid,
                    "product_link_id": link.id,
                    "inventory_item_gid": variant.inventory_item_gid,
                    "tracked": variant.is_stocked,
                    "label": variant.label(),
                    **token_of(variant.mark),
                }
                for variant, odoo_id in mine
            ],
        )
        if len(mine) < len(plan.variants):
            self.read_in(gid)

    def read_in(self, gid):
        """Its variants are linked by the way in, by mark or key."""
        self.env["shopify.trigger"].sudo()._insert(
            self.backend, [("products", "in", "Product", gid)], "linked"
        )

    def linked(self, record, decision):
        below = self.unmarked_below.filtered(
            lambda link: link.odoo_id in record.product_variant_ids
        )
        below._ask_for_marks("cleared")
        return super().linked(record, decision)

    def made_note(self):
        return self.env._("Made in Shopify, as a draft: publish it there.")

    def linked_note(self, record):
        variants = record.product_variant_ids
        links = self.variant_links._links_of(self.backend, variants.ids)
        missing = variants.filtered(lambda each: each.id not in links)
        if not missing:
            return super().linked_note(record)
        return self.env._(
            "Linked already. Add these variants to it in Shopify, with the same SKU: %s",
            ", ".join(missing.mapped("display_name")),
        )


def _kind(record):
    if record.type == "combo":
        return "combo"
    return "service" if record.type == "service" else "goods"


def _attribute(line, variants):
    """variants: those that it makes; None if it makes none."""
    if variants is None:
        names = line.value_ids.mapped("name")
    else:
        used = variants.product_template_attribute_value_ids
        used = line.product_template_value_ids & used
        names = used.mapped("name")
    return AttributeFacts(
        name=line.attribute_id.name,
        values=tuple(names),
        makes_variants=variants is not None,
        is_custom=any(line.value_ids.mapped("is_custom")),
    )


def search_holders(client, keys):
    """Nodes of the variants that hold one of these keys, as far as the search index
    knows: it lags, so it proves that there is one, never that there is none.

    keys: (name, value) pairs.
    """
    keys, nodes = [pair for pair in dict.fromkeys(keys) if pair[1].strip()], []
    for part in split_every(KEYS_A_SEARCH, keys):
        query = " OR ".join(f"{name}:{_quoted(value)}" for name, value in part)
        after = None
        while True:
            answer = client.execute(HOLDERS, {"query": query, "after": after})
            if answer.denied:
                raise NeedsReview.of(scope_failure(answer.denied, answer.denied_scopes))
            page = answer.data["productVariants"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
    return nodes


def _quoted(value):
    text = value.strip().replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
