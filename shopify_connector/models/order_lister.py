"""Lists every order that a store has, old ones too, without bringing any into Odoo.

Read as the worksheet reads (shopify.scan), lot by lot straight into sync rows: an order
that a rule keeps out gets a row that names the rule. What the engine has read itself is
left as it is, and what no rule keeps out is left to the engine.
"""

from odoo import fields, models
from odoo.exceptions import UserError

from ..core.orders import exclusion
from .roles import OPERATOR, check_role
from .scan_reader import ROWS_A_LOT, ScanReader
from .shopify_order_status import STATUSES, statuses
from .shopify_order_table import SHOWN, amount_of, shown_facts
from .shopify_trigger import PRIORITY, group_of

PURPOSE = "orders"
TYPE = "Order"
DOCUMENT = "bulk/order_list"
# What a later list tells anew of an order that the engine never read.
_TOLD = ("record_name", "amount", "currency", "note", *STATUSES, *SHOWN)
_COLUMNS = (
    "backend_id",
    "company_id",
    "subject_key",
    *_TOLD,
    "flow",
    "direction",
    "drain_group",
    "subject_type",
    "priority",
    "state",
    "outcome",
    "weight",
    "attempt_count",
)
# `remote_updated_at` stays empty: should the rule fall, a comparison finds the order.
_FIXED = (
    PURPOSE,
    "in",
    group_of(PURPOSE, "in"),
    TYPE,
    PRIORITY[PURPOSE],
    "done",
    "excluded",
    0,
    0,
)
_UPSERT = (
    f"INSERT INTO shopify_sync ({', '.join(_COLUMNS)}, create_date, write_date)"
    " VALUES %s ON CONFLICT (backend_id, direction, subject_type, subject_key)"
    " DO UPDATE SET write_date = excluded.write_date, "
    + ", ".join(f"{name} = excluded.{name}" for name in _TOLD)
    + " WHERE shopify_sync.last_run_at IS NULL AND shopify_sync.state = 'done'"
)
_TEMPLATE = (
    f"({', '.join(['%s'] * len(_COLUMNS))},"
    " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')"
)


class OrderLister(ScanReader):
    """Reads for one scan; counts in the part's tally what is left to the engine."""

    def __init__(self, scan, client, stop_at):
        super().__init__(scan, client, stop_at)
        backend = scan.backend_id
        self._policy = self.env["shopify.sale.order"]._policy(backend, {})
        self._is_off = backend._flow_policy(PURPOSE) == "off"

    def _document(self, part):
        return DOCUMENT

    def _start_over(self, part, error):
        part.tally = False
        return super()._start_over(part, error)

    def _insert(self, shopify_type, nodes):
        nodes = self._new_to_the_engine({node["id"]: node for node in nodes})
        rules = {gid: self._rule(node) for gid, node in nodes.items()}
        rows = [
            self._row(node, rules[gid]) for gid, node in nodes.items() if rules[gid]
        ]
        if rows:
            self.env.cr.execute_values(
                _UPSERT, rows, template=_TEMPLATE, page_size=ROWS_A_LOT
            )
        due = len(nodes) - len(rows)
        if due:
            part = self._scan.part_ids
            part.tally = {"due": (part.tally or {}).get("due", 0) + due}

    def _new_to_the_engine(self, nodes):
        """Those it never came to an end with. Also keeps us off rows at work."""
        self.env.cr.execute(
            "SELECT subject_key FROM shopify_sync WHERE backend_id = %s"
            " AND direction = 'in' AND subject_type = %s AND subject_key = ANY(%s)"
            " AND (last_run_at IS NOT NULL OR state <> 'done')",
            [self._scan.backend_id.id, TYPE, list(nodes)],
        )
        known = {gid for (gid,) in self.env.cr.fetchall()}
        return {gid: node for gid, node in nodes.items() if gid not in known}

    def _rule(self, node):
        """The rule that keeps the order out of Odoo; "" when none does."""
        rule = exclusion(node, self._policy)
        if not rule and self._is_off:
            return self.env._("The flow Orders is off; rule: nothing comes in then")
        return rule

    def _row(self, node, rule):
        backend = self._scan.backend_id
        told = {
            "record_name": node["name"],
            "note": rule,
            **amount_of(node),
            **statuses(node),
            **shown_facts(node),
        }
        return (
            backend.id,
            backend.company_id.id,
            node["id"],
            *(None if told[name] is False else told[name] for name in _TOLD),
            *_FIXED,
        )


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    purpose = fields.Selection(
        selection_add=[(PURPOSE, "List of Orders")], ondelete={PURPOSE: "cascade"}
    )

    def _reader(self, client, stop_at):
        if self.purpose == PURPOSE:
            return OrderLister(self, client, stop_at)
        return super()._reader(client, stop_at)

    def _step(self, client, stop_at):
        """Nothing is compared: what was read stands in the list."""
        if self.purpose != PURPOSE:
            return super()._step(client, stop_at)
        if self.state == "comparing":
            self._finish_list()
            return None
        return super()._step(client, stop_at)

    def _finish_list(self):
        part = self.part_ids
        failed = part.state == "failed"
        # The planner knows nothing yet of rows that came by the hundred thousand.
        self.env.cr.execute("ANALYZE shopify_sync")
        self.write(
            {
                "state": "failed" if failed else "done",
                "done_at": fields.Datetime.now(),
                "message": part.message,
                "conclusion": not failed and self._conclude_list(),
            }
        )
        if self._due_count():
            self.backend_id._enqueue_reconcile(flows=[PURPOSE])

    def _due_count(self):
        return (self.part_ids.tally or {}).get("due", 0)

    def _conclude_list(self):
        told = [
            self.env._("%s orders are in Shopify's list.", self.part_ids.read_count)
        ]
        if self._due_count():
            told.append(
                self.env._(
                    "%s that no rule keeps out are being read now.", self._due_count()
                )
            )
        granted = (self.backend_id.sudo().granted_scopes or "").split(",")
        if "read_all_orders" not in granted:
            told.append(
                self.env._(
                    "Shopify shows this app the last 60 days only: the permission "
                    "read_all_orders is missing."
                )
            )
        return " ".join(told)

    def _open_list(self):
        """Its page, in a dialog: it goes on when that is closed."""
        self.ensure_one()
        view = self.env.ref("shopify_connector.view_scan_orders_form")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("List of Orders"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "target": "new",
        }


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def action_list_orders(self):
        """Have every order of these stores in the list, with the rule that keeps it out
        of Odoo; none is brought in by this."""
        check_role(self.env, OPERATOR)
        self.check_access("read")
        scans = self.env["shopify.scan"]
        problems = []
        for backend in self:
            try:
                scans |= backend._scan(PURPOSE, (TYPE,))
            except UserError as error:
                problems.append(f"{backend.name}: {error}")
        if not scans:
            raise UserError("\n".join(problems))
        if len(scans) == 1 and not problems:
            return scans._open_list()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if problems else "info",
                "message": "\n".join(
                    [
                        self.env._(
                            "The orders of %s are being listed.",
                            ", ".join(scans.backend_id.mapped("name")),
                        ),
                        *problems,
                    ]
                ),
            },
        }
