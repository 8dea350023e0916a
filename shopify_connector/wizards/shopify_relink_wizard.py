"""Change a link by hand: relink, move, unlink, split, or treat a copy as new."""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.roles import MANAGER, OPERATOR, check_role
from ..models.shopify_record import parse
from ..models.shopify_relink import link_model

# The field of the wizard that holds the chosen record, by Shopify type.
CHOICES = {
    "Product": "template_id",
    "ProductVariant": "product_id",
    "Collection": "tag_id",
    "Customer": "partner_id",
    "Company": "partner_id",
    "CompanyLocation": "partner_id",
    "Order": "order_id",
    "Location": "location_id",
}
# Undoing these takes more than one press, or cuts what orders and stock rely on.
MANAGERS = ("unlink", "split")
# What a reason asks for.
MODES = {
    "identity_copied": "new",
    "identity_original_gone": "move",
    "link_record_deleted": "relink",
    "unlinked_by_hand": "relink",
}
# Open items that the preview lists; of more it gives the number.
SHOWN = 20
NOTHING = "nothing"


class ShopifyRelinkWizard(models.TransientModel):
    _name = "shopify.relink.wizard"
    _description = "Change a Link"

    backend_id = fields.Many2one("shopify.backend", "Store", required=True)
    company_id = fields.Many2one(related="backend_id.company_id")
    sync_id = fields.Many2one("shopify.sync", "Item")
    shopify_type = fields.Char("Record Type", required=True)
    shopify_gid = fields.Char("Shopify ID", required=True)
    mode = fields.Selection(
        [
            ("relink", "Relink: it is another Odoo record"),
            ("move", "Move: the old Shopify record is gone, this one took its place"),
            ("unlink", "Unlink: it is none of our records"),
            ("split", "Split: give it an Odoo record of its own"),
            ("new", "Treat as new: it is a copy in Shopify"),
        ],
        "What To Do",
        required=True,
        default="relink",
    )
    template_id = fields.Many2one("product.template", "Odoo Product")
    product_id = fields.Many2one("product.product", "Odoo Variant")
    tag_id = fields.Many2one("product.tag", "Odoo Product Tag")
    partner_id = fields.Many2one("res.partner", "Odoo Contact")
    order_id = fields.Many2one("sale.order", "Odoo Order")
    location_id = fields.Many2one("stock.location", "Odoo Location")
    other_gid = fields.Char(
        "Other Shopify ID",
        help="Move: the Shopify record that took the place of the gone one. Split: the "
        "one that the present Odoo record is, if it is to be linked now.",
    )
    other_name = fields.Char(
        "Other Record", readonly=True, help="What Shopify calls it, or why it can't be."
    )
    token_seen = fields.Char(
        readonly=True, help="The link as it was when the person looked at it."
    )
    reason = fields.Char(help="Kept in the history of both records.")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    affected_ids = fields.Many2many(
        "shopify.sync", string="Items Looked At Again", compute="_compute_preview"
    )
    affected_count = fields.Integer(compute="_compute_preview")

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        sync = self.env["shopify.sync"].browse(values.get("sync_id"))
        if sync:
            values |= self._of_sync(sync)
        if values.get("backend_id") and values.get("shopify_gid"):
            values["token_seen"] = self.new(values)._link_seen()
        return values

    @api.model_create_multi
    def create(self, vals_list):
        """Made in one go, without a form before it, it is looked at now."""
        wizards = super().create(vals_list)
        for wizard, values in zip(wizards, vals_list, strict=True):
            if "token_seen" not in values:
                wizard.token_seen = wizard._link_seen()
        return wizards

    @api.model
    def _of_sync(self, sync):
        """What an item that stopped is about."""
        sync.check_access("read")
        gid = sync.subject_key
        # A product's sync may have stopped for one of its variants.
        stopped = [
            key.partition(":")[2]
            for key in sync.wait_ids.mapped("key")
            if key.startswith("variant:")
        ]
        if sync.reason_code == "unlinked_by_hand":
            # sudo: kept by people, read by whoever decides
            stopped = list(
                self.env["shopify.parted"].sudo()._of(sync.backend_id, stopped)
            )[:1]
        if sync.reason_code in MODES and len(stopped) == 1:
            [gid] = stopped
        mode = MODES.get(sync.reason_code, "relink")
        values = {"backend_id": sync.backend_id.id, "mode": mode}
        if mode == "new":
            # The whole product is the copy.
            gid = sync.subject_key
        if mode == "move":
            values["other_gid"] = gid
            gid = (sync.reason_params or {}).get("other") or gid
        return values | {"shopify_gid": gid, "shopify_type": parse(gid).type}

    # === WHAT IS, WHAT WILL BE === #

    def _links(self):
        # sudo: links are closed to everybody's hands
        return link_model(self.env, self.shopify_type).sudo()

    def _link(self):
        links = self._links()
        found = links._find(self.backend_id, [self.shopify_gid])
        return found.get(self.shopify_gid, links.browse())

    def _link_seen(self):
        """The state of the link, as text."""
        if self.shopify_type not in CHOICES or not self.backend_id.has_access("read"):
            return NOTHING
        link = self._link()
        return f"{link.id} {link.token}" if link else NOTHING

    def _chosen(self):
        if self.shopify_type not in CHOICES:
            raise UserError(
                self.env._(
                    "%s follows the link of another record: change that one.",
                    self.shopify_gid,
                )
            )
        return self[CHOICES[self.shopify_type]]

    @api.onchange("other_gid", "mode")
    def _onchange_other_gid(self):
        self.other_name = False
        if self.other_gid and self.mode in ("move", "split"):
            try:
                self.other_name = self._read_other()
            except UserError as error:
                self.other_name = error.args[0]

    def _read_other(self):
        """Name of the other record in Shopify, read now. Raises UserError where it
        isn't one of this kind."""
        check_role(self.env, OPERATOR)
        self.backend_id.check_access("read")
        self._check_other_gid()
        return self._links()._name_in_shopify(self.backend_id, self.other_gid)

    @api.depends(
        "backend_id",
        "shopify_type",
        "shopify_gid",
        "mode",
        "other_gid",
        "other_name",
        *CHOICES.values(),
    )
    @api.depends_context("lang")
    def _compute_preview(self):
        for wizard in self:
            link = chosen = None
            store = wizard.backend_id
            if wizard.shopify_type in CHOICES and store and store.has_access("read"):
                link, chosen = wizard._link(), wizard._chosen()
            rows, count = wizard.sync_id, len(wizard.sync_id)
            if link:
                rows, count = link._open_syncs(chosen, limit=SHOWN)
            wizard.affected_ids = rows.sudo(False)._filtered_access("read")
            wizard.affected_count = count
            wizard.preview = link is not None and wizard._shown(link, chosen)

    def _shown(self, link, chosen):
        """The two sides now and then, as a table."""
        nothing = self.env._("nothing")
        record = link._record() if link else link
        now = _named(record) if link else nothing
        mark = record.id if link and link.verified_at else nothing
        then, mark_then, old = self._outcome(record, chosen, now)
        rows = [
            (self.env._("In Shopify"), self.shopify_gid, self._gid_then()),
            (self.env._("Odoo record"), now, then),
            (self.env._("Odoo ID written in Shopify"), mark, mark_then),
        ]
        if link:
            rows.append((_named(record), self.env._("linked"), old))
        head = Markup("<tr><th></th><th>%s</th><th>%s</th></tr>") % (
            self.env._("Now"),
            self.env._("Then"),
        )
        body = Markup("").join(
            Markup("<tr><th>%s</th><td>%s</td><td>%s</td></tr>") % row for row in rows
        )
        return Markup('<table class="table table-sm">%s%s</table>') % (head, body)

    def _gid_then(self):
        moves = self.mode == "move" and self.other_gid
        return self._other() if moves else self.shopify_gid

    def _other(self):
        if not self.other_name:
            return self.other_gid
        return f"{self.other_gid} ({self.other_name})"

    def _outcome(self, record, chosen, now):
        """-> (Odoo record then, mark then, what becomes of the record linked now)"""
        free = self.env._("linked to nothing here; unchanged otherwise")
        if self.mode == "split" and self.other_gid:
            free = self.env._("linked to %s", self._other())
        nothing = self.env._("nothing")
        if self.mode == "unlink":
            return nothing, self.env._("removed"), free
        if self.mode == "move":
            return now, record.id, self.env._("stays linked")
        if self.mode == "new":
            return (
                self.env._("a new one, or what its keys fit"),
                self.env._("the new one's"),
                self.env._("stays linked"),
            )
        if chosen:
            return _named(chosen), chosen.id, free
        if self.mode == "split":
            copy = self.env._("a copy of it, without SKU, barcode, and e-mail")
            return copy, self.env._("the copy's"), free
        return self.env._("choose one"), nothing, free

    # === DOING IT === #

    def action_apply(self):
        self.ensure_one()
        check_role(self.env, MANAGER if self.mode in MANAGERS else OPERATOR)
        self.backend_id.check_access("read")
        self._links()._said(self.reason)
        if self.shopify_type not in CHOICES:
            raise UserError(self.env._("Links of this kind can't be changed here."))
        self._check_as_seen()
        if self.mode != "new" and not self._link():
            self._link_anew()
        else:
            getattr(self, f"_apply_{self.mode}")(self._link())
        return {"type": "ir.actions.act_window_close"}

    def _check_as_seen(self):
        """Two people may have it open: the second one looked at what isn't any more."""
        if self.token_seen != self._link_seen():
            raise UserError(
                self.env._(
                    "Somebody has changed this link since you opened it: look at it "
                    "again."
                )
            )

    def _picked(self):
        record = self._chosen()
        if not record:
            raise UserError(self.env._("Choose the Odoo record that it should be."))
        record.check_access("read")
        return record

    def _link_anew(self):
        """What is linked to nothing can only be linked."""
        if self.mode != "relink":
            raise UserError(self.env._("%s isn't linked (any more).", self.shopify_gid))
        links = self.env[self._links()._name]
        record = self._picked()
        links.sudo()._check_choice(self.backend_id, record)
        links._name_in_shopify(self.backend_id, self.shopify_gid)
        links._link_chosen(self.backend_id, self.shopify_gid, record, self.reason)
        self.sync_id.action_retry()

    def _apply_relink(self, link):
        link._relink(self._picked(), self.reason)

    def _apply_move(self, link):
        if not self.other_gid:
            raise UserError(self.env._("Say which Shopify record took its place."))
        self._read_other()
        link._ask(self.backend_id, link._look_if_gone)
        link._relink_gid(self.other_gid, self.reason)

    def _check_other_gid(self):
        try:
            kind = parse(self.other_gid).type
        except ValueError as error:
            raise UserError(
                self.env._("%s is no Shopify ID.", self.other_gid)
            ) from error
        if kind != self.shopify_type:
            raise UserError(
                self.env._("%s is not of the same kind of record.", self.other_gid)
            )

    def _apply_unlink(self, link):
        link._unlink_chosen(self.reason)

    def _apply_split(self, link):
        record = self._chosen()
        if record:
            record.check_access("read")
        if self.other_gid:
            self._read_other()
        link._split(record, self.reason, self.other_gid)

    def _apply_new(self, link):
        if link:
            raise UserError(
                self.env._("%s is linked: unlink or split it.", self.shopify_gid)
            )
        links = self._links()
        links._ask(
            self.backend_id,
            lambda client: links._treat_as_new(
                self.backend_id, client, self.shopify_gid, self.reason
            ),
        )


def _named(record):
    if not record:
        return ""
    if not record.exists():
        kind = record.env["ir.model"]._get(record._name).name
        return record.env._("%(kind)s %(id)s, deleted", kind=kind, id=record.id)
    return f"{record.display_name} (ID {record.id})"
