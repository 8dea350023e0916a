"""Merging contacts minds their Shopify links.

Odoo's merge moves foreign keys in SQL, past every guard, and deletes the rows that then
break a unique index. So links are moved before that pass, by the connector's own means,
and nothing of them is left to it.
"""

from odoo import fields, models
from odoo.exceptions import UserError

from ..models.roles import MANAGER, has_role
from ..models.shopify_res_partner import CONTACT

# Context: ID of the wizard that names the groups which are left apart.
SKIP = "shopify_skip_linked"


class LinksStay(UserError):
    """A link can't follow into the contact that is kept."""


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    shopify_keep_aliases = fields.Boolean(
        "One Person with Several Shopify Accounts",
        help="Contacts that are different customers in one Shopify store are merged "
        "too: the others become further accounts of the contact that is kept.",
    )
    shopify_skipped = fields.Char("Left Apart", readonly=True)

    def action_start_automatic_process(self):
        """Groups that can't be merged because of their links are left apart and named:
        one of them must not keep all the others from being merged."""
        return super(
            MergePartnerAutomatic, self._skipping()
        ).action_start_automatic_process()

    def action_update_all_process(self):
        return super(
            MergePartnerAutomatic, self._skipping()
        ).action_update_all_process()

    def _skipping(self):
        """Odoo's process goes on in a second wizard, of which nobody sees anything: what
        is left apart is named on the one that the person opened."""
        if self.env.context.get(SKIP):
            return self
        return self.with_context(**{SKIP: self.id})

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Refuse to merge two customers of one store, unless told that they are one."""
        refusal = self._refusal(partner_ids)
        teller = self.browse(self.env.context.get(SKIP))
        if not teller:
            if refusal:
                raise UserError(refusal)
            return super()._merge(partner_ids, dst_partner, extra_checks)
        if not refusal:
            try:
                # Much is merged before the links are looked at.
                with self.env.cr.savepoint():
                    return super()._merge(partner_ids, dst_partner, extra_checks)
            except LinksStay as stop:
                refusal = self._named(partner_ids, stop)
        teller.shopify_skipped = " ".join(
            filter(None, [teller.shopify_skipped, refusal])
        )
        return None

    def _named(self, partner_ids, stop):
        contacts = self.env["res.partner"].browse(partner_ids)
        return self.env._(
            "%(contacts)s: %(problem)s",
            contacts=", ".join(f"{each.display_name} ({each.id})" for each in contacts),
            problem=stop.args[0],
        )

    def _refusal(self, partner_ids):
        """Why these can't be one contact, or None."""
        for (backend, _kind), links in self._main_links(partner_ids).items():
            if len(links) < 2 or self._may_keep_aliases(backend):
                continue
            values = {
                "store": backend.name,
                "customers": ", ".join(
                    f"{link.odoo_id.display_name} ({link.shopify_gid})"
                    for link in links
                ),
            }
            if self.shopify_keep_aliases:
                return self.env._(
                    "These contacts are different customers in the Shopify store "
                    "%(store)s: %(customers)s. Only a Shopify manager of that store may "
                    "say that they are one person: ask one.",
                    **values,
                )
            return self.env._(
                "These contacts are different customers in the Shopify store "
                "%(store)s: %(customers)s. Merge the customers in Shopify "
                "first, or leave the contacts apart.",
                **values,
            )
        return None

    def _may_keep_aliases(self, backend):
        """Whether this store's customers may become accounts of one contact: it ends a
        link of its own, as relinking by a manager does."""
        if not self.shopify_keep_aliases or not has_role(self.env, MANAGER):
            return False
        companies = self.env.user.company_ids.ids
        store = backend.with_env(self.env).with_context(allowed_company_ids=companies)
        return store.has_access("read")

    def _main_links(self, partner_ids):
        """{(store, kind): main links of these contacts}"""
        # sudo: whoever merges may not see the store
        links = (
            self.env["shopify.res.partner"]
            .sudo()
            .search(
                [
                    ("odoo_id", "in", list(partner_ids)),
                    ("shopify_gid", "!=", False),
                    ("alias_of_id", "=", False),
                ],
                order="id",
            )
        )
        return links.grouped(lambda link: (link.backend_id, link.kind))

    def _update_foreign_keys(self, src_partners, dst_partner):
        """See Odoo's; links go first, with history and a new proof."""
        try:
            self._move_links(src_partners, dst_partner)
        except UserError as refused:
            raise LinksStay(*refused.args) from refused
        self._move_match_keys(src_partners, dst_partner)
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)

    def _move_links(self, src_partners, dst_partner):
        reason = self.env._("contacts merged")
        for links in self._main_links((src_partners | dst_partner).ids).values():
            main = links.filtered(lambda link: link.odoo_id == dst_partner)[:1]
            if not main:
                main = links[0]
                main._relink(dst_partner.sudo(), reason)
            for link in links - main:
                link._make_alias(main, reason)

    def _move_match_keys(self, src_partners, dst_partner):
        """Guests and addresses: unique a company, so an address that both contacts have
        keeps one row."""
        rows = self.env["shopify.res.partner"].sudo()
        rows.search(
            [("odoo_id", "in", src_partners.ids), ("shopify_gid", "=", False)]
        )._as_engine().write({"odoo_id": dst_partner.id})
        kept = rows.search(
            [("parent_partner_id", "=", dst_partner.id), ("kind", "=", CONTACT)]
        )
        known = {(row.company_id, row.match_key) for row in kept}
        for row in rows.search([("parent_partner_id", "in", src_partners.ids)]):
            if (row.company_id, row.match_key) in known:
                row._as_engine().unlink()
                continue
            known.add((row.company_id, row.match_key))
            row._as_engine().write({"parent_partner_id": dst_partner.id})
