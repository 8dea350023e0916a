"""Buttons of a sync row: the fix of its reason, and both sides of the record."""

from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from .roles import OPERATOR, check_role, has_role

# Where the fix of a reason leads: a method of shopify.sync. What is not listed needs no
# deed of its own here and leads to the comparison of both sides.
FIXES = {
    "compare": "action_compare",
    "link_variant": "action_link",
    "link_product": "action_link",
    "link_customer": "action_link",
    "choose_match": "action_link",
    "relink": "action_relink",
    "treat_as_new": "action_relink",
    "accept": "action_accept",
    "open_in_shopify": "action_open_in_shopify",
    "open_record": "action_open_in_odoo",
    "open_blocker": "action_open_blocker",
    "set_location": "action_set_location",
    "set_tax": "action_set_tax",
    "grant_access": "action_open_sync_user",
    "report": "action_report",
    "settle_outcome": "action_settle",
    "resume_store": "action_open_store",
    "reconnect": "action_open_store",
    "grant_scope": "action_open_store",
    "open_credentials": "action_open_store",
    "open_settings": "action_open_store",
    "open_rules": "action_open_store",
    "open_schedule": "action_open_store",
    "set_payment": "action_open_store",
    "set_pricelist": "action_open_store",
    "activate_currency": "action_open_currency",
}
COMPARE = "action_compare"
# Fixes that change something, each by the role that may.
OPERATORS_FIXES = (
    "action_link",
    "action_relink",
    "action_accept",
    "action_settle",
)
# A person's go ends these, though comparing comes first.
ACCEPTED_TOO = ("unexplained_stock_drop",)
SIDES = ("shopify_", "odoo_")
HIDDEN_PARAMS = ("fingerprint", "retry_after", "request_id", "detail")


class ShopifySync(models.Model):
    _inherit = "shopify.sync"

    fix_label = fields.Char("Fix", compute="_compute_fix_label")
    may_accept = fields.Boolean(compute="_compute_fix_label")
    comparison = fields.Html("Both Sides", compute="_compute_comparison")

    @api.depends("reason_code")
    @api.depends_context("lang", "uid")
    def _compute_fix_label(self):
        for row in self:
            failure = row._failure()
            row.may_accept = failure and (
                failure.reason.fix == "accept" or failure.code in ACCEPTED_TOO
            )
            row.fix_label = failure and row._label_of_fix(failure.reason)

    def _label_of_fix(self, reason):
        """What stands on the button; nothing for a stop that needs nobody."""
        if reason.fix == "none":
            return False
        if reason.fix not in FIXES:
            return self.env._("Compare both sides")
        if FIXES[reason.fix] in OPERATORS_FIXES and not has_role(self.env, OPERATOR):
            return False
        return reason.fix_label and self.env._(reason.fix_label)

    def action_fix(self):
        """Go to what mends this."""
        self.ensure_one()
        self.check_access("read")
        failure = self._failure()
        if failure is None or failure.reason.fix == "none":
            return self.action_retry()
        return getattr(self, self._reachable(FIXES.get(failure.reason.fix, COMPARE)))()

    def _reachable(self, fix):
        """Another way to what is asked for, where nothing is at the end of this one."""
        sides = {
            "action_open_in_odoo": bool(self._odoo_record()),
            "action_open_in_shopify": bool(self.shopify_url),
            "action_open_blocker": bool(self._blockers()),
        }
        if sides.get(fix, True):
            return fix
        return next((side for side, there in sides.items() if there), COMPARE)

    # === WHERE A FIX LEADS === #

    def action_link(self):
        """Choose the Odoo record that the missing thing stands for."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Link"),
            "res_model": "shopify.link.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sync_id": self.id},
        }

    def action_relink(self):
        """Change what this record is linked to."""
        self.ensure_one()
        check_role(self.env, OPERATOR)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Change the link"),
            "res_model": "shopify.relink.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_sync_id": self.id},
        }

    def action_set_location(self):
        return self._open_mapping("action_mapping_location")

    def action_set_tax(self):
        """The taxes that are missing; their rows are made here, without a choice."""
        self.ensure_one()
        self.check_access("read")
        # sudo: an empty row chooses nothing; choosing is the manager's
        taxes = self.env["shopify.mapping.tax"].sudo()
        for key in self.wait_ids.mapped("key"):
            kind, _sep, value = key.partition(":")
            if kind == "tax":
                taxes._for_key(self.backend_id.sudo(), value)
        return self._open_mapping("action_mapping_tax")

    def _open_mapping(self, name):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"shopify_connector.{name}"
        )
        action["context"] = {
            "search_default_backend_id": self.backend_id.id,
            "search_default_missing": 1,
        }
        return action

    def action_open_currency(self):
        """The currency to switch on, which lists hide until it is."""
        self.ensure_one()
        name = (self.reason_params or {}).get("currency")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Currency %s", name),
            "res_model": "res.currency",
            "view_mode": "list,form",
            "domain": [("name", "=", name)],
            "context": {"active_test": False},
        }

    def action_open_store(self):
        self.ensure_one()
        return self.backend_id.action_open_form()

    def action_open_sync_user(self):
        """The user that syncs run as, for those who may give access; else the store."""
        self.ensure_one()
        user = self.backend_id.sudo().sync_user_id
        if not self.env["res.users"].has_access("write"):
            return self.action_open_store()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.users",
            "res_id": user.id,
            "view_mode": "form",
        }

    def action_open_in_shopify(self):
        self.ensure_one()
        if not self.shopify_url:
            raise UserError(self.env._("Shopify's admin has no page for this record."))
        return {"type": "ir.actions.act_url", "url": self.shopify_url, "target": "new"}

    def action_open_in_odoo(self):
        self.ensure_one()
        record = self._odoo_record()
        if not record:
            raise UserError(self.env._("Nothing exists in Odoo for this record yet."))
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "view_mode": "form",
        }

    def action_open_blocker(self):
        """The sync that this one waits for; its form, where it is one."""
        self.ensure_one()
        keys = [key.split(":", 1)[1] for key in self.wait_ids.mapped("key")]
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Waited for"),
            "res_model": "shopify.sync",
            "view_mode": "list,form",
            "domain": [("subject_key", "in", keys)],
        }
        blockers = self._blockers()
        if len(blockers) == 1:
            action |= {"view_mode": "form", "res_id": blockers.id}
        return action

    def action_open_cause(self):
        """The cause, with all items that the same fix releases."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "shopify.cause",
            "res_id": self.cause_id.id,
            "view_mode": "form",
        }

    def _same_cause_domain(self):
        return [
            ("backend_id", "=", self.backend_id.id),
            ("cause_key", "=", self.cause_key),
            ("state", "in", ("review", "waiting")),
        ]

    def action_retry_cause(self):
        """Retry everything that stopped for the same cause."""
        self.ensure_one()
        self.check_access("read")
        return self.search(self._same_cause_domain()).action_retry()

    def action_ask(self):
        """Postpone, hand over or close: asks what it needs."""
        return self._ask(act=self.env.context.get("act", "postpone"))

    def action_settle(self):
        """A person looked in Shopify and says whether our request was carried out."""
        self.ensure_one()
        return self._ask(is_settling=True)

    def _ask(self, **defaults):
        check_role(self.env, OPERATOR)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What should happen?"),
            "res_model": "shopify.sync.act",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_sync_ids": self.ids,
                **{f"default_{name}": value for name, value in defaults.items()},
            },
        }

    def action_compare(self):
        return self._open_dialog("view_sync_compare", self.env._("Both sides"))

    def action_report(self):
        return self._open_dialog("view_sync_report", self.env._("Report for support"))

    def _open_dialog(self, view, title):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "shopify.sync",
            "res_id": self.id,
            "views": [(self.env.ref(f"shopify_connector.{view}").id, "form")],
            "target": "new",
        }

    def _released_notification(self, count):
        """Say what was released, with the way to it; or why nothing moves yet."""
        idle = self._why_idle()
        params = {
            "type": "warning" if idle else "success",
            "message": idle or self._released_text(count),
            "next": {"type": "ir.actions.act_window_close"},
        }
        if not idle:
            # The client puts the link where %s is left.
            params["message"] += " %s"
            label = self.env._("See them go through")
            params["links"] = [{"label": label, "url": self._released_url()}]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": params,
        }

    def _released_text(self, count):
        if count == 1:
            return self.env._("1 record is being synced.")
        return self.env._("%s records are being synced.", count)

    def _released_url(self):
        """Where these rows can be watched, also when they are through."""
        if len(self.cause_id) == 1:
            return f"/odoo/shopify-review/{self.cause_id.id}/shopify-review-items"
        return (
            f"/odoo/shopify-syncs/{self.id}"
            if len(self) == 1
            else "/odoo/shopify-syncs"
        )

    def _why_idle(self):
        """What keeps these rows from running at once, though somebody asked for it."""
        # sudo: the state of stores that these rows are of
        backends = self.sudo().backend_id
        stopped = backends.filtered(lambda store: not store._is_working())[:1]
        if stopped.state == "copy":
            return self.env._(
                "Noted, but the store %s is a copy that doesn't read from Shopify.",
                stopped.name,
            )
        if stopped:
            return self.env._(
                "Noted, but the store %s is not connected or on hold: it goes on when "
                "a manager resumes it.",
                stopped.name,
            )
        flows = set(self.mapped("flow"))
        rows = backends.flow_ids.filtered(lambda row: row.flow in flows)
        off = rows.filtered(lambda row: row.policy == "off")
        if off:
            return self.env._(
                "Nothing runs: the flow %s is off. A manager switches it on in "
                "Configuration → Flows.",
                off[:1]._flow_labels()[0],
            )
        paused = rows.filtered("paused_at")
        if paused:
            return self.env._(
                "Noted, but the flow %(flow)s is paused: %(reason)s",
                flow=paused[:1]._flow_labels()[0],
                reason=paused[:1].paused_message,
            )
        return None

    # === A PERSON SETTLES AN UNKNOWN OUTCOME === #

    def _settle_by_person(self, was_done, reason, found=""):
        """Record what a person found in Shopify about requests that got no answer.

        Done: nothing is sent again, and the rows of these requests close. Not done: it
        is sent anew. Either way, whatever waited for the answer goes on.

        found: ID of what the person saw in Shopify, where several records fit.
        """
        self.ensure_one()
        waiting = self | self._stopped_with()
        # First of all: while one is being processed, its request may be under way.
        waiting._hold()
        writes = self._open_writes()
        if not writes:
            raise UserError(self.env._("No request of this record is open any more."))
        self._check_nothing_may_arrive(writes)
        if was_done:
            self._link_what_was_done(writes, found)
        asked = {name for write in writes for name in write.subjects}
        ended = waiting.filtered(lambda row: was_done and row._subject_name() in asked)
        writes._close(writes.mapped("uuid"), "settled" if was_done else "not_applied")
        if ended:
            ended.action_close(reason)
        rest = waiting - ended
        if rest:
            rest._note_person("settled", reason)
            rest.action_retry()
        return self._released_notification(len(waiting))

    def _link_what_was_done(self, writes, found=""):
        """Link what these requests made in Shopify, where a type knows how to tell.
        Raises UserError when the person must say which one it was."""

    def _check_nothing_may_arrive(self, writes):
        """Refuse an answer while Shopify may still carry a request out."""
        backend = self.backend_id.sudo()  # times to wait are no secret
        wait = backend._parameter("read_timeout") + backend._parameter("verdict_wait")
        until = max(writes.mapped("created_at")) + timedelta(seconds=wait)
        if until > fields.Datetime.now():
            minute = until + timedelta(seconds=59)
            raise UserError(
                self.env._(
                    "Shopify may still be carrying it out; try again at %s.",
                    format_datetime(self.env, minute, dt_format="HH:mm"),
                )
            )

    # === BOTH SIDES === #

    @api.depends("reason_code", "reason_params")
    @api.depends_context("lang")
    def _compute_comparison(self):
        for row in self:
            row.comparison = row._comparison_table()

    def _comparison_table(self):
        """What the reason knows of each side, a line a fact."""
        params = self.reason_params or {}
        lines, seen = [], set()
        for name, value in params.items():
            if name in seen or name in HIDDEN_PARAMS:
                continue
            plain = name.removeprefix("shopify_").removeprefix("odoo_")
            pair = [params.get(side + plain) for side in SIDES]
            if plain != name and None not in pair:
                seen |= {side + plain for side in SIDES}
                lines.append((plain, *pair))
            else:
                lines.append((name, value, None))
        if not lines:
            return False
        head = Markup("<tr><th></th><th>%s</th><th>%s</th></tr>") % (
            self.env._("Shopify"),
            self.env._("Odoo"),
        )
        # What both sides have comes first.
        lines.sort(key=lambda line: line[2] is None)
        body = Markup("").join(_line(*line) for line in lines)
        return Markup('<table class="table table-sm">%s%s</table>') % (head, body)

    # === EMPTY LISTS === #

    @api.model
    def get_empty_list_help(self, help_message):
        """ "Nothing to review" says what went well meanwhile."""
        if not self.env.context.get("shopify_review"):
            return super().get_empty_list_help(help_message)
        since = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        count = self.search_count(
            [("state", "=", "done"), ("last_run_at", ">=", since)]
        )
        text = self.env._("Nothing to review.")
        done = self.env._("%s records were synced since yesterday.", count)
        return Markup('<p class="o_view_nocontent_smiling_face">%s</p><p>%s</p>') % (
            text,
            done,
        )


def _line(name, shopify_value, odoo_value):
    label = name.replace("_", " ").capitalize()
    if odoo_value is None:
        return Markup('<tr><th>%s</th><td colspan="2">%s</td></tr>') % (
            label,
            _shown(shopify_value),
        )
    return Markup("<tr><th>%s</th><td>%s</td><td>%s</td></tr>") % (
        label,
        _shown(shopify_value),
        _shown(odoo_value),
    )


def _shown(value):
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items())
    return "" if value is None else str(value)
