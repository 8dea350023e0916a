"""The list of what a store's flows need: a line a thing, each opening what to do."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.readiness_reader import LATER, ReadinessReader

MAPPINGS = {
    "tax": ("shopify.mapping.tax", "key", "action_mapping_tax"),
    "location": (
        "shopify.mapping.location",
        "shopify_gid",
        "action_mapping_location",
    ),
    "payment": ("shopify.mapping.payment", "gateway", "action_mapping_payment"),
    "delivery": ("shopify.mapping.delivery", "key", "action_mapping_delivery"),
}
PLAIN_ACTIONS = {
    "country": "base.action_country",
    "state": "base.action_country_state",
    "fulfilments_off": "shopify_connector.action_flow",
    "owner": "shopify_connector.action_flow",
    "mails": "stock.action_stock_config_settings",
}


class ShopifyReadinessItem(models.TransientModel):
    _name = "shopify.readiness.item"
    _description = "What a Shopify Flow Needs"
    _order = "place, id"
    _rec_name = "label"

    place = fields.Integer()
    backend_id = fields.Many2one("shopify.backend", "Store", ondelete="cascade")
    flow = fields.Char("Flow Code", readonly=True)
    flow_label = fields.Char("Flow", readonly=True)
    kind = fields.Selection(
        [
            ("connection", "Connection"),
            ("scope", "Permission"),
            ("pricelist", "Pricelist"),
            ("warehouse", "Warehouse"),
            ("carrier", "Delivery method"),
            ("tax", "Tax"),
            ("currency", "Currency"),
            ("location", "Location"),
            ("delivery", "Way of sending"),
            ("country", "Country"),
            ("state", "State"),
            ("variant", "Variants"),
            ("fulfilments_off", "Fulfilments"),
            ("mails", "Delivery e-mails"),
            ("payment", "Payment gateway"),
            ("gate", "Linked records"),
            ("owner", "Retry owner"),
        ],
        "What",
        readonly=True,
    )
    key = fields.Char(readonly=True)
    label = fields.Char("In Shopify", readonly=True)
    value = fields.Char(
        "In Odoo", readonly=True, help="Or what would fit, if proposed."
    )
    state = fields.Selection(
        [
            ("missing", "Missing"),
            ("proposed", "Proposed"),
            ("found", "Found"),
            ("not_needed", "Not needed"),
        ],
        "Is It There?",
        readonly=True,
    )
    is_open = fields.Boolean(
        "To See To", readonly=True, help="Missing, or proposed and needed to start."
    )
    is_required = fields.Boolean(
        "Needed to Start",
        readonly=True,
        help="The flow can't become automatic without it.",
    )
    orders = fields.Integer(readonly=True)
    blocks = fields.Char("What It Stops", readonly=True)
    may_take = fields.Boolean(compute="_compute_may_take")

    @api.depends("state", "kind")
    def _compute_may_take(self):
        for row in self:
            row.may_take = row.state == "proposed" and row.kind in (
                "tax",
                "location",
                "payment",
            )

    @api.model
    def _open(self, backend, flow=None):
        """The action that lists what this flow needs now, or all flows."""
        reader = ReadinessReader(backend)
        labels = backend._readiness_labels()
        items = reader.items()
        rows = self.sudo().create(  # rows of one's own, made to be looked at
            [
                {
                    "place": 100 * place + _rank(item),
                    "backend_id": backend.id,
                    "flow": name,
                    "flow_label": label,
                    "kind": item.kind,
                    "key": item.key,
                    "label": item.label,
                    "value": item.value,
                    "state": item.state,
                    "is_open": item.is_open,
                    "is_required": item.required and name not in LATER,
                    "orders": item.orders,
                    "blocks": self._blocks_text(name, item, reader.seen),
                }
                for place, (name, label) in enumerate(labels.items())
                if flow in (None, name)
                for item in items[name]
            ]
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What is needed: %s", labels.get(flow) or backend.name),
            "res_model": self._name,
            "view_mode": "list,kanban",
            "domain": [("id", "in", rows.ids)],
            "context": {"search_default_open": 1},
            "help": _NOTHING
            % (
                self.env._("Nothing is missing"),
                self.env._(
                    "All that is known to be needed is there. Take the filter away to "
                    "see what was found."
                ),
            ),
        }

    @api.model
    def _blocks_text(self, flow, item, seen):
        """What stops for want of it: "orders paid with it (37 of 412 in the last 60
        days)"; nothing of what is there."""
        if item.state in ("found", "not_needed"):
            return self._note_text(item)
        if item.kind == "payment":
            return self.env._("nothing yet: used when payments are switched on")
        if flow in LATER:
            return self.env._("nothing yet: this version doesn't do it")
        text = self._stopped_text(flow, item)
        if not item.orders:
            return text
        return self.env._(
            "%(what)s (%(count)s of the %(all)s looked at)",
            what=text,
            count=item.orders,
            all=seen.orders,
        )

    @api.model
    def _note_text(self, item):
        if item.kind == "payment" and item.state == "not_needed":
            return self.env._("no money moves: the shop owes it")
        if item.kind == "currency" and item.state == "not_needed":
            return self.env._("orders are kept in the shop's currency")
        if item.kind == "state" and item.state == "not_needed":
            return self.env._("Odoo doesn't list it: addresses go without it")
        return False

    @api.model
    def _stopped_text(self, flow, item):
        everything = self.env._("the whole flow")
        return {
            "tax": self.env._("orders with this tax"),
            "currency": self.env._("orders in this currency"),
            "delivery": self.env._("nothing: the store's own delivery method is used"),
            "country": self.env._("orders and customers in this country"),
            "variant": self.env._("orders and stock of these variants"),
            "location": self.env._("stock of this location")
            if flow == "stock"
            else self.env._("orders that Shopify sends from there"),
            "pricelist": everything,
            "warehouse": self.env._("nothing: Odoo's own choice of warehouse is used"),
            "carrier": self.env._("orders with shipping costs"),
            "scope": everything,
            "connection": everything,
            "gate": self.env._("running by itself"),
            "fulfilments_off": self.env._("stock stays in review"),
            "mails": self.env._("nothing: customers would get two mails"),
            "owner": self.env._("nothing: nobody is told of stops"),
        }.get(item.kind, False)

    # === BUTTONS === #

    def action_open(self):
        """Where it is seen to."""
        self.ensure_one()
        if self.kind in MAPPINGS:
            return self._open_mapping()
        if self.kind in PLAIN_ACTIONS:
            return self.env["ir.actions.act_window"]._for_xml_id(
                PLAIN_ACTIONS[self.kind]
            )
        if self.kind == "variant":
            return self.backend_id.action_open_review()
        if self.kind == "gate":
            flows = self.backend_id.flow_ids
            return flows.filtered(lambda row: row.flow == self.flow).action_gate_rows()
        return self.backend_id.action_open_form()

    def _open_mapping(self):
        _model, _field, action = MAPPINGS[self.kind]
        if self.kind == "tax":
            # sudo: an empty row chooses nothing; choosing is the manager's
            self.env["shopify.mapping.tax"].sudo()._for_key(
                self.backend_id.sudo(), self.key
            )
        return self.backend_id._open_rows(action, {})

    def action_take(self):
        """Take what is proposed; the rows' own method asks for the role."""
        for row in self:
            model, name, _action = MAPPINGS[row.kind]
            mapping = self.env[model].search(
                [("backend_id", "=", row.backend_id.id), (name, "=", row.key)]
            )
            if not mapping:
                raise UserError(self.env._("It was decided meanwhile."))
            mapping.action_take_proposal()
            # sudo: the line is one's own, and shows what was just done
            row.sudo().write({"state": "found", "is_open": False, "blocks": False})


_NOTHING = Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>')


def _rank(item):
    """Within a flow: what is in the way first, what is there last."""
    states = ("missing", "proposed", "found", "not_needed")
    return 10 * (not item.in_the_way) + states.index(item.state)
