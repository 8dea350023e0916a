"""An order's invoices stand in its proof in Shopify: they are read here in batch, and
thin hooks say when they have changed."""

from dataclasses import replace

from odoo import api, models
from odoo.tools import SQL

INVOICES = ("out_invoice", "out_refund")


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    def _invoice_ids(self):
        """{link: IDs of its order's invoices and credit notes, cancelled ones left out}

        SQL: the proof is the same whoever writes it, with or without rights to accounts.
        """
        self.env["sale.order.line"].flush_model(["order_id", "invoice_lines"])
        self.env["account.move.line"].flush_model(["move_id", "sale_line_ids"])
        self.env["account.move"].flush_model(["move_type", "state"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT line.order_id, array_agg(DISTINCT move.id ORDER BY move.id)
                  FROM sale_order_line line
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = line.id
                  JOIN account_move_line item ON item.id = rel.invoice_line_id
                  JOIN account_move move ON move.id = item.move_id
                 WHERE line.order_id = ANY(%(orders)s)
                   AND move.move_type IN %(types)s AND move.state <> 'cancel'
                 GROUP BY line.order_id
                """,
                orders=self.sale_order_id.ids,
                types=INVOICES,
            )
        )
        found = dict(rows)
        return {link: tuple(found.get(link.sale_order_id.id, ())) for link in self}

    def _proofs(self, database):
        invoices = self._invoice_ids()
        return {
            link: replace(proof, invoices=invoices[link])
            for link, proof in super()._proofs(database).items()
        }

    def _linked_records(self):
        invoices = self._invoice_ids()
        return {
            link: replace(record, invoices=invoices[link])
            for link, record in super()._linked_records().items()
        }

    @api.model
    def _of_invoices(self, invoices):
        """Links of the orders that these invoices were made for."""
        # sudo: whoever may see the order may find it by its invoice's number
        orders = invoices.sudo().line_ids.sale_line_ids.order_id
        return self.search([("sale_order_id", "in", orders.ids)])


class AccountMove(models.Model):
    _inherit = "account.move"

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            # sudo: whoever posts may see neither the order nor its link
            self.sudo().line_ids._mark_shopify_orders()
        return result


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        # sudo: whoever invoices may see neither the order nor its link
        lines.sudo()._mark_shopify_orders()
        return lines

    def unlink(self):
        # sudo: whoever deletes may see neither the order nor its link
        orders = self.sudo().sale_line_ids.order_id
        result = super().unlink()
        orders._mark_invoices_in_shopify()
        return result

    def _mark_shopify_orders(self):
        self.sale_line_ids.order_id._mark_invoices_in_shopify()


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _mark_invoices_in_shopify(self):
        """Ask for a new proof on these orders, where they are linked."""
        if self:
            links = self.env["shopify.sale.order"].search(
                [("sale_order_id", "in", self.ids)]
            )
            for backend, same in links.grouped("backend_id").items():
                # Those that Shopify doesn't show are left to the comparison, as ever.
                (same - backend._withheld_links(same))._ask_for_marks("invoices")
