"""A take-over's CSV file: read by its job, lot by lot, never as a whole."""

import base64
import io
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice

from odoo import api, models
from odoo.exceptions import UserError

from ..core import takeover
from ..core.takeover_file import Place, read_head, read_records
from .takeover_sources import ROWS_A_LOT, fits

COLUMNS = {f"column_{meant}": meant for meant in takeover.COLUMNS}
# Bytes read at once.
CHUNK = 1 << 16


class ShopifyTakeover(models.Model):
    _inherit = "shopify.takeover"

    @api.depends("file")
    def _compute_columns(self):
        for run in self:
            header = read_head(run._chunks()).columns if run._has_file() else ()
            guessed = takeover.guess_columns(header)
            run.header = ", ".join(header)
            for name, meant in COLUMNS.items():
                run[name] = guessed.get(meant, False)

    def _check_file(self):
        """Raise unless there is one with the columns that were named."""
        if not self._has_file():
            raise UserError(self.env._("Choose a CSV file."))
        header = read_head(self._chunks()).columns
        missing = [name for name in self._columns().values() if name not in header]
        if missing:
            raise UserError(
                self.env._(
                    "The file has no column %(missing)s. It has: %(header)s.",
                    missing=", ".join(missing),
                    header=", ".join(header),
                )
            )

    def _has_file(self):
        # Its size alone: the file itself may be large.
        return bool(self.with_context(bin_size=True).file)

    def _columns(self):
        """{what is meant: column}"""
        return {meant: self[name] for name, meant in COLUMNS.items() if self[name]}

    # === ITS BYTES === #

    def _chunks(self, offset=0):
        """The file from that byte on, a piece at a time."""
        with self._opened() as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk

    @contextmanager
    def _opened(self):
        attachment = self._attachment()
        if attachment.store_fname:
            with open(attachment._full_path(attachment.store_fname), "rb") as file:
                yield file
        else:
            # Not saved yet, or kept in the database: there is no other way to it.
            data = self.with_context(bin_size=False).file
            yield io.BytesIO(base64.b64decode(data or b""))

    def _attachment(self):
        """Where the file is kept; empty while its form isn't saved."""
        # sudo: what the run itself may read, read in another way
        attachments = self.env["ir.attachment"].sudo()
        if not isinstance(self.id, int):
            return attachments.browse()
        return attachments.search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "file"),
                ("res_id", "=", self.id),
            ],
            limit=1,
        )

    # === ITS LINES === #

    def _gather_file(self):
        """The next lot of lines, good or bad. Whether there may be more."""
        head = read_head(self._chunks())
        place = Place(**self.place) if self.place else head.start
        records = list(
            islice(
                read_records(self._chunks(place.offset), head.separator, place),
                ROWS_A_LOT,
            )
        )
        claims, bad = takeover.read_lines(
            records, head.columns, self._columns(), self.default_type or ""
        )
        texts = {record.line: takeover.line_text(record) for record in records}
        source = self.filename or self.env._("the file")
        rows = [
            {
                "line": each.line,
                "text": each.text,
                "verdict": "bad",
                "template": each.message,
                "params": dict(each.params),
            }
            for each in bad
        ]
        rows += [
            {"line": claim.line, "text": texts[claim.line], **values}
            for claim, values in self._resolved(claims)
        ]
        self._add_lines([{"source": source, **row} for row in rows])
        if records:
            self.place = asdict(records[-1].next)
        return len(records) == ROWS_A_LOT

    def _share_read(self):
        """0 to 1: how much of the file is in lines."""
        size = self._attachment().file_size
        return (self.place or {}).get("offset", 0) / size if size else 0.0

    def _resolved(self, claims):
        """(claim, values of its line), external IDs and SKUs looked up in batch."""
        xmlids = self._by_xmlid({claim.xmlid for claim in claims if claim.xmlid})
        skus = self._by_sku({claim.sku for claim in claims if claim.sku})
        for claim in claims:
            model = claim.model or takeover.MODELS[claim.shopify_type]
            values = {
                "verdict": "waiting",
                "shopify_type": claim.shopify_type,
                "shopify_gid": claim.gid,
                "odoo_model": model,
                "odoo_id": claim.odoo_id,
            }
            if claim.xmlid:
                values |= self._named(claim, xmlids.get(claim.xmlid))
            elif claim.sku:
                values |= self._of_sku(claim, skus.get(claim.sku.lower(), []))
            yield claim, values

    def _named(self, claim, found):
        """found: (model, ID) that the external ID names, or None."""
        if found and fits(claim.shopify_type, found[0]):
            return {"odoo_model": found[0], "odoo_id": found[1]}
        return {
            "verdict": "bad",
            "template": takeover.NO_SUCH_XMLID,
            "params": {"value": claim.xmlid},
        }

    def _of_sku(self, claim, found):
        """found: [(variant, product)] that have the SKU."""
        place = 1 if claim.shopify_type == "Product" else 0
        ids = {pair[place] for pair in found}
        model = takeover.MODELS[claim.shopify_type]
        if len(ids) == 1:
            return {"odoo_model": model, "odoo_id": ids.pop()}
        return {
            "verdict": "bad",
            "template": takeover.SKU_TWICE if ids else takeover.NO_SUCH_SKU,
            "params": {"value": claim.sku, "found": len(ids)},
        }

    def _by_xmlid(self, names):
        """{external ID: (model, ID)}"""
        modules = {name.partition(".")[0] for name in names}
        # sudo: external IDs are kept from managers who aren't administrators
        rows = (
            self.env["ir.model.data"]
            .sudo()
            .search_read(
                [
                    ("module", "in", list(modules)),
                    ("name", "in", [name.partition(".")[2] for name in names]),
                ],
                ["module", "name", "model", "res_id"],
            )
        )
        return {
            f"{row['module']}.{row['name']}": (row["model"], row["res_id"])
            for row in rows
        }

    def _by_sku(self, skus):
        """{SKU in small letters: [(variant, product)]} of this company's products."""
        if not skus:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT lower(btrim(p.default_code)), p.id, p.product_tmpl_id"
            " FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
            " WHERE p.active AND lower(btrim(p.default_code)) = ANY(%s)"
            " AND (t.company_id IS NULL OR t.company_id = %s)",
            [[sku.lower() for sku in skus], self.company_id.id],
        )
        found = {}
        for sku, variant, template in self.env.cr.fetchall():
            found.setdefault(sku, []).append((variant, template))
        return found
