"""Links of products, and the sync of a Shopify product with its variants into Odoo.

Content is written once only, when the product is made here. Later differences are
noted in History and left: adopting a product changes nothing but links.
"""

from collections import defaultdict
from dataclasses import dataclass, replace

from odoo import api, fields, models
from odoo.fields import Domain

from ..core import identity, product_links, products
from ..core.failures import Failure
from ..core.identity import Candidates
from ..core.outcome import Change, Outcome
from ..core.product_links import LinkPlan, MatchIndex, OdooVariant
from ..core.products import ProductPlan
from .link_content import note_pairs, write_if_new
from .product_maker import ProductMaker
from .product_reader import read_products, search_skus
from .shopify_match_key import key_sql


@dataclass(frozen=True)
class GonePlan:
    """Shopify has no such product any more; its links are kept."""

    link_id: int | None
    variant_link_ids: tuple[int, ...] = ()
    creates: bool = False


class ShopifyProductTemplate(models.Model):
    _name = "shopify.product.template"
    _inherit = "shopify.shareable"
    _description = "Shopify Product Link"

    _shopify_type = "Product"
    _flow = "products"

    odoo_id = fields.Many2one(
        "product.template", "Product", required=True, index=True, ondelete="restrict"
    )
    variant_link_ids = fields.One2many(
        "shopify.product.product", "product_link_id", "Variants"
    )
    made_here = fields.Boolean(
        readonly=True,
        help="The Odoo product was made from this Shopify product, so variants that "
        "appear there are added to it.",
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id) WHERE shared_id IS NULL",
        "This product stands for another Shopify product of the store already.",
    )

    def write(self, vals):
        if "made_here" in vals:
            self._check_engine()
        return super().write(vals)

    # === FETCH === #

    @api.model
    def _fetch(self, backend, client, gids):
        nodes = read_products(client, gids)
        self._search_shared_skus(backend, client, nodes)
        return nodes

    @api.model
    def _search_shared_skus(self, backend, client, nodes):
        """Look in Shopify for other variants of SKUs that are about to be matched.

        Adds to each node the entry `sku_holders`: {SKU: variant GIDs}. The search
        index lags, so it proves that another holder exists, never that none does.
        """
        plans = self._product_plans(nodes)
        hinted = any(v.shared_sku for plan in plans.values() for v in plan.variants)
        if not hinted or "sku" not in backend._match_keys("ProductVariant"):
            return
        unlinked = self._without_links(backend, plans.values())
        index = self._match_index(backend, plans.values(), keys=("sku",))
        skus = product_links.shared_skus(unlinked, index)
        holders = search_skus(client, skus) if skus else {}
        for node in nodes.values():
            if isinstance(node, dict):
                node["sku_holders"] = holders

    @api.model
    def _without_links(self, backend, plans):
        """The plans, with only those variants that no link has yet."""
        linked = self.env["shopify.product.product"]._find(
            backend, [variant.gid for plan in plans for variant in plan.variants]
        )
        return [
            replace(
                plan,
                variants=tuple(v for v in plan.variants if v.gid not in linked),
            )
            for plan in plans
        ]

    @api.model
    def _product_plans(self, nodes) -> dict[str, ProductPlan]:
        return {
            gid: products.plan_product(node)
            for gid, node in nodes.items()
            if isinstance(node, dict)
        }

    @api.model
    def _identity_nodes(self, nodes):
        variants = {
            variant["id"]: variant
            for node in nodes.values()
            if isinstance(node, dict)
            for variant in node["variants"]["nodes"]
        }
        return super()._identity_nodes(nodes) | {"shopify.product.product": variants}

    # === PLAN === #

    @api.model
    def _plan(self, backend, nodes):
        variant_model = self.env["shopify.product.product"]
        plans = self._product_plans(nodes)
        keys = backend._match_keys("ProductVariant")
        index = self._match_index(backend, plans.values())
        matches = product_links.match_variants(
            list(plans.values()), index, keys, self._seen_skus(nodes)
        )
        candidates = product_links.candidates_of(matches, index)
        variants = variant_model._inbound_decisions(
            backend,
            self._identity_nodes(nodes)["shopify.product.product"],
            candidates,
            nodes.owners,
            may_create=True,
            archived="update",
        )
        variants = {gid: _settled(found) for gid, found in variants.items()}
        variants = identity.several_claim(variants, candidates)
        index = index.extended(
            self._odoo_variants(
                backend,
                Domain("id", "in", [d.odoo_id for d in variants.values() if d.odoo_id]),
                active_test=False,
            )
        )
        candidates = self._template_candidates(backend, plans, variants, index)
        templates = self._inbound_decisions(
            backend,
            nodes,
            candidates,
            nodes.owners,
            may_create=backend.product_policy == "create",
            archived="update",
        )
        templates |= self._let_be_made(backend, nodes, candidates, templates)
        templates = {gid: _settled(found) for gid, found in templates.items()}
        templates = identity.several_claim(templates, candidates)
        links = self._find(backend, nodes)
        gone = [gid for gid, found in templates.items() if found.action == "mark_gone"]
        variant_links = (
            variant_model.search(
                [("backend_id", "=", backend.id), ("product_gid", "in", gone)]
            ).grouped("product_gid")
            if gone
            else {}
        )
        return {
            gid: self._plan_one(
                templates[gid],
                plans.get(gid),
                variants,
                index,
                links.get(gid),
                variant_links.get(gid, variant_model),
            )
            for gid in nodes
        }

    @api.model
    def _let_be_made(self, backend, nodes, candidates, decisions):
        """Decisions about products that the policy wouldn't make, and a person would."""
        unmapped = [gid for gid in nodes if decisions[gid].action == "unmapped"]
        gids = backend._may_be_made(unmapped) if unmapped else ()
        if not gids:
            return {}
        return self._inbound_decisions(
            backend,
            nodes.only(gids),
            candidates,
            nodes.owners,
            may_create=True,
            archived="update",
        )

    @api.model
    def _plan_one(self, decision, plan, variants, index, link, variant_links):
        if decision.action == "mark_gone":
            # Its variants may be linked though it isn't: one product here may be two there.
            if link or variant_links:
                return GonePlan(link.id if link else None, tuple(variant_links.ids))
            return Outcome("excluded", decision.note)
        if plan is None:
            return decision.failure
        found = product_links.plan_links(
            plan, decision, variants, index, bool(link and link.made_here)
        )
        if isinstance(found, Failure):
            return found
        conflict = product_links.barcode_conflict(
            found.make,
            index,
            product_links.match_variants([plan], index, ("barcode",)),
        )
        return conflict or replace(found, summary=self._summary(found))

    @api.model
    def _summary(self, plan: LinkPlan):
        values = {"product": plan.product.title, "count": len(plan.link or plan.make)}
        if plan.make_template:
            return self.env._(
                "%(product)s will be made in Odoo, with %(count)s variants", **values
            )
        if plan.make:
            return self.env._(
                "%(count)s variants will be added to %(product)s", **values
            )
        return self.env._(
            "%(product)s will be linked, with %(count)s variants", **values
        )

    @api.model
    def _match_index(self, backend, plans, keys=product_links.MATCH_KEYS):
        values = product_links.keys_of(plans)
        found = {id for key in keys for id in self._holders_of(key, values[key])}
        domain = Domain("id", "in", sorted(found))
        return MatchIndex(
            [
                *self._odoo_variants(backend, domain, active_test=False),
                *self._made_before(backend, values),
            ]
        )

    @api.model
    def _holders_of(self, key, values):
        """IDs of the variants with one of these keys, compared as the worksheet does."""
        if not values:
            return []
        self.env["product.product"].flush_model(["default_code", "barcode"])
        column = key_sql(key, "o")
        # An expression without anybody's text in it; the index is made for it.
        self.env.cr.execute(
            f"SELECT o.id FROM product_product o WHERE {column} = ANY(%s)"
            f" AND {column} <> ''",
            [list(values)],
        )
        return [id for (id,) in self.env.cr.fetchall()]

    @api.model
    def _made_before(self, backend, values):
        """Variants that a store of the company made for these keys, under the key they
        were made for: a SKU changed in Odoo since must not bring a second product."""
        # sudo: whichever store made it
        links = (
            self.env["shopify.product.product"]
            .sudo()
            .search(
                [
                    ("company_id", "=", backend.company_id.id),
                    (
                        "made_key",
                        "in",
                        [f"{key}:{value}" for key in values for value in values[key]],
                    ),
                ]
            )
        )
        if not links:
            return []
        variants = {
            variant.id: variant
            for variant in self._odoo_variants(
                backend, Domain("id", "in", links.odoo_id.ids), active_test=False
            )
        }
        made_for = (
            (variants[link.odoo_id.id], *link.made_key.split(":", 1))
            for link in links
            if link.odoo_id.id in variants
        )
        return [replace(variant, **{key: value}) for variant, key, value in made_for]

    @api.model
    def _odoo_variants(self, backend, domain, active_test=True):
        """Variants that the store may use, as core takes them."""
        unit = self.env.ref("uom.product_uom_unit")
        shared = Domain("company_id", "in", [False, backend.company_id.id])
        found = (
            self.env["product.product"]
            .with_context(active_test=active_test)
            .search(domain & shared)
        )
        variants = self.env["shopify.product.product"]
        linked = variants._links_of(backend, found.ids)
        declared = variants._declarations(backend.id, found.ids)
        return [
            OdooVariant(
                id=product.id,
                template_id=product.product_tmpl_id.id,
                sku=product.default_code or "",
                barcode=product.barcode or "",
                linked_gid=(
                    linked[product.id].shopify_gid if product.id in linked else ""
                ),
                name=product.display_name,
                unit="" if product.uom_id == unit else product.uom_id.name,
                archived=not product.active,
                shared=product.id in declared,
            )
            for product in found
        ]

    @api.model
    def _seen_skus(self, nodes):
        return {
            ("sku", sku): gids
            for node in nodes.values()
            if isinstance(node, dict)
            for sku, gids in node.get("sku_holders", {}).items()
        }

    @api.model
    def _template_candidates(self, backend, plans, variants, index):
        """An unlinked product is what its variants belong to: {gid: Candidates}."""
        found = {}
        for gid, plan in plans.items():
            odoo_ids = {
                variant.gid: variants[variant.gid].odoo_id
                for variant in plan.variants
                if variants[variant.gid].odoo_id
            }
            found[gid] = product_links.template_of(plan, odoo_ids, index)
        taken = {
            template_id: link.shopify_gid
            for template_id, link in self._links_of(
                backend, {id for ids in found.values() for id in ids}
            ).items()
        }
        declared = self._declarations(
            backend.id, {id for ids in found.values() for id in ids}
        )
        return {
            gid: Candidates(
                odoo_ids=ids,
                key=self.env._("variants"),
                value=", ".join(v.label() for v in plans[gid].variants[:3]),
                taken={id: taken[id] for id in ids if taken.get(id, gid) != gid},
                shared=frozenset(id for id in ids if id in declared),
            )
            for gid, ids in found.items()
        }

    # === APPLY === #

    @api.model
    def _apply(self, backend, plans):
        gone = {gid: p for gid, p in plans.items() if isinstance(p, GonePlan)}
        todo = {gid: p for gid, p in plans.items() if isinstance(p, LinkPlan)}
        ends = {gid: self._apply_gone(plan) for gid, plan in gone.items()}
        made = self._make_records(backend, todo.values())
        self._link_records(backend, todo.values(), made)
        self._ask_again(backend, todo.values())
        links = self._find(backend, todo)
        variant_links = self._variant_links(backend, todo)
        for gid, plan in todo.items():
            link = links.get(gid, self.browse())
            changes = link._note_content(backend, plan.product, variant_links[gid])
            cleared = [
                each
                for each in (*link, *variant_links[gid])
                if each.verified_at and each.shopify_gid in plan.mark_again
            ]
            ends[gid] = self._end(plan, made.get(gid, {}), changes, bool(cleared))
        return ends

    @api.model
    def _variant_links(self, backend, plans):
        """{product GID: links of its variants}, those that left it included."""
        products_of = {
            variant.gid: gid
            for gid, plan in plans.items()
            for variant in plan.product.variants
        }
        links = self.env["shopify.product.product"].search(
            Domain("backend_id", "=", backend.id)
            & (
                Domain("product_gid", "in", list(plans))
                | Domain("shopify_gid", "in", list(products_of))
            )
        )
        found = defaultdict(list)
        for link in links:
            found[products_of.get(link.shopify_gid, link.product_gid)].append(link.id)
        # Read on for the whole batch at once, whichever product asks first.
        return {gid: links.browse(found[gid]).with_prefetch(links.ids) for gid in plans}

    @api.model
    def _apply_gone(self, plan):
        link = self.browse(plan.link_id or ())
        variants = self.env["shopify.product.product"].browse(plan.variant_link_ids)
        new = (each for links in (link, variants) for each in links if not each.gone_at)
        if not any(new):
            return Outcome(
                "unchanged", self.env._("Gone in Shopify; the link is kept.")
            )
        now = fields.Datetime.now()
        link._as_engine().write({"gone_at": now})
        (variants | link.variant_link_ids)._as_engine().write({"gone_at": now})
        return Outcome("synced", self.env._("Gone in Shopify; the link is kept."))

    @api.model
    def _make_records(self, backend, plans):
        """{product GID: {"": template ID, variant GID: product ID}} of what was made."""
        maker = ProductMaker(self.env, backend)
        new = [plan.product for plan in plans if plan.make_template]
        made = maker.make(new) if new else {}
        grown = [
            (
                plan.product,
                self.env["product.template"].browse(plan.template_id),
                plan.make,
            )
            for plan in plans
            if plan.make and not plan.make_template
        ]
        return made | (maker.add(grown) if grown else {})

    @api.model
    def _link_records(self, backend, plans, made):
        keys = backend._match_keys("ProductVariant")
        self._bind(
            backend,
            [
                {
                    "shopify_gid": plan.product.gid,
                    "odoo_id": made.get(plan.product.gid, {}).get("", plan.template_id),
                    "made_here": plan.make_template,
                }
                for plan in plans
                if plan.link_template
            ],
        )
        links = self._find(backend, [plan.product.gid for plan in plans])
        self.env["shopify.product.product"]._bind(
            backend,
            [
                {
                    "shopify_gid": variant.gid,
                    "odoo_id": odoo_id,
                    "product_gid": plan.product.gid,
                    "product_link_id": (
                        links[plan.product.gid].id
                        if plan.product.gid in links
                        else False
                    ),
                    "inventory_item_gid": variant.inventory_item_gid,
                    "tracked": variant.is_stocked,
                    "label": variant.label(),
                    "made_key": (
                        variant.gid not in plan.link
                        and product_links.made_key(variant, keys)
                        or False
                    ),
                    "proof": _proof_of(variant, odoo_id),
                }
                for plan in plans
                for variant in plan.product.variants
                if (odoo_id := _new_record(plan, made, variant.gid))
            ],
        )

    @api.model
    def _end(self, plan: LinkPlan, made, changes, cleared=False):
        """A stop stays a stop, though what could go on did."""
        unmade = [v for v in plan.make if v.gid not in made]
        stops = plan.stops + tuple(
            Failure("variant_unmapped", {"variant": v.label()}, (f"variant:{v.gid}",))
            for v in unmade
        )
        if stops:
            waits = dict.fromkeys(key for stop in stops for key in stop.waits_on)
            return Failure(stops[0].code, stops[0].params, tuple(waits))
        if plan.creates:
            return Outcome(
                "synced",
                plan.summary,
                (
                    *changes,
                    *(
                        Change(variant.label(), None, self.env._("linked"))
                        for variant in plan.product.variants
                        if _new_record(plan, {plan.product.gid: made}, variant.gid)
                    ),
                ),
            )
        notes = []
        if cleared:
            notes.append(self.env._(identity.CLEARED))
        if changes:
            notes.append(
                self.env._("Differences are left: products are written once only.")
            )
        return Outcome("unchanged", " ".join(notes), changes)

    @api.model
    def _ask_again(self, backend, plans):
        """Marks that somebody removed in Shopify are written again."""
        gids = [gid for plan in plans for gid in plan.mark_again]
        for model in (self, self.env["shopify.product.product"]):
            links = model._find(backend, gids) if gids else {}
            model.browse([link.id for link in links.values()])._ask_for_marks("cleared")

    def _note_content(self, backend, plan: ProductPlan, variant_links):
        """Keep what both sides say now; returns the differences that are new."""
        changes = ()
        if self:
            odoo = {"name": self.odoo_id.name}
            changes += note_pairs(self, plan.values_shown(), odoo)
            write_if_new(self, {"content_digest": plan.digest(), "gone_at": False})
        there = {variant.gid: variant for variant in plan.variants}
        for link in variant_links:
            changes += link._note_variant(
                backend, self, plan.gid, there.get(link.shopify_gid)
            )
        return changes


def _proof_of(variant, odoo_id):
    """The proof that stands on a variant for this very record; else None."""
    mark = variant.mark
    proof = mark and mark.proof
    if not isinstance(proof, identity.Proof) or mark.value != proof.value:
        return None
    return proof if proof.ids[0] == odoo_id else None


def _settled(decision):
    """What had to be looked up was, before anything was written; if a link appeared
    since, this run's facts are of two moments and the next one decides."""
    if isinstance(decision, identity.NeedsLookup):
        return identity.Decision("stop", "changed_meanwhile")
    return decision


def _new_record(plan: LinkPlan, made, variant_gid):
    """Odoo ID of a variant that gets its link in this run; 0 for none."""
    if variant_gid in plan.link:
        return plan.link[variant_gid]
    return made.get(plan.product.gid, {}).get(variant_gid, 0)
