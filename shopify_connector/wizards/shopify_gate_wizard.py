"""Gates, as people meet them: what is in the way, and letting a flow run anyway."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import MANAGER, check_role
from ..models.shopify_match import TYPES

DAYS = 7


class ShopifyGateWizard(models.TransientModel):
    _name = "shopify.gate.wizard"
    _description = "Let a Shopify Flow Run Anyway"

    flow_id = fields.Many2one("shopify.flow", required=True, ondelete="cascade")
    gate_text = fields.Char(related="flow_id.gate_text")
    lacks_required = fields.Char(related="flow_id.lacks_required")
    override_until = fields.Date(
        "Already Runs Until", related="flow_id.gate_override_until"
    )
    reason = fields.Char(required=True)
    until = fields.Date(
        required=True,
        default=lambda self: fields.Date.today() + timedelta(days=DAYS),
        help="From the next day on it runs by itself only if enough is linked.",
    )

    def action_override(self):
        self.ensure_one()
        check_role(self.env, MANAGER)
        if self.until < fields.Date.today():
            raise UserError(self.env._("Choose a day to come."))
        self.flow_id.write(
            {
                "gate_override_reason": self.reason,
                "gate_override_until": self.until,
                "policy": "automatic",
            }
        )
        return {"type": "ir.actions.act_window_close"}

    def action_end(self):
        """Depend on the gate again."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.flow_id.write(
            {"gate_override_reason": False, "gate_override_until": False}
        )
        return {"type": "ir.actions.act_window_close"}


class ShopifyGateRow(models.TransientModel):
    _name = "shopify.gate.row"
    _description = "Record that Holds a Shopify Flow Up"
    _order = "shopify_type, name, id"
    _rec_name = "name"

    backend_id = fields.Many2one("shopify.backend", "Store", ondelete="cascade")
    shopify_type = fields.Selection(TYPES, "Record", readonly=True)
    shopify_gid = fields.Char("Shopify ID", readonly=True)
    name = fields.Char(readonly=True)
    flows = fields.Char("Holds Up", readonly=True)
    match_id = fields.Many2one("shopify.match", ondelete="set null")
    sync_id = fields.Many2one("shopify.sync", ondelete="set null")
    why = fields.Char(compute="_compute_why")

    @api.depends("match_id", "sync_id")
    def _compute_why(self):
        verdicts = dict(
            self.env["shopify.match"]
            ._fields["verdict"]
            ._description_selection(self.env)
        )
        for row in self:
            row.why = row.sync_id.headline or verdicts.get(row.match_id.verdict)

    @api.model
    def _open(self, flows):
        """The action that lists what holds these flows up now."""
        rows = self.sudo().create(  # rows of one's own, made to be looked at
            [
                {
                    "backend_id": backend.id,
                    "shopify_type": kind,
                    "shopify_gid": gid,
                    "name": name or gid,
                    "match_id": match_id,
                    "sync_id": sync_id,
                    "flows": ", ".join(labels),
                }
                for backend, part in flows.grouped("backend_id").items()
                for kind, gid, name, match_id, sync_id, labels in part._in_the_way()
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Not linked yet"),
            "res_model": self._name,
            "view_mode": "list",
            "domain": [("id", "in", rows.ids)],
        }

    def action_open(self):
        """Where it is decided: its row in the worksheet, or what stopped."""
        self.ensure_one()
        if self.shopify_type == "Location":
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "shopify_connector.action_mapping_location"
            )
            return action | {
                "context": {"search_default_backend_id": self.backend_id.id}
            }
        record = self.sync_id or self.match_id
        if not record:
            raise UserError(self.env._("It was decided meanwhile."))
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }
