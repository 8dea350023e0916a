"""Making in Shopify what only Odoo has, when a person asks for it in the worksheet."""

from odoo import api, fields, models

from ..core import failures
from ..core.failures import Failure
from ..core.outcome import Outcome
from .shopify_export_customer import CustomerExport
from .shopify_export_product import ProductExport

DONE = ("synced", "unchanged")


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model
    def _describe_out(self, subjects):
        """What lists show of these: {subject: facts}."""
        # sudo: a name for the list, also of a record that the sync user may not see
        records = self.env[self._model_marked()].sudo()
        found = records.browse(int(subject.key) for subject in subjects).exists()
        names = {str(record.id): record.display_name for record in found}
        return {s: {"record_name": names[s.key]} for s in subjects if s.key in names}

    @api.model
    def _show_in_worksheet(self, backend, records, ends):
        """Tell the rows of the worksheet that asked for these what came of it."""
        # sudo: rows are closed to everybody's hands
        matches = self.env["shopify.match"].sudo()
        scans = self.env["shopify.scan"].sudo()._newest()
        rows = matches.search(
            [
                (
                    "scan_id",
                    "in",
                    scans.filtered(lambda s: s.backend_id == backend).ids,
                ),
                ("shopify_gid", "=", False),
                ("odoo_model", "=", records._name),
                ("odoo_id", "in", records.ids),
                ("decision", "=", "create_there"),
            ]
        )
        if not rows:
            return
        links = self.sudo()._links_of(backend, rows.mapped("odoo_id"))
        for row in rows:
            end, link = ends.get(row.odoo_id), links.get(row.odoo_id)
            if isinstance(end, Failure):
                row.decision_error = failures.render(end, row.name or row.odoo_ref)
            elif isinstance(end, Outcome) and link and end.kind in DONE:
                row._became(link)
            elif isinstance(end, Outcome):
                row.decision_error = end.note


class ShopifyProductTemplate(models.Model):
    _inherit = "shopify.product.template"

    @api.model
    def _subjects(self, backend, ids):
        return self.env["product.template"].browse(ids)

    @api.model
    def _export(self, backend, client, templates):
        """Make these products in Shopify: {id: Outcome | Failure}."""
        ends = ProductExport(self.env, backend, client, templates, self).run()
        # sudo: also of a product that the sync user may not see
        variants = templates.sudo().exists().product_variant_ids
        of_variants = {each.id: ends[each.product_tmpl_id.id] for each in variants}
        self.env["shopify.product.product"]._show_in_worksheet(
            backend, variants, of_variants
        )
        return ends

    @api.model
    def _describe_exports(self, backend, subjects):
        return self._describe_out(subjects)


class ShopifyProductProduct(models.Model):
    _inherit = "shopify.product.product"

    @api.model
    def _bind(self, backend, vals_list):
        """Of a product that was there already, the variants are linked by the way in:
        the rows that asked for them learn it here."""
        links = super()._bind(backend, vals_list)
        linked = Outcome("synced")
        variants = links.odoo_id
        self._show_in_worksheet(backend, variants, dict.fromkeys(variants.ids, linked))
        return links


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    @api.model
    def _subjects(self, backend, ids):
        return self.env["res.partner"].browse(ids)

    @api.model
    def _export(self, backend, client, partners):
        """Make these customers in Shopify: {id: Outcome | Failure}."""
        return CustomerExport(self.env, backend, client, partners, self).run()

    @api.model
    def _describe_exports(self, backend, subjects):
        return self._describe_out(subjects)


class ShopifyMatch(models.Model):
    _inherit = "shopify.match"

    def _became(self, link):
        """This row of Odoo's alone is linked now: it stands for the pair, unless the
        Shopify record has a row of its own."""
        self.ensure_one()
        there = self.search(
            [
                ("scan_id", "=", self.scan_id.id),
                ("shopify_gid", "=", link.shopify_gid),
            ]
        )
        values = {
            "verdict": "linked",
            "odoo_model": self.odoo_model,
            "odoo_id": self.odoo_id,
            "decision": "create_there",
            "decided_by_id": self.decided_by_id.id,
            "decided_at": self.decided_at or fields.Datetime.now(),
            "decision_error": False,
            "reason_code": False,
            "reason_params": False,
        }
        if there:
            self.unlink()
            there.write(values)
        else:
            self.write({**values, "shopify_gid": link.shopify_gid})
