"""The names that a page of rows tells, looked up together: a list asks the same few
questions, however long it is."""

import re

from odoo import models

_GID = re.compile(r"gid://shopify/\w+/\d+")
_RECORD = re.compile(r"\b([a-z_]+(?:\.[a-z_]+)+) (\d+)\b")
# Key of the context: {Shopify ID or (model, ID): name, or None where none is known}.
NAMES = "shopify_names"


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    def _compute_texts(self):
        told = [*self.wait_ids.mapped("key"), *map(str, self.mapped("reason_params"))]
        rows = self._knowing_names(told) if len(self) > 1 else self
        return super(ShopifySync, rows)._compute_texts()

    def _knowing_names(self, told):
        """These, with the names at hand of all that these texts tell by ID."""
        text = "\n".join(told)
        gids = set(_GID.findall(text))
        names = dict.fromkeys(gids) | self._names_of_variants(gids)
        names |= self._names_read(gids) | self._names_of_locations(gids)
        for model, ids in self._records_told(text).items():
            names |= self._names_of_records(model, ids)
        return self.with_context(**{NAMES: names})

    def _names_of_variants(self, gids):
        links = self.env["shopify.product.product"].search_fetch(
            [("shopify_gid", "in", [gid for gid in gids if "/ProductVariant/" in gid])],
            ["shopify_gid", "label"],
        )
        return {link.shopify_gid: link.label or None for link in links}

    def _names_read(self, gids):
        rows = self.env["shopify.sync"].search_fetch(
            [("subject_key", "in", list(gids)), ("direction", "=", "in")],
            ["subject_key", "record_name"],
        )
        return {row.subject_key: row.record_name for row in rows if row.record_name}

    def _names_of_locations(self, gids):
        rows = self.env["shopify.mapping.location"].search_fetch(
            [("shopify_gid", "in", [gid for gid in gids if "/Location/" in gid])],
            ["shopify_gid", "name"],
        )
        return {row.shopify_gid: row.name for row in rows}

    def _records_told(self, text):
        found = {}
        for model, number in _RECORD.findall(text):
            if model in self.env:
                found.setdefault(model, set()).add(int(number))
        return found

    def _names_of_records(self, model, ids):
        names = dict.fromkeys((model, record_id) for record_id in ids)
        records = self.env[model].browse(ids).exists()._filtered_access("read")
        names.update({(model, each.id): each.display_name for each in records})
        return names

    # === ASKED ONE BY ONE === #

    def _name_read(self, gid):
        names = self.env.context.get(NAMES, {})
        return names[gid] if gid in names else super()._name_read(gid)

    def _location_name(self, gid):
        names = self.env.context.get(NAMES, {})
        return names[gid] if gid in names else super()._location_name(gid)

    def _record_name(self, model, record_id):
        names = self.env.context.get(NAMES, {})
        if (model, record_id) in names:
            return names[model, record_id]
        return super()._record_name(model, record_id)
