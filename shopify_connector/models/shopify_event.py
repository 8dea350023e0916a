"""History: one row an attempt, a change or a person's act. Append-only."""

from odoo import fields, models
from odoo.exceptions import UserError


class ShopifyEvent(models.Model):
    _name = "shopify.event"
    _description = "Shopify History"
    _order = "id desc"
    _rec_name = "record_name"

    backend_id = fields.Many2one(
        "shopify.backend", "Store", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="backend_id.company_id", store=True, index=True, precompute=True
    )
    kind = fields.Selection(
        [
            ("attempt", "Sync"),
            ("change", "Change"),
            ("person", "Person"),
            ("store", "Store"),
        ],
        required=True,
    )
    flow = fields.Char()
    direction = fields.Char()
    subject_type = fields.Char("Record Type")
    subject_key = fields.Char("Record Key")
    record_name = fields.Char("Record")
    cause_key = fields.Char(
        help="The cause that a person or a fix did something about."
    )
    cause = fields.Char()
    caused_by_id = fields.Many2one("res.users", "By")
    outcome = fields.Char()
    failed = fields.Boolean()
    message = fields.Char()
    reason_params = fields.Json(groups="shopify_connector.group_operator")
    # Values may be personal data: only those who resolve stops read them.
    changes = fields.Json(groups="shopify_connector.group_operator")
    duration_ms = fields.Integer("Duration (ms)")
    asked_at = fields.Datetime("Noted", help="When the first cause of this try came.")
    happened_at = fields.Datetime(
        "Changed in Shopify",
        help="The record's last change there, as this try read it.",
    )
    write_uuids = fields.Json(
        help="Of the Shopify writes that this try sent or settled."
    )
    request_id = fields.Char("Shopify Request ID")
    batch = fields.Char()

    _subject = models.Index("(backend_id, subject_type, subject_key, id)")
    _retention = models.Index("(create_date)")
    _about_cause = models.Index(
        "(backend_id, cause_key, id) WHERE cause_key IS NOT NULL"
    )

    # pylint: disable=method-required-super
    def write(self, vals):
        """History is append-only, for everybody."""
        raise UserError(self.env._("History can't be changed."))

    def _gc(self, days):
        """Drop what is older than the retention time. Returns how many rows went."""
        self.env.cr.execute(
            "DELETE FROM shopify_event WHERE create_date <"
            " now() AT TIME ZONE 'UTC' - make_interval(days => %s)",
            [days],
        )
        return self.env.cr.rowcount
