"""Finds what isn't as it should be between links and marks, for an audit or a rebuild."""

from ..core import audit, identity
from ..core.audit import Seen
from .match_judge import Judge


def decide(model, backend, nodes, owners, candidates=None):
    """core.identity's decision for each node; `model` is the type's link model.

    As in the imports, but for places: these are imported by GID alone, and their marks
    are looked at here only.
    """
    if model._shopify_type != "Location":
        return model._inbound_decisions(
            backend, nodes, candidates, owners, archived="update"
        )
    mapped = {
        gid for gid, row in model._find(backend, list(nodes)).items() if row.location_id
    }
    linked = {gid: node for gid, node in nodes.items() if gid in mapped}
    found = model._inbound_decisions(backend, linked, None, owners, archived="update")
    rest = {gid: node for gid, node in nodes.items() if gid not in mapped}
    return found | _of_free_places(model, backend, rest, owners)


def _of_free_places(model, backend, nodes, owners):
    present = {gid: node for gid, node in nodes.items() if isinstance(node, dict)}
    marks = {gid: identity.mark_from_node(node) for gid, node in present.items()}
    marked = model._marked_facts(backend, marks, {}, owners)
    rivals = identity.rivals(marks)
    return {
        gid: identity.decide_inbound(
            identity.InboundFacts(
                gid=gid,
                model=model._model_marked(),
                database=model.env["shopify.mark"]._database(),
                remote="present" if gid in present else "gone",
                mark=marks.get(gid, identity.NO_MARK),
                marked=marked.get(gid),
                rivals=rivals.get(gid, ()),
                archived="update",
            )
        )
        for gid in nodes
    }


def find_all(model, backend, nodes, decisions):
    """{gid: core.audit.Finding} of those that are not as they should be."""
    env = model.env
    links = model._find(backend, list(nodes))
    parted = env["shopify.parted"].sudo()._of(backend, nodes)
    facts = {"model": model._model_marked()}
    facts["database"] = env["shopify.mark"]._database()
    found = {}
    for gid, node in nodes.items():
        decision = decisions[gid]
        if isinstance(decision, identity.NeedsLookup):
            # A link appeared between two queries.
            decision = identity.Decision("stop", "changed_meanwhile")
        mark = identity.NO_MARK
        if isinstance(node, dict):
            mark = identity.mark_from_node(node)
        if gid in parted and parted[gid]._disowns(mark):
            mark = identity.NO_MARK
        link = links.get(gid)
        seen = Seen(gid, mark=mark, is_linked=bool(link and link._record()), **facts)
        finding = audit.find(decision, seen)
        if finding:
            found[gid] = finding
    return found


class Auditor(Judge):
    """Gives verdicts as the worksheet does, and notes findings beside them."""

    def _decide(self, kind, ids, marks, candidates):
        decisions = super()._decide(kind, ids, marks, candidates)
        self._note(kind, self._nodes(kind, ids, marks), ids, decisions)
        return decisions

    def _nodes(self, kind, ids, marks):
        return {gid: node_of(gid, *marks[gid]) for gid in ids}

    def _note(self, kind, nodes, ids, decisions):
        model = self._model(kind)
        if kind == "Location":
            # The worksheet leaves out what no person has mapped yet.
            owners = self._owners(kind, {g: _texts(n) for g, n in nodes.items()})
            decisions = decide(model, self._backend, nodes, owners)
        found = find_all(model, self._backend, nodes, decisions)
        self._insert_findings(kind, found)

    def _insert_findings(self, kind, found, **more):
        findings = self.env["shopify.audit.finding"]
        if found:
            findings._insert(self._scan, kind, found, **more)

    # === LINKS THAT NOTHING WAS READ FOR === #

    def _twice(self, part):
        result = super()._twice(part)
        if part.stage == "odoo":
            part.write({"stage": "links", "compared_to": 0, "tally": {}})
        return result

    def _links(self, part):
        """Links whose Shopify record isn't in the list: gone, withheld, or made since."""
        model = self._model(part.shopify_type)
        rows = self._all(
            f"SELECT l.id FROM {model._table} l WHERE l.backend_id = %(backend)s"
            " AND l.id > %(after)s AND l.shopify_gid IS NOT NULL"
            f" AND l.{model._record_field} IS NOT NULL"
            " AND l.create_date < %(started)s AND NOT EXISTS ("
            "SELECT FROM shopify_match m WHERE m.scan_id = %(scan)s"
            " AND m.shopify_gid = l.shopify_gid)"
            " ORDER BY l.id LIMIT %(lot)s",
            after=part.compared_to,
            started=self._scan._began(),
        )
        if not rows:
            self._links_twice(part.shopify_type)
            part.write(self._after_links())
            return
        links = model.browse([row[0] for row in rows])
        known = links.filtered("gone_at")
        withheld = self._backend._withheld_links(links - known)
        absent = links - known - withheld
        self._insert_findings(
            part.shopify_type,
            {
                link.shopify_gid: audit.Finding(
                    "orphaned", self._repair_of_gone, "shopify_record_gone"
                )
                for link in absent
            },
        )
        tally = part.tally or {}
        part.write(
            {
                "compared_to": links[-1].id,
                "tally": {
                    "gone": tally.get("gone", 0) + len(known),
                    "withheld": tally.get("withheld", 0) + len(withheld),
                },
            }
        )

    _repair_of_gone = "read"

    def _after_links(self):
        return {"stage": "odoo", "compared_to": 0}

    def _links_twice(self, kind):
        """Two links of one record: the database forbids it, and may have been made to
        forget that."""
        model = self._model(kind)
        extra = {
            "shopify.res.partner": " AND alias_of_id IS NULL AND kind = 'customer'",
        }.get(model._name, "")
        if "shared_id" in model._fields:
            extra = " AND shared_id IS NULL"
        rows = self._all(
            f"SELECT array_agg(shopify_gid ORDER BY id) FROM {model._table}"
            " WHERE backend_id = %(backend)s AND shopify_gid IS NOT NULL"
            f" AND {model._record_field} IS NOT NULL{extra}"
            f" GROUP BY {model._record_field} HAVING count(*) > 1"
        )
        found = {
            gid: audit.Finding(
                "two_in_one",
                "",
                "identity_claimed_twice",
                {"other": ", ".join(g for g in gids if g != gid)},
                other=next(g for g in gids if g != gid),
            )
            for (gids,) in rows
            for gid in gids
        }
        self._insert_findings(kind, found, is_twice=True)


def node_of(gid, value, proof):
    return {
        "id": gid,
        "odooId": {"value": value} if value else None,
        "odooProof": {"value": proof} if proof else None,
    }


def _texts(node):
    """(value, proof) of a node's mark."""
    return tuple((node[name] or {}).get("value") for name in ("odooId", "odooProof"))
