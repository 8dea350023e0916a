"""Review mode: what an item would do is shown, kept, and held to.

What is carried out is what was accepted: the plan is made anew from fresh facts, and
where its preview isn't the one that a person saw, it asks again.
"""

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import preview
from ..core.failures import Failure
from ..core.preview import Buyer
from .shopify_order_buyer import _person_key
from .sync_subject import CLOSED

RESULT = "to_accept"


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    # Names, addresses, amounts: for those who resolve stops, as values in History are.
    preview = fields.Json(
        groups="shopify_connector.group_operator",
        help="What would be done, see core/preview.",
    )
    preview_digest = fields.Char(help="Of the preview that this row shows.")
    accepted_digest = fields.Char(help="Of the preview that a person accepted.")
    refused_digest = fields.Char(help="Of the preview that a person refused.")
    preview_html = fields.Html(
        "What Would Be Done",
        compute="_compute_preview_html",
        groups="shopify_connector.group_operator",
        sanitize=False,
    )

    # === ASKING === #

    @api.model
    def _ask_first(self, model, backend, by_key, plans):
        """{key: what keeps this plan from being carried out} of plans in review."""
        previews = model._previews(backend, plans)
        subjects = [by_key[key] for key in plans]
        # sudo: the engine's own book
        rows = self.sudo().browse([s.sync_id for s in subjects if s.sync_id])
        rows = {row.id: row for row in rows}
        found = {}
        for key, plan in plans.items():
            subject = by_key[key]
            stop = self._unless_accepted(
                rows.get(subject.sync_id),
                previews[key],
                getattr(plan, "summary", ""),
                accepted=subject.accepted,
                anew=bool({"retry", "accepted"} & set(subject.causes)),
            )
            if stop:
                found[key] = stop
        return found

    @api.model
    def _unless_accepted(self, row, shown, summary, accepted, anew=False):
        """Why a plan in review isn't carried out; None when just this was accepted.

        row: its sync row, or None. shown: its preview. accepted: whether a person's go
        is there. anew: a person asked for it again, so a refusal is no answer.
        """
        as_json = shown.as_json()
        now = preview.digest(as_json)
        if accepted and (not row or row.accepted_digest in (False, now)):
            return None
        refused = row and row.state == "cancelled" and row.refused_digest == now
        if refused and not anew:
            return CLOSED
        if accepted:
            summary = self.env._(
                "it changed since it was accepted, and is now: %s", summary
            )
        return Failure(RESULT, {"summary": summary, "preview": as_json})

    @api.model
    def _rows_out(self, backend, subject_type, ids):
        """{ID: (sync row, asked for anew by a person)} of what goes to Shopify."""
        keys = [str(id) for id in ids]
        # sudo: the engine's own book
        rows = self.sudo().search_fetch(
            [
                ("backend_id", "=", backend.id),
                ("direction", "=", "out"),
                ("subject_type", "=", subject_type),
                ("subject_key", "in", keys),
            ],
            ["subject_key", "state", "accepted_digest", "refused_digest"],
        )
        self.env.cr.execute(
            "SELECT subject_key FROM shopify_trigger WHERE backend_id = %s"
            " AND direction = 'out' AND subject_type = %s AND subject_key = ANY(%s)"
            " AND cause IN ('retry', 'accepted')",
            [backend.id, subject_type, keys],
        )
        anew = {key for (key,) in self.env.cr.fetchall()}
        return {int(r.subject_key): (r, r.subject_key in anew) for r in rows}

    # === WHAT PEOPLE SAY === #

    def action_accept(self):
        # Kept with the go: what the person saw. A form names it, so that a row that was
        # planned anew behind an open form isn't taken for the one that was read.
        rows = self.filtered(lambda row: row.reason_code == RESULT)
        result = super().action_accept()
        seen = self.env.context.get("preview_seen")
        # sudo: checked above; rows are written by the engine only
        for row in rows.sudo() if seen else ():
            row.accepted_digest = seen
        if not seen:
            for digest, part in rows.sudo().grouped("preview_digest").items():
                part.write({"accepted_digest": digest})
        return result

    def action_refuse(self):
        """Don't do what is shown; asks why."""
        rows = self.filtered(lambda row: row.reason_code == RESULT)
        if not rows:
            raise UserError(self.env._("Nothing here waits to be accepted."))
        return rows._ask(act="close")

    def action_close(self, reason):
        result = super().action_close(reason)
        rows = self.sudo().filtered(lambda row: row.reason_code == RESULT)
        for digest, part in rows.grouped("preview_digest").items():
            part.write({"refused_digest": digest})
        return result

    # === SHOWN === #

    @api.depends("preview")
    @api.depends_context("lang")
    def _compute_preview_html(self):
        for row in self:
            row.preview_html = row._preview_table()

    def _preview_table(self):
        if not self.preview:
            return False
        body = Markup("").join(self._section_rows(section) for section in self.preview)
        return (
            Markup('<table class="table table-sm o_shopify_preview">%s</table>') % body
        )

    def _section_rows(self, section):
        kind = section["kind"]
        head = Markup('<tr class="table-active"><th>%s</th>%s</tr>') % (
            self.env._(preview.TITLES[kind]),
            self._heads(kind),
        )
        return head + Markup("").join(self._shown_row(row) for row in section["rows"])

    def _heads(self, kind):
        pair = {
            "totals": (self.env._("Shopify"), self.env._("Odoo")),
            "linked": (self.env._("Shopify"), self.env._("Odoo")),
            "changed": (self.env._("From"), self.env._("To")),
        }.get(kind)
        if not pair:
            return Markup('<th colspan="2"></th>')
        return Markup("<th>%s</th><th>%s</th>") % pair

    def _shown_row(self, row):
        label, *values = row
        label = self._word(label)
        values = [self._word(value) for value in values]
        if len(values) == 1:
            return Markup('<tr><td>%s</td><td colspan="2">%s</td></tr>') % (
                label,
                values[0],
            )
        return Markup("<tr><td>%s</td><td>%s</td><td>%s</td></tr>") % (label, *values)

    def _word(self, text):
        """Our own words in the reader's language; what others wrote, as it is."""
        return self.env._(text) if text in preview.WORDS else text


# === EACH RECORD TYPE === #


class ShopifyBinding(models.AbstractModel):
    _inherit = "shopify.binding"

    @api.model
    def _previews(self, backend, plans):
        """{key: core.preview.Preview} of plans that a person is asked about, with a fixed
        number of queries."""
        raise NotImplementedError(self._name)


class ShopifyProductTemplate(models.Model):
    _inherit = "shopify.product.template"

    @api.model
    def _previews(self, backend, plans):
        templates = self.env["product.template"].browse(
            {plan.template_id for plan in plans.values() if plan.template_id}
        )
        variants = self.env["product.product"].browse(
            {odoo_id for plan in plans.values() for odoo_id in plan.link.values()}
        )
        names = {template.id: _named(template) for template in templates}
        variant_names = {variant.id: _named(variant) for variant in variants}
        return {
            key: preview.of_product(
                plan, names.get(plan.template_id, ""), variant_names
            )
            for key, plan in plans.items()
        }


class ShopifyResPartner(models.Model):
    _inherit = "shopify.res.partner"

    @api.model
    def _previews(self, backend, plans):
        buyers = self._buyers(plans, {key: p.person for key, p in plans.items()})
        return {key: preview.of_person(buyers[key]) for key in plans}

    @api.model
    def _buyers(self, plans, people):
        """{key: Buyer}; plans: PersonPlan or Failure by key."""
        known = self.env["res.partner"].browse(
            {getattr(plan, "partner_id", None) for plan in plans.values()} - {None}
        )
        names = {partner.id: _named(partner) for partner in known}
        return {
            key: Buyer(people[key], stop=plan.reason.title)
            if isinstance(plan, Failure)
            else Buyer(people[key], names.get(plan.partner_id, ""), plan.action)
            for key, plan in plans.items()
        }

    @api.model
    def _buyers_of_orders(self, backend, plans, owners):
        """{order GID: Buyer}, as the import would decide now; nothing is written."""
        people = {_person_key(plan): plan.customer for plan in plans}
        nodes = {person.gid: person.node for person in people.values() if person.gid}
        decisions = self._decide(backend, people, nodes, owners)
        buyers = self._buyers(self._person_plans(backend, people, decisions), people)
        return {plan.gid: buyers[_person_key(plan)] for plan in plans}


class ShopifySaleOrder(models.Model):
    _inherit = "shopify.sale.order"

    @api.model
    def _previews(self, backend, plans):
        # Wrapped where fulfilments came with the order.
        creates = [getattr(plan, "inner", plan) for plan in plans.values()]
        buyers = self.env["shopify.res.partner"]._buyers_of_orders(
            backend, [each.plan for each in creates], creates[0].owners
        )
        return {
            key: preview.of_order(each.plan, buyers[each.plan.gid])
            for key, each in zip(plans, creates, strict=True)
        }


def _named(record):
    return f"{record.display_name} (ID {record.id})"
