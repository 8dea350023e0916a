"""The way back from lost links: whatever a proof in Shopify confirms is linked again.

Links are lost when tables are emptied, or a backup is restored. They come back with the
token that Shopify holds, so that both sides agree without a write. Nothing else is made
or changed; what can't be confirmed is listed. Stock rests meanwhile.
"""

from odoo import fields, models

from ..core import audit, failures
from ..core.failures import Failure
from .link_rebuilder import Rebuilder
from .roles import MANAGER, check_role
from .shopify_copy import NOT_REBUILT
from .shopify_scan import OPEN_STATES

# A product before its variants: their links hang on its.
IN_TURN = (
    "Location",
    "Product",
    "ProductVariant",
    "Company",
    "CompanyLocation",
    "Collection",
    "Customer",
    "Order",
)
# Seconds between two looks at the orders that are read again, the longer the more.
LONGEST_PAUSE = 15


class ShopifyScan(models.Model):
    _inherit = "shopify.scan"

    def _judge(self):
        return Rebuilder(self) if self.purpose == "rebuild" else super()._judge()

    def _types_in_turn(self):
        return IN_TURN if self.purpose == "rebuild" else super()._types_in_turn()

    def _after_comparing(self, client):
        if self.purpose == "rebuild":
            return self._after_rebuilding()
        return super()._after_comparing(client)

    def _after_rebuilding(self):
        """All flows go on but stock, which waits until every order is read again: what
        they hold counts in it, and a number without them sells too much or too little."""
        backend = self.backend_id
        if self.part_ids.filtered(lambda part: part.state == "failed"):
            return None
        # sudo: the engine's own pause
        backend.sudo().flow_ids.filtered(
            lambda flow: flow.paused_reason == NOT_REBUILT and flow.flow != "stock"
        )._resume()
        unread = self._unread_orders()
        if unread:
            self.looks += 1
            self.conclusion = self.env._(
                "Stock waits until %s orders are read again.", unread
            )
            return min(LONGEST_PAUSE, 3 * self.looks)
        self._list_lost_accounts()
        self.env["shopify.stock.level"].sudo()._ensure_levels(backend)
        return None

    def _unread_orders(self):
        """How many orders whose lines aren't linked yet the engine will still read."""
        if self.backend_id._flow_policy("orders") == "off":
            return 0
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT count(*) FROM shopify_sale_order l
             WHERE l.backend_id = %s AND l.shopify_gid IS NOT NULL
               AND l.sale_order_id IS NOT NULL AND l.gone_at IS NULL
               AND l.content_digest IS NULL
               AND (EXISTS (SELECT FROM shopify_trigger t
                             WHERE t.backend_id = l.backend_id AND t.direction = 'in'
                               AND t.subject_type = 'Order'
                               AND t.subject_key = l.shopify_gid)
                 OR EXISTS (SELECT FROM shopify_sync s
                             WHERE s.backend_id = l.backend_id AND s.direction = 'in'
                               AND s.subject_type = 'Order'
                               AND s.subject_key = l.shopify_gid
                               AND s.state = 'waiting'))
            """,
            [self.backend_id.id],
        )
        return self.env.cr.fetchone()[0]

    def _list_lost_accounts(self):
        """Further accounts of contacts that History knows, and no order brought back."""
        self.env.cr.execute(
            """
            SELECT DISTINCT m.shopify_gid FROM shopify_event e
              JOIN shopify_match m ON m.scan_id = %s AND m.shopify_gid = e.subject_key
             WHERE e.backend_id = %s AND e.subject_type = 'Customer'
               AND e.outcome = 'made an alias' AND m.mark_value IS NULL
               AND NOT EXISTS (SELECT FROM shopify_res_partner l
                                WHERE l.backend_id = e.backend_id
                                  AND l.shopify_gid = m.shopify_gid)
               AND NOT EXISTS (SELECT FROM shopify_parted p
                                WHERE p.backend_id = e.backend_id
                                  AND p.shopify_gid = m.shopify_gid)
            """,
            [self.id, self.backend_id.id],
        )
        lost = audit.Finding("orphaned", "", "identity_unproven", {"theirs": ""})
        found = {gid: lost for (gid,) in self.env.cr.fetchall()}
        if found:
            findings = self.env["shopify.audit.finding"]
            findings._insert(self, "Customer", found, state="review")

    def _finish(self):
        result = super()._finish()
        if self.purpose == "rebuild" and self.state != "failed":
            self.backend_id._links_rebuilt()
        return result

    def _conclude(self, sides):
        if self.purpose != "rebuild":
            return super()._conclude(sides)
        tally = self._tally()
        told = self.env._(
            "%(restored)s links restored, %(kept)s were here, %(review)s could not be "
            "restored.",
            restored=tally.get("restored", 0),
            kept=tally.get("kept", 0),
            review=self.review_count,
        )
        return self._with_gaps(sides, [told])

    def _tally(self):
        """{what: how many}, over all types."""
        tally = {}
        for part in self.part_ids:
            for name, count in (part.tally or {}).items():
                tally[name] = tally.get(name, 0) + count
        return tally

    def _with_gaps(self, sides, told):
        """The conclusion, after what couldn't be read."""
        failed = self.part_ids.filtered(lambda part: part.state == "failed")
        return " ".join([self._gaps(sides), *told] if failed else told)

    def _open(self):
        """Its page."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "shopify_connector.action_scan"
        )
        return action | {
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _is_rebuilding(self):
        # sudo: asked by the engine
        scans = self.env["shopify.scan"].sudo()
        return bool(
            scans.search_count(
                [
                    ("backend_id", "=", self.id),
                    ("purpose", "=", "rebuild"),
                    ("state", "in", OPEN_STATES),
                ],
                limit=1,
            )
        )

    def _rest_stock(self):
        """Stock rests from the first link that is made again until the end; a pause that
        a person must end stays that person's."""
        # sudo: the engine's own pause
        flow = self.sudo().flow_ids.filtered(
            lambda flow: (
                flow.flow == "stock" and (not flow.paused_at or flow.rests_until)
            )
        )
        flow.write(
            {
                "paused_at": fields.Datetime.now(),
                "rests_until": False,
                "paused_reason": NOT_REBUILT,
                "paused_message": failures.render(Failure(NOT_REBUILT), self.name),
            }
        )

    def action_rebuild_links(self):
        """Link again whatever the Odoo IDs in Shopify prove."""
        self.ensure_one()
        check_role(self.env, MANAGER)
        self.check_access("write")
        return self._scan("rebuild")._open()
