"""Collections: an Odoo product tag that a person chose carries its ID in Shopify.

Only the link is kept: which products belong to a collection is not synced. Two of one
name may be two things, so none is linked by its name (docs/adr/0023).
"""

from dataclasses import dataclass

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import identity
from ..core.failures import Failure
from ..core.outcome import Change, Outcome
from .remote_nodes import read_nodes

IMPORT = "collections/import"
IDS_A_READ = 250


@dataclass(frozen=True)
class CollectionPlan:
    """Make a tag named `title` (creates), link the tag `tag_id` again, or mark the link
    `link_id` again, or note that its collection is gone."""

    link_id: int = 0
    tag_id: int = 0
    title: str = ""
    is_gone: bool = False
    note: str = ""

    @property
    def creates(self):
        return bool(self.title)

    @property
    def summary(self):
        return self.title


class ShopifyProductTag(models.Model):
    _name = "shopify.product.tag"
    _inherit = "shopify.binding"
    _description = "Shopify Collection Link"

    _shopify_type = "Collection"
    _flow = "products"

    odoo_id = fields.Many2one(
        "product.tag", "Product Tag", required=True, index=True, ondelete="restrict"
    )

    _odoo_uniq = models.UniqueIndex(
        "(backend_id, odoo_id)",
        "This product tag stands for another collection of the store already.",
    )

    @api.model
    def _fetch(self, backend, client, gids):
        return read_nodes(client, IMPORT, gids, IDS_A_READ)

    # === PLAN === #

    @api.model
    def _plan(self, backend, nodes):
        links = self._find(backend, list(nodes))
        decisions = self._inbound_decisions(
            backend, nodes, owners=getattr(nodes, "owners", {}), archived="update"
        )
        unmapped = [gid for gid in nodes if _is_unmapped(decisions[gid])]
        to_make = backend._may_be_made(unmapped) if unmapped else set()
        return {
            gid: CollectionPlan(title=nodes[gid]["title"])
            if gid in to_make
            else self._plan_one(decision, links.get(gid, self.browse()))
            for gid, decision in decisions.items()
        }

    @api.model
    def _plan_one(self, decision, link):
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared after the reads; the next run asks for it.
            return Failure("changed_meanwhile")
        if decision.action == "stop":
            return decision.failure
        if decision.action == "restore":
            return CollectionPlan(tag_id=decision.odoo_id)
        if decision.action == "unmapped":
            note = self.env._("Not linked: choose its product tag under Matching.")
            return Outcome("excluded", note)
        if not link:
            return Outcome("excluded", decision.note)
        if decision.action == "mark_gone":
            if link.gone_at:
                return Outcome("unchanged", self.env._("Gone in Shopify."))
            return CollectionPlan(link.id, is_gone=True)
        if decision.mark_again:
            return CollectionPlan(link.id, note=decision.note)
        return Outcome("unchanged")

    # === APPLY === #

    @api.model
    def _apply(self, backend, plans):
        tags = {gid: plan.tag_id for gid, plan in plans.items() if plan.tag_id}
        tags |= self._make_tags({g: p.title for g, p in plans.items() if p.creates})
        if tags:
            self._bind(
                backend,
                [
                    {"shopify_gid": gid, "odoo_id": tag_id}
                    for gid, tag_id in tags.items()
                ],
            )
        return {gid: self._applied(plan) for gid, plan in plans.items()}

    @api.model
    def _make_tags(self, titles):
        """{GID: ID of a new tag}; titles: {GID: title}.

        Raises UserError where there is a tag of that name: whether the collection is
        that tag, a person says.
        """
        model = self.env["product.tag"]
        there = model.search([("name", "in", list(titles.values()))])
        if there:
            raise UserError(
                self.env._(
                    "There is a product tag %(tag)s (ID %(id)s) in Odoo already. Choose "
                    "it under Matching if the collection is the same, or rename it.",
                    tag=there[0].name,
                    id=there[0].id,
                )
            )
        tags = model.create([{"name": title} for title in titles.values()])
        return dict(zip(titles, tags.ids, strict=True))

    @api.model
    def _applied(self, plan):
        link = self.browse(plan.link_id)
        if plan.is_gone:
            return link._note_gone()
        if link:
            link._ask_for_marks("mark differs in Shopify")
            return Outcome("synced", plan.note)
        if plan.creates:
            change = Change(self.env._("Product tag"), None, plan.title)
            return Outcome("synced", changes=(change,))
        return Outcome("synced", self.env._("Linked again by its Odoo ID."))


class ProductTag(models.Model):
    _inherit = "product.tag"

    shopify_binding_ids = fields.One2many(
        "shopify.product.tag",
        "odoo_id",
        "Shopify Links",
        readonly=True,
        copy=False,
        groups="shopify_connector.group_user",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_linked_to_shopify(self):
        # sudo: whoever deletes may not see the store
        link = self.sudo().shopify_binding_ids[:1]
        if link:
            raise UserError(
                self.env._(
                    "%(tag)s is linked to a collection of Shopify (store %(store)s, "
                    "%(gid)s), so it can't be deleted. Unlink it first.",
                    tag=link.odoo_id.display_name,
                    store=link.backend_id.name,
                    gid=link.shopify_gid,
                )
            )


def _is_unmapped(decision):
    return isinstance(decision, identity.Decision) and decision.action == "unmapped"
