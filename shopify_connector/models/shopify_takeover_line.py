"""What another connector claims, line by line, and what was found of each."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import failures, takeover
from .roles import OPERATOR, check_role

TYPES = [
    ("Product", "Product"),
    ("ProductVariant", "Variant"),
    ("Customer", "Customer"),
    ("Order", "Order"),
]
VERDICTS = {
    "waiting": "Not Checked Yet",
    "confirmed": "Would Be Linked",
    "contradicted": "Contradicted",
    "unverifiable": "Can't Be Verified",
    "refused": "Refused",
    "bad": "Unreadable",
    "linked": "Linked",
    "repeated": "Said Twice",
}


def line_values(source, kind, gid_text, model, id_text, text):
    """Values of a line of which both IDs are texts; what is no ID stays, as unreadable."""
    values = {"source": source, "text": text, "shopify_type": kind, "odoo_model": model}
    try:
        gid = takeover.read_gid(gid_text, kind)
        number = str(id_text).strip().removesuffix(".0")
        if not number.isdecimal() or not 0 < int(number) < 2**31:
            raise takeover.BadText(takeover.NOT_A_NUMBER, value=str(id_text))
    except takeover.BadText as error:
        return values | {
            "verdict": "bad",
            "template": error.message,
            "params": error.params,
        }
    return values | {"verdict": "waiting", "shopify_gid": gid, "odoo_id": int(number)}


class ShopifyTakeoverLine(models.Model):
    _name = "shopify.takeover.line"
    _description = "Link Claimed by Another Connector"
    _order = "takeover_id desc, line, id"
    _rec_name = "text"

    takeover_id = fields.Many2one(
        "shopify.takeover", required=True, index=True, ondelete="cascade"
    )
    backend_id = fields.Many2one(
        related="takeover_id.backend_id", store=True, precompute=True
    )
    company_id = fields.Many2one(
        related="takeover_id.company_id", store=True, index=True, precompute=True
    )
    line = fields.Integer(help="Of the file, the header being line 1.")
    source = fields.Char(readonly=True)
    text = fields.Char("As Found", readonly=True)
    shopify_type = fields.Selection(TYPES, "Record", readonly=True)
    shopify_gid = fields.Char("Shopify ID", readonly=True)
    name_there = fields.Char("In Shopify", readonly=True)
    odoo_model = fields.Char(readonly=True)
    odoo_id = fields.Many2oneReference(
        "Odoo ID", model_field="odoo_model", readonly=True
    )
    found_id = fields.Integer(
        "Record's Odoo ID", readonly=True, help="The record that it leads to."
    )
    name_here = fields.Char("In Odoo", readonly=True)
    verdict = fields.Selection(
        list(VERDICTS.items()), required=True, default="waiting", readonly=True
    )
    why = fields.Char(compute="_compute_why")
    why_fields = fields.Char(readonly=True)
    reason_code = fields.Char(readonly=True)
    template = fields.Char(readonly=True)
    params = fields.Json()

    _by_verdict = models.Index("(takeover_id, verdict, shopify_type, id)")
    _by_gid = models.Index("(takeover_id, shopify_gid)")
    _by_record = models.Index("(takeover_id, found_id)")

    @api.depends("why_fields", "reason_code", "template", "params", "verdict")
    @api.depends_context("lang")
    def _compute_why(self):
        for line in self:
            line.why = line._why()

    def _why(self):
        if self.reason_code:
            failure = failures.Failure(self.reason_code, self.params or {})
            name = self.name_there or self.shopify_gid
            values = failures.message_values(failure, name)
            template = self.env._(failure.reason.message)
            return template % values
        if self.template:
            template = self.env._(self.template)
            return template % (self.params or {})
        said = (self.why_fields or "").split(",")
        labels = takeover.FIELD_LABELS
        names = [self.env._(labels[name]) for name in said if name in labels]
        parts = [
            self.env._(takeover.STATEMENTS[name])
            for name in said
            if name in takeover.STATEMENTS
        ]
        if names and self.verdict == "unverifiable":
            parts.append(self.env._("nothing to compare: %s", ", ".join(names)))
        elif names:
            parts.append(self.env._("differs: %s", ", ".join(names)))
        return "; ".join(parts) or False

    def _keep_said(self, said):
        """said: {line: Said}"""
        for line, each in said.items():
            line.write(
                {
                    "verdict": each.verdict,
                    "why_fields": ",".join(each.fields) or False,
                    "template": each.message or False,
                    "reason_code": each.failure.code if each.failure else False,
                    "params": dict(each.failure.params) if each.failure else False,
                    "found_id": each.odoo_id,
                    "name_there": each.there,
                    "name_here": each.here,
                }
            )

    def action_choose(self):
        """A person decides: the wizard that links by hand, with what is claimed."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        if not self.shopify_gid or self.verdict in ("linked", "repeated"):
            raise UserError(self.env._("There is nothing to decide here."))
        choice = {
            "Product": "template_id",
            "ProductVariant": "product_id",
            "Customer": "partner_id",
            "Order": "order_id",
        }[self.shopify_type]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link by hand"),
            "res_model": "shopify.relink.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_backend_id": self.backend_id.id,
                "default_shopify_type": self.shopify_type,
                "default_shopify_gid": self.shopify_gid,
                "default_mode": "relink",
                f"default_{choice}": self.found_id or False,
            },
        }
