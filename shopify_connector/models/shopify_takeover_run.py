"""The job of a take-over: gather lines, judge them on both sides, link the confirmed."""

from contextlib import contextmanager

from odoo import models
from odoo.tools import SQL

from ..api.errors import AccessDeniedError
from ..core import takeover
from .link_maker import declared
from .remote_failure import remote_failure
from .shopify_takeover_line import TYPES, line_values
from .takeover_judge import TakeoverJudge
from .takeover_sources import ROWS_A_LOT

MARKED = {
    "Order": "takeover/marks_orders",
    "Product": "takeover/marks_products",
    "ProductVariant": "takeover/marks_variants",
    "Customer": "takeover/marks_customers",
}
CONNECTIONS = {
    "Order": "orders",
    "Product": "products",
    "ProductVariant": "productVariants",
    "Customer": "customers",
}


class ShopifyTakeover(models.Model):
    _inherit = "shopify.takeover"

    # === THE JOB === #

    def _failed_state(self):
        """What was checked may be linked, the rest is checked again."""
        return "checked" if self.state == "linking" else "draft"

    def _step(self, client, stop_at):
        if self.state == "gathering":
            if not self._gather(client):
                self.state = "checking"
            return 0
        lines = self._next_lot("confirmed" if self.state == "linking" else "waiting")
        if lines:
            self._judge(client, lines)
            return 0
        if self.state == "checking":
            self._part_rivals()
        self.write(
            {
                "state": "checked" if self.state == "checking" else "done",
                "message": False,
                "troubles": 0,
            }
        )
        return None

    def _next_lot(self, verdict):
        lines = self.env["shopify.takeover.line"]
        domain = [("takeover_id", "=", self.id), ("verdict", "=", verdict)]
        # Products first: the links of their variants name them.
        for kind, _label in TYPES:
            part = lines.search(
                [*domain, ("shopify_type", "=", kind)],
                limit=self._lot_size(kind),
                order="id",
            )
            if part:
                return part
        return lines

    def _lot_size(self, kind):
        """As many as one request of that type holds."""
        return TakeoverJudge.lot(kind)

    def _judge(self, client, lines):
        judge = TakeoverJudge(self.backend_id, lines[0].shopify_type)
        said, nodes = judge.judge(client, lines)
        if self.state == "linking":
            said = judge.link(said, nodes)
        lines._keep_said(said)

    def _part_rivals(self):
        """Lines that were confirmed alone, and contradict each other: which of them is
        right only a person knows. Of lines that say the same one is enough."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE shopify_takeover_line l SET verdict = 'repeated' WHERE"
            " l.takeover_id = %(run)s AND l.verdict IN ('confirmed', 'linked')"
            " AND EXISTS ("
            "SELECT FROM shopify_takeover_line o WHERE o.takeover_id = %(run)s"
            " AND o.shopify_gid = l.shopify_gid AND o.found_id = l.found_id"
            " AND o.verdict IN ('confirmed', 'linked') AND o.id < l.id)",
            {"run": self.id},
        )
        # One product for several variants, where a manager said so.
        shared = list(declared(self.backend_id, "ProductVariant"))
        for same, other in (("shopify_gid", "found_id"), ("found_id", "shopify_gid")):
            self.env.cr.execute(
                SQL(
                    "UPDATE shopify_takeover_line l SET verdict = 'contradicted',"
                    " why_fields = 'claimed_twice' WHERE l.takeover_id = %(run)s"
                    " AND l.verdict = 'confirmed' AND EXISTS ("
                    "SELECT FROM shopify_takeover_line o WHERE o.takeover_id = %(run)s"
                    " AND o.shopify_type = l.shopify_type AND o.%(same)s = l.%(same)s"
                    " AND o.%(other)s <> l.%(other)s AND (o.verdict IN ('confirmed',"
                    " 'linked') OR o.why_fields = 'claimed_twice'))"
                    " AND NOT (%(several)s AND l.shopify_type = 'ProductVariant'"
                    " AND l.found_id = ANY(%(shared)s))",
                    run=self.id,
                    several=same == "found_id",
                    shared=shared,
                    same=SQL.identifier(same),
                    other=SQL.identifier(other),
                )
            )
        self.env.invalidate_all()

    # === GATHERING === #

    def _gather(self, client):
        """Gather the next lot. Whether there is more."""
        if self.origin == "database":
            return self._gather_columns()
        if self.origin == "marks":
            return self._gather_marks(client)
        return self._gather_file()

    def _add_lines(self, rows):
        # sudo: lines are made by the engine only
        self.env["shopify.takeover.line"].sudo().create(
            [{"takeover_id": self.id, **row} for row in rows]
        )

    def _gather_columns(self):
        place = self.place or {}
        done = place.get("done", [])
        sources = self.source_ids.filtered(lambda s: s.chosen and s.id not in done)
        if not sources:
            return False
        source = sources[0]
        rows = source._rows(place.get("after"))
        self._add_lines([source._line(*row) for row in rows])
        if len(rows) < ROWS_A_LOT:
            self.place = {"done": [*done, source.id]}
        else:
            self.place = {"done": done, "after": list(rows[-1])}
        return True

    def _gather_marks(self, client):
        place = self.place or {"types": self._marked_types(), "after": None}
        if not place["types"]:
            return False
        kind, *later = place["types"]
        with self._withheld_is_said(kind) as read:
            answer = client.execute(
                MARKED[kind],
                {
                    "namespace": self.namespace,
                    "key": self.key,
                    "after": place["after"],
                },
            )
            page = answer.data[CONNECTIONS[kind]]
            read.append(page)
        page = read[0] if read else {"nodes": [], "pageInfo": {"hasNextPage": False}}
        self._add_lines(
            [
                self._mark_line(kind, node["id"], node["left"]["value"])
                for node in page["nodes"]
                if node and node["left"]
            ]
        )
        more = page["pageInfo"]["hasNextPage"]
        self.place = {
            "types": [kind, *later] if more else later,
            "after": page["pageInfo"]["endCursor"] if more else None,
        }
        return True

    def _marked_types(self):
        return ["Order"] if self.holds == "invoice" else [kind for kind, _l in TYPES]

    @contextmanager
    def _withheld_is_said(self, kind):
        """A type that we may not read is left out, and has a line that says so."""
        try:
            yield []
        except AccessDeniedError as error:
            failure = remote_failure(self.backend_id, error)
            self._add_lines(
                [
                    {
                        "source": f"{self.namespace}.{self.key}",
                        "text": kind,
                        "shopify_type": kind,
                        "verdict": "bad",
                        "reason_code": failure.code,
                        "params": dict(failure.params),
                    }
                ]
            )

    def _mark_line(self, kind, gid, value):
        model = "account.move" if self.holds == "invoice" else takeover.MODELS[kind]
        source = f"{self.namespace}.{self.key}"
        return line_values(source, kind, gid, model, value, value)
