"""How the worksheet looks: both sides of a row, what differs, the header, the search."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_datetime

from ..core import match_sides, matching, search
from ..core.failures import CATALOGUE, Failure, message_values
from ..core.gid import build
from .roles import MANAGER, OPERATOR, has_role
from .shopify_mark import LINKS
from .shopify_scan import OPEN_STATES


class MatchSide(models.AbstractModel):
    """What Odoo says of the record that a row or a candidate names."""

    _name = "shopify.match.side"
    _description = "Odoo Side of a Matching"

    odoo_name = fields.Char("In Odoo", compute="_compute_odoo_side")
    odoo_key = fields.Char("Odoo Keys", compute="_compute_odoo_side")
    odoo_told = fields.Char("Odoo Details", compute="_compute_odoo_side")
    differs = fields.Char(compute="_compute_odoo_side")
    odoo_ref = fields.Char("Odoo ID", compute="_compute_odoo_side")
    sides = fields.Html(compute="_compute_odoo_side", sanitize=False)

    def _row(self):
        """The worksheet's row that this belongs to."""
        raise NotImplementedError

    @api.depends_context("uid", "lang")
    @api.depends("odoo_model", "odoo_id")
    def _compute_odoo_side(self):
        values = self._odoo_values()
        for each in self:
            odoo = values.get((each.odoo_model, each.odoo_id), {})
            row = each._row()
            there = row._shopify_values() if row.shopify_gid else {}
            apart = match_sides.differences(there, odoo) if odoo else {}
            each.odoo_ref = (
                self.env._("Odoo ID %s", each.odoo_id) if each.odoo_id else False
            )
            each.odoo_name = odoo.get("name") or each.odoo_ref
            each.odoo_key = _joined(odoo, ("sku", "barcode", "email", "reference"))
            each.odoo_told = _joined(
                odoo, ("options", "price", "company", "city", "country", "phone")
            )
            each.differs = "; ".join(
                f"{self._label(name)}: {left} ≠ {right}"
                for name, (left, right) in apart.items()
            )
            each.sides = each._side_table(there, odoo, apart)

    def _label(self, name):
        return self.env._(match_sides.LABELS[name])

    def _side_table(self, there, odoo, apart, heads=None):
        left, right = match_sides.shown(there), match_sides.shown(odoo)
        names = [name for name in match_sides.LABELS if name in left or name in right]
        head = Markup("<thead><tr><th></th><th>%s</th><th>%s</th></tr></thead>") % (
            heads or (self.env._("Shopify"), self.env._("Odoo"))
        )
        body = Markup("").join(
            Markup(
                '<tr class="%s"><th class="fw-normal text-muted text-nowrap">%s</th>'
                "<td>%s</td><td>%s</td></tr>"
            )
            % (
                "table-warning" if name in apart else "",
                self._label(name),
                left.get(name, ""),
                right.get(name, ""),
            )
            for name in names
        )
        return Markup(
            '<table class="table table-sm mb-0">%s<tbody>%s</tbody></table>'
        ) % (
            head,
            body,
        )

    def _odoo_values(self):
        """{(model, id): what Odoo says of it}, of those that the user may read."""
        by_model = {}
        for each in self:
            if each.odoo_id and each.odoo_model in self.env:
                by_model.setdefault(each.odoo_model, set()).add(each.odoo_id)
        values = {}
        for model, ids in by_model.items():
            records = self.env[model].sudo(False).browse(ids).exists()
            if not records.has_access("read"):
                records = records._filtered_access("read")
            for record in records:
                values[model, record.id] = _READERS.get(model, _plain)(record)
        return values


class ShopifyMatch(models.Model):
    _name = "shopify.match"
    _inherit = ["shopify.match", "shopify.match.side"]

    product_name = fields.Char("Product", readonly=True)
    told = fields.Char("Details", compute="_compute_told")
    why = fields.Char("Because", compute="_compute_why")
    shopify_url = fields.Char("In Shopify", compute="_compute_shopify_url")
    is_newest = fields.Boolean(
        compute="_compute_is_newest",
        search="_search_is_newest",
        help="Of the store's last finished scan, or of its first one at work.",
    )
    anything = fields.Char(
        "ID, SKU, e-mail or admin URL",
        compute="_compute_anything",
        search="_search_anything",
    )

    def _row(self):
        return self

    def _shopify_values(self):
        self.ensure_one()
        names = ("name", "sku", "barcode", "email", "reference")
        values = {name: self[name] for name in names} | (self.facts or {})
        # An order's number, a customer's shop: not what Odoo keeps under these names.
        return {name: value for name, value in values.items() if value}

    @api.depends("facts")
    def _compute_told(self):
        for row in self:
            shown = match_sides.shown(row.facts or {})
            row.told = " · ".join(
                f"{self._label(name)}: {text}" if name in _COUNTS else text
                for name, text in shown.items()
            )

    @api.depends_context("lang")
    @api.depends("verdict", "key_used", "reason_code", "reason_params")
    def _compute_why(self):
        for row in self:
            row.why = row.decision_error or row._reason_text() or row._key_text()

    def _reason_text(self):
        if not self.reason_code or self.reason_code not in CATALOGUE:
            return ""
        params = self.reason_params or {}
        if self.reason_code == "ambiguous_match":
            # Who they are is shown beside it.
            return self.env._(
                "candidates: %(count)s, by %(key)s %(value)s",
                count=len(params.get("candidates") or ()),
                key=params.get("key") or "",
                value=params.get("value") or "",
            )
        failure = Failure(self.reason_code, params)
        template = self.env._(failure.reason.message)
        return template % message_values(failure, self.name or self.shopify_gid)

    def _key_text(self):
        if self.shopify_type == "Location" and self.verdict == "only_shopify":
            return self.env._("Name its warehouse: Configuration → Locations")
        if self.verdict != "proposed" or not self.key_used:
            return ""
        label = self.env._(matching.KEY_LABELS.get(self.key_used, self.key_used))
        return self.env._("equal: %s", label)

    @api.depends("shopify_gid", "parent_gid")
    def _compute_shopify_url(self):
        for row in self:
            gid = row.parent_gid if row.shopify_type == "ProductVariant" else None
            gid = gid or row.shopify_gid
            row.shopify_url = gid and row.backend_id._admin_url(gid)

    # === WHICH SCAN === #

    def _compute_is_newest(self):
        newest = self.env["shopify.scan"]._newest()
        for row in self:
            row.is_newest = row.scan_id in newest

    @api.model
    def _search_is_newest(self, operator, value):
        if operator not in ("=", "in") or False in (
            value if isinstance(value, list | tuple | set) else [value]
        ):
            return NotImplemented
        return Domain("scan_id", "in", self.env["shopify.scan"]._newest().ids)

    # === SEARCH === #

    def _compute_anything(self):
        self.anything = False

    @api.model
    def _search_anything(self, operator, value):
        if operator not in ("=", "ilike", "like") or not isinstance(value, str):
            return NotImplemented
        text = value.strip()
        domain = Domain("name", "ilike", text) | Domain("sku", "ilike", text)
        domain |= Domain("barcode", "=", text)
        for term in search.parse_search(value):
            domain |= getattr(self, f"_search_{term.kind}", self._search_text)(term)
        return domain

    @api.model
    def _search_gid(self, term):
        found = Domain("shopify_gid", "=", term.value)
        found |= Domain("parent_gid", "=", term.value)
        found |= Domain("candidate_ids.shopify_gid", "=", term.value)
        if term.shop:
            found &= Domain("backend_id.shop_domain", "=", f"{term.shop}.myshopify.com")
        return found

    @api.model
    def _search_shopify_number(self, term):
        gids = [build(kind, term.value) for kind in LINKS]
        return Domain("shopify_gid", "in", gids) | Domain("parent_gid", "in", gids)

    @api.model
    def _search_odoo_id(self, term):
        mine = Domain("odoo_id", "=", int(term.value))
        among = Domain("candidate_ids.odoo_id", "=", int(term.value))
        if term.type:
            mine &= Domain("odoo_model", "=", term.type)
            among &= Domain("candidate_ids.odoo_model", "=", term.type)
        return mine | among

    @api.model
    def _search_email(self, term):
        return Domain("email", "=", term.value)

    @api.model
    def _search_order_name(self, term):
        return Domain("reference", "=", term.value)

    @api.model
    def _search_text(self, term):
        return Domain("sku_key", "=", matching.normal_key("sku", term.value))

    # === HEADER === #

    @api.model
    def get_header(self):
        """What the worksheet says above its rows: a dict a store that the user sees."""
        self.check_access("read")
        scans = self.env["shopify.scan"]
        newest = scans._newest()
        stores = self.env["shopify.backend"].search([("state", "!=", "draft")])
        return {
            "may_scan": has_role(self.env, MANAGER),
            "may_decide": has_role(self.env, OPERATOR),
            "stores": [
                store._matching_header(
                    newest.filtered(lambda scan, store=store: scan.backend_id == store)
                )
                for store in stores
            ],
        }


class ShopifyMatchCandidate(models.Model):
    _name = "shopify.match.candidate"
    _inherit = ["shopify.match.candidate", "shopify.match.side"]

    may_choose = fields.Boolean(compute="_compute_may_choose")

    def _row(self):
        return self.match_id

    @api.depends("odoo_id", "taken_by", "match_id.verdict")
    def _compute_may_choose(self):
        for each in self:
            open_row = each.match_id.verdict in ("ambiguous", "proposed")
            each.may_choose = bool(each.odoo_id and not each.taken_by and open_row)

    @api.depends("odoo_model", "odoo_id", "shopify_gid")
    def _compute_odoo_side(self):
        result = super()._compute_odoo_side()
        twins = self.filtered("shopify_gid")
        rows = self.env["shopify.match"].search(
            [
                ("scan_id", "in", twins.match_id.scan_id.ids),
                ("shopify_gid", "in", twins.mapped("shopify_gid")),
            ]
        )
        by_gid = {(row.scan_id, row.shopify_gid): row for row in rows}
        for each in twins:
            row = by_gid.get((each.match_id.scan_id, each.shopify_gid), rows.browse())
            each.odoo_name = row.name or each.shopify_gid
            each.odoo_told = row.told
            mine = each.match_id._shopify_values()
            other = row._shopify_values() if row else {}
            apart = match_sides.differences(mine, other)
            heads = (self.env._("This one"), self.env._("The other one"))
            each.sides = each._side_table(mine, other, apart, heads)
        return result


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    @api.model
    def _newest(self):
        """Each store's scan that the worksheet shows: the last finished one; while there
        is none, the last one."""
        scans = self.search([("purpose", "=", "matching")], order="id desc")
        shown = {}
        for scan in scans:
            known = shown.get(scan.backend_id)
            if not known or (known.state != "done" and scan.state == "done"):
                shown[scan.backend_id] = scan
        return self.browse([scan.id for scan in shown.values()])

    def _finish(self):
        result = super()._finish()
        self.env.cr.execute(
            "UPDATE shopify_match m SET product_name = coalesce(p.name, m.name)"
            " FROM shopify_match m2 LEFT JOIN shopify_match p"
            "  ON p.scan_id = m2.scan_id AND p.shopify_gid = m2.parent_gid"
            " WHERE m.id = m2.id AND m2.scan_id = %s"
            " AND m2.shopify_type IN ('Product', 'ProductVariant')",
            [self.id],
        )
        return result

    def _step_text(self):
        if self.state == "comparing":
            return self.env._("Comparing with Odoo")
        labels = dict(
            self.part_ids._fields["shopify_type"]._description_selection(self.env)
        )
        parts = [
            self.env._(
                "%(records)s: %(read)s of %(all)s",
                records=labels[part.shopify_type],
                read=part.read_count,
                all=part.object_count or "?",
            )
            for part in self.part_ids
        ]
        return self.env._("Reading: %s", " · ".join(parts))

    def _count_texts(self):
        """Counted now: decisions were made since the scan ended."""
        if not self:
            return []
        rows = self.env["shopify.match"]._read_group(
            [("scan_id", "=", self.id), ("verdict", "!=", False)],
            ["shopify_type", "verdict", "decision"],
            ["__count"],
        )
        labels = dict(
            self.env["shopify.match"]
            ._fields["shopify_type"]
            ._description_selection(self.env)
        )
        texts = []
        for kind, label in labels.items():
            own = [row for row in rows if row[0] == kind and row[1] != "only_odoo"]
            total = sum(count for *_key, count in own)
            linked = sum(count for _k, verdict, _d, count in own if verdict == "linked")
            todo = sum(
                count
                for _k, verdict, decision, count in own
                if verdict != "linked" and decision == "todo"
            )
            if total:
                texts.append(
                    {
                        "kind": kind,
                        "todo": todo,
                        "text": self.env._(
                            "%(label)s: %(linked)s of %(total)s linked; %(todo)s to "
                            "decide",
                            label=label,
                            linked=f"{linked:,}",
                            total=f"{total:,}",
                            todo=f"{todo:,}",
                        ),
                    }
                )
        return texts

    def _key_warnings(self):
        """Keys that stand on several records, before anybody relies on them."""
        return [
            self._key_warning(report)
            for part in self.part_ids
            for report in part.key_report or ()
            if report["shopify_twice"] or report["odoo_twice"]
        ]

    def _key_warning(self, report):
        label = self.env._(matching.KEY_LABELS.get(report["key"], report["key"]))
        return self.env._(
            "%(key)s isn't unique. Values on several records: %(there)s in Shopify, "
            "%(here)s in Odoo, for example %(examples)s. Nothing is proposed by these: "
            "you choose.",
            key=label,
            there=report["shopify_twice"],
            here=report["odoo_twice"],
            examples=", ".join(report["examples"]),
        )


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _matching_header(self, scan):
        """scan: the one that is shown, maybe none."""
        self.ensure_one()
        running = self.env["shopify.scan"].search(
            [
                ("backend_id", "=", self.id),
                ("purpose", "=", "matching"),
                ("state", "in", OPEN_STATES),
            ],
            limit=1,
        )
        runs = self.env["shopify.match.run"].search(
            [("scan_id.backend_id", "=", self.id), ("state", "in", ("open", "failed"))],
            limit=3,
        )
        last = scan if not running else running
        return {
            "id": self.id,
            "name": self.name,
            "connected": self.state == "connected",
            "scan_id": running.id,
            "progress": running.progress if running else 100,
            "state": running and running._step_text() or "",
            "message": last.message or "",
            "read": scan.done_at and format_datetime(self.env, scan.done_at) or "",
            "counts": scan._count_texts(),
            "warnings": scan._key_warnings(),
            "runs": [
                {
                    "id": run.id,
                    "failed": run.state == "failed",
                    "done": run.seen_count,
                    "total": run.total,
                    "message": run.message or "",
                }
                for run in runs
            ],
        }

    def action_open_matching(self):
        """The worksheet of this store."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_matching"
        )
        action["context"] = {"search_default_backend_id": self.id}
        return action


def _joined(values, names):
    shown = match_sides.shown(values)
    return " · ".join(shown[name] for name in names if name in shown)


# A number alone says nothing.
_COUNTS = ("variants", "products", "orders")


def _plain(record):
    return {"name": record.display_name}


def _variant(record):
    options = record.product_template_attribute_value_ids.mapped("name")
    return {
        "name": f"{record.name} ({', '.join(options)})" if options else record.name,
        "sku": record.default_code,
        "barcode": record.barcode,
        "options": options,
        "price": record.lst_price,
        "company": record.company_id.name,
        "created": fields.Date.to_string(record.create_date),
    }


def _template(record):
    return {
        "name": record.name,
        "sku": record.default_code,
        "price": record.list_price,
        "variants": record.product_variant_count,
        "created": fields.Date.to_string(record.create_date),
    }


def _partner(record):
    return {
        "name": record.name,
        "email": record.email_normalized or record.email,
        "company": record.commercial_company_name or record.company_name,
        "city": record.city,
        "country": record.country_id.code,
        "phone": record.phone,
        "created": fields.Date.to_string(record.create_date),
    }


def _order(record):
    return {
        "name": record.name,
        "reference": record.client_order_ref,
        "total": record.amount_total,
        "created": fields.Date.to_string(record.date_order),
    }


_READERS = {
    "product.product": _variant,
    "product.template": _template,
    "res.partner": _partner,
    "sale.order": _order,
}
