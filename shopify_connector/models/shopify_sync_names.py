"""What core could only tell by its ID, by the name that people know it by."""

import re

from odoo import api, models

# "gid://shopify/Order/7", "S00042 (sale.order 42)" and "sale.order 42".
_ID = re.compile(
    r"gid://shopify/(?P<kind>\w+)/(?P<number>\d+)"
    r"|\((?P<of>[a-z_]+(?:\.[a-z_]+)+) (?P<named>\d+)\)"
    r"|\b(?P<model>[a-z_]+(?:\.[a-z_]+)+) (?P<record>\d+)\b"
)


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    @api.model
    def _named(self, value):
        """The same text, with names for the IDs in it, as far as its reader may see
        them: "Order #1042", "Shirt (ID 41)"."""
        return _ID.sub(self._name_of_match, str(value))

    def _name_of_match(self, found):
        if found["kind"]:
            return self._name_of_gid(found[0])
        model = found["of"] or found["model"]
        if model not in self.env:
            return found[0]
        if found["named"]:
            return self.env._("(ID %s)", found["named"])
        return self._name_of_record(model, int(found["record"]))

    def _name_of_record(self, model, record_id):
        name = self._record_name(model, record_id)
        if name:
            return self.env._("%(name)s (ID %(id)s)", name=name, id=record_id)
        return f"{self.env['ir.model']._get(model).name} {record_id}"

    def _record_name(self, model, record_id):
        """None of a record that isn't there, or isn't for its reader."""
        record = self.env[model].browse(record_id).exists()
        return record._filtered_access("read").display_name or None

    @api.model
    def _name_of_gid(self, gid):
        kind, number = gid.split("/")[-2:]
        if kind == "Location":
            return self._location_label(gid)
        return self._kind_label(kind, self._short_name(gid) or number)

    def _short_name(self, gid):
        """What Shopify calls it, as far as it was read or a stop told; else None."""
        params = (self[:1].reason_params or {}) if self else {}
        if params.get("gid") == gid and params.get("variant"):
            return params["variant"]
        return self._name_read(gid)

    def _name_read(self, gid):
        row = self.env["shopify.sync"].search(
            [("subject_key", "=", gid), ("direction", "=", "in")], limit=1
        )
        if row.record_name:
            return row.record_name
        if "/ProductVariant/" in gid:
            return (
                self.env["shopify.product.product"]
                .search([("shopify_gid", "=", gid)], limit=1)
                .label
                or None
            )
        return None
