"""Pairs that a person has parted: this Shopify record isn't that Odoo record.

Without them the next sync would link again, by SKU or e-mail, or by the mark that still
stands in Shopify, what somebody has just unlinked.
"""

from dataclasses import replace

from odoo import api, fields, models

from ..core import identity
from ..core.marks import label


class ShopifyParted(models.Model):
    _name = "shopify.parted"
    _description = "Shopify Parted Pair"
    _order = "id desc"
    _rec_name = "shopify_gid"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, precompute=True
    )
    shopify_type = fields.Char(required=True)
    shopify_gid = fields.Char("Shopify ID", required=True)
    odoo_model = fields.Char(required=True)
    odoo_id = fields.Integer("Odoo ID", required=True)
    mode = fields.Selection(
        [("unlinked", "Unlinked"), ("new", "Treated as new")],
        required=True,
        help="Unlinked: stays so until a person decides. Treated as new: goes on as if "
        "its mark weren't there and the Odoo record didn't exist.",
    )
    proof = fields.Char(help="The mark that means nothing any more.")
    is_cleared = fields.Boolean("Mark Removed in Shopify")
    reason = fields.Char(required=True)
    user_id = fields.Many2one("res.users", "By")

    _once = models.UniqueIndex(
        "(backend_id, shopify_gid, odoo_model, odoo_id)",
        "These two are parted already.",
    )

    @api.model
    def _of(self, backend, gids):
        """{GID: its rows} of this store."""
        rows = self.search(
            [("backend_id", "=", backend.id), ("shopify_gid", "in", list(gids))]
        )
        return dict(rows.grouped("shopify_gid").items())

    @api.model
    def _part(self, backend, values):
        """Note pairs; one that is noted already is noted anew."""
        known = self._of(backend, [each["shopify_gid"] for each in values])
        for each in values:
            known.get(each["shopify_gid"], self).filtered(
                lambda row, each=each: (
                    (row.odoo_model, row.odoo_id)
                    == (each["odoo_model"], each["odoo_id"])
                )
            ).unlink()
        return self.create(
            [
                {"backend_id": backend.id, "user_id": self.env.uid, **each}
                for each in values
            ]
        )

    def _disowns(self, mark):
        """Whether the mark is one that a person said means nothing."""
        if not isinstance(mark.proof, identity.Proof):
            return False
        told = (identity.parse_proof(row.proof or None) for row in self)
        return any(mark.proof.names_as(proof) for proof in told)

    def _stop(self):
        """Why the record is linked to nothing."""
        row = self.filtered(lambda each: each.mode == "unlinked")[:1]
        return identity.Decision(
            "stop",
            "unlinked_by_hand",
            params={
                "ours": label(row.odoo_model, row.odoo_id),
                "user": row.user_id.display_name,
                "why": row.reason,
            },
        )


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model
    def _inbound_decisions(
        self, backend, nodes, candidates=None, owners=None, **options
    ):
        """See shopify.binding; what a person has parted stays apart."""
        # sudo: kept by people, read by the engine
        parted = self.env["shopify.parted"].sudo()._of(backend, nodes)
        for gid in self._find(backend, parted) if parted else ():
            parted.pop(gid)
        for gid, rows in parted.items():
            node = nodes[gid]
            if isinstance(node, dict) and rows._disowns(identity.mark_from_node(node)):
                nodes = dict(nodes) | {gid: {**node, "odooId": None, "odooProof": None}}
        decisions = super()._inbound_decisions(
            backend,
            nodes,
            _without(candidates or {}, parted),
            owners,
            **options,
        )
        for gid, rows in parted.items():
            if isinstance(nodes[gid], dict) and "unlinked" in rows.mapped("mode"):
                decisions[gid] = rows._stop()
        return decisions

    @api.model
    def _bind(self, backend, vals_list):
        """See shopify.binding; a link that is made ends what kept the two apart, and
        knows the mark that may still stand in Shopify."""
        parted = (
            self.env["shopify.parted"]
            .sudo()
            ._of(backend, [vals["shopify_gid"] for vals in vals_list])
        )
        vals_list = [
            {"marked_proof": parted[vals["shopify_gid"]][0].proof, **vals}
            if vals["shopify_gid"] in parted
            else vals
            for vals in vals_list
        ]
        for rows in parted.values():
            rows.unlink()
        return super()._bind(backend, vals_list)


def _without(candidates, parted):
    """The candidates, none of them a record that a person said it isn't."""
    found = dict(candidates)
    for gid, rows in parted.items():
        if gid in found:
            banned = set(rows.mapped("odoo_id"))
            found[gid] = replace(
                found[gid],
                odoo_ids=tuple(i for i in found[gid].odoo_ids if i not in banned),
                archived_ids=tuple(
                    i for i in found[gid].archived_ids if i not in banned
                ),
            )
    return found
