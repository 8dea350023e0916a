"""Further acts for the identity machine: the worksheet, review mode, stock, the relink
wizard, and links that are lost, all of them amid what identity_machine.py does.

`WiderWorld` watches besides: accepting in the worksheet links and touches nothing else,
a flow in review makes nothing that nobody accepted, stock goes to no level but those of
the product that is linked, an audit finds all that differs, and a rebuild restores
exactly what both sides agreed on.
"""

import json
from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import rule

from odoo.tools import SQL

from .identity_machine import MARKED, PICK, WHY, IdentityMachine
from .identity_world import FLOWS, FOREIGN, LINKED, World

OPEN_SCANS = ("asked", "reading", "comparing")
# Emptied together, in an order that foreign keys allow. Locations stay.
LINK_TABLES = (
    "shopify_sale_order_line",
    "shopify_sale_order",
    "shopify_res_partner",
    "shopify_stock_level",
    "shopify_product_component",
    "shopify_product_product",
    "shopify_product_template",
)
REVIEWED = ("products", "customers", "orders")
# Each product's stock is a number of thousands of its own; orders ask for far less.
BOX, MOST_DEMAND = 1000, 500


class WiderWorld(World):
    """accepted: GIDs whose preview, or creation, a person has accepted. asked_there:
    how often a person asked for a record to be made in Shopify."""

    writes = World.writes | {
        "bulkOperationRunQuery",
        "customerCreate",
        "inventorySetQuantities",
        "productSet",
    }

    def __init__(self, case):
        super().__init__(case)
        self.accepted = set()
        # Apart by nothing but the mark that they had when their link was lost.
        self.lost = {}
        self.asked_there = Counter()
        self.made_there = Counter()
        self._remotes = self._made_by_the_connector()
        self._on_hand = self._stock()
        self._policies = self._policies_now()

    def _check_act(self, by):
        policies = self._policies_now()
        self._in_review = {
            flow
            for flow in REVIEWED
            if (self._policies[flow], policies[flow]) == ("review", "review")
        }
        self._policies = policies
        for gid in [gid for gid, mark in self.lost.items() if self.mark(gid) != mark]:
            self.apart.discard(gid)
            del self.lost[gid]
        super()._check_act(by)
        self._check_stock(by)
        self._check_made_there(by)

    def settle(self):
        self.backend._compare_stock()
        super().settle()

    # === REVIEW MODE === #

    def _policies_now(self):
        self.env.invalidate_all()
        return {row.flow: row.policy for row in self.backend.flow_ids}

    def _explain(self, kind, table, record):
        super()._explain(kind, table, record)
        if kind == "Customer" or FLOWS[kind] not in self._in_review:
            return
        asked = set(self._sources(kind, record))
        asked |= {
            link["parent"]
            for link in self.links()
            if (link["kind"], link["record"]) == (kind, record)
        }
        assert asked & self.accepted, f"nobody accepted that {table} {record} is made"

    def previews(self):
        """Rows that wait for a person's word."""
        return self.env["shopify.sync"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("state", "=", "review"),
                ("reason_code", "=", "to_accept"),
                ("direction", "=", "in"),
            ],
            order="id",
        )

    # === MADE IN SHOPIFY === #

    def _made_by_the_connector(self):
        return {gid for kind in ("Product", "Customer") for gid in self.remote(kind)}

    def _check_made_there(self, by):
        """What appeared in Shopify, a person asked for, and each wish made one."""
        before, self._remotes = self._remotes, self._made_by_the_connector()
        for gid in self._remotes - before if by == "engine" else ():
            record = gid.split("/")[3], self.mark(gid)[0]
            self.made_there[record] += 1
            assert self.made_there[record] <= self.asked_there[record], (
                f"{gid} was made in Shopify: {record}, asked {self.asked_there}"
            )

    # === STOCK === #

    def _stock(self):
        """{(item, location): on hand in Shopify}"""
        return {
            (item, place): self.shop.stock(item, place)["on_hand"]
            for item, place in list(self.shop.inventory)
        }

    def _check_stock(self, by):
        """What was pushed is the stock of the very product that is linked."""
        before, self._on_hand = self._on_hand, self._stock()
        if by != "engine":
            return
        links = {row["gid"]: row for row in self.links()}
        for key, found in self._on_hand.items():
            if before.get(key, 0) == found:
                continue
            variants = self.shop.get(key[0])["_variants"]
            own = [self._pieces(links[gid]) for gid in variants if gid in links]
            assert own, f"{found} pushed to {variants}, which aren't linked"
            fits = any(max(0, n - MOST_DEMAND) <= found <= n for n in own)
            assert fits, f"{found} pushed to {variants}, whose product has {own}"

    def _pieces(self, link):
        """Units of this variant that Odoo's stock makes up."""
        self.env.cr.execute(
            "SELECT product_id, quantity FROM shopify_product_component"
            " WHERE link_id = %s",
            [link["id"]],
        )
        needed = Counter({link["record"]: link["pieces"]})
        for product, pieces in self.env.cr.fetchall():
            needed[product] += pieces
        return min(self._units(product) // n for product, n in needed.items())

    def _units(self, product):
        self.env.cr.execute(
            "SELECT COALESCE(sum(quantity), 0) FROM stock_quant q"
            " JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal'"
            " WHERE q.product_id = %s",
            [product],
        )
        return int(self.env.cr.fetchone()[0])

    # === READING THE WHOLE STORE === #

    def scan(self, purpose, to_the_end=True):
        """Begin to read everything, or go on; returns the scan."""
        scan = self.backend._scan(purpose)
        for _round in range(40 if to_the_end else 0):
            self.case.jobs_come_due()
            self.work()
            if scan.state not in OPEN_SCANS:
                break
        assert not to_the_end or scan.state == "done", (scan.state, scan.message)
        return scan

    def worksheet(self):
        """Rows of the newest scan that is done."""
        scan = self.env["shopify.scan"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("purpose", "=", "matching"),
                ("state", "=", "done"),
            ],
            order="id desc",
            limit=1,
        )
        return scan.match_ids.sorted("id")

    def contents(self):
        """All that the records of both sides' kinds hold, as text."""
        self.env.flush_all()
        found = {}
        for _links, _column, table in LINKED.values():
            self.env.cr.execute(
                SQL("SELECT t::text FROM %s t ORDER BY id", SQL.identifier(table))
            )
            found[table] = self.env.cr.fetchall()
        return found

    # === LOST LINKS === #

    def proven(self):
        """{GID: (record, token)} of the links that Shopify's marks prove, each alone."""
        links = self.links()
        claims = Counter(
            self._claim(gid)
            for kind in LINKED
            for gid in self.remote(kind)
            if all(self.mark(gid))
        )
        return {
            link["gid"]: (link["record"], link["token"])
            for link in links
            if all(self.mark(link["gid"]))
            and self._difference(link) is None
            and claims[self._claim(link["gid"])] == 1
        }

    def _claim(self, gid):
        """The record that a mark's proof names."""
        try:
            proof = json.loads(self.mark(gid)[1])
            return gid.split("/")[3], proof["ids"][0]
        except (ValueError, KeyError, TypeError):
            return gid

    def lose_links(self):
        """Everything that says what is linked is gone from Odoo. Of what nothing in
        Shopify proves, a record more may be made."""
        proven = self.proven()
        self.env.cr.execute(
            "SELECT COALESCE(shopify_gid, match_key || ' below ' ||"
            " COALESCE(parent_partner_id::text, '-'))"
            " FROM shopify_res_partner WHERE backend_id = %s",
            [self.backend.id],
        )
        lost = {row[0] for row in self.env.cr.fetchall()}
        lost |= {link["gid"] for link in self.links()}
        for table in LINK_TABLES:
            self.env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
        self.env.invalidate_all()
        self._allow(lost - proven.keys())
        return proven

    def lose_link(self, link):
        """As if its row had never been."""
        self.env.flush_all()
        if link["kind"] == "Product":
            self.env.cr.execute(
                "UPDATE shopify_product_product SET product_link_id = NULL"
                " WHERE product_link_id = %s",
                [link["id"]],
            )
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s WHERE id = %s",
                SQL.identifier(LINKED[link["kind"]][0]),
                link["id"],
            )
        )
        self.env.invalidate_all()

    def _allow(self, gids):
        for gid in gids:
            self.allowance[gid] = self.allowance.get(gid, 0) + 1

    def pass_id_on(self, link):
        """Another record has the ID now: it was born at another time."""
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET create_date = create_date - interval '1 day'"
                " WHERE id = %s",
                SQL.identifier(LINKED[link["kind"]][2]),
                link["record"],
            )
        )
        self.env.invalidate_all()


class Worksheet:
    """What people do in the matching worksheet, often on a scan that is out of date."""

    @rule(to_the_end=st.booleans())
    def store_is_scanned(self, to_the_end):
        with self.world.step(f"scan for the worksheet, to the end: {to_the_end}"):
            before = self.world.contents() if not self.case._due_jobs() else None
            links = self.world.links()
            self.world.scan("matching", to_the_end)
            if before is not None:
                assert before == self.world.contents(), "a scan changed records"
                assert links == self.world.links(), "a scan changed links"

    def _proposed(self):
        return self.world.worksheet().filtered(
            lambda row: (row.verdict, row.decision) == ("proposed", "todo")
        )

    @rule(pick=PICK, how=st.sampled_from(["one", "all", "by a job"]))
    def proposals_are_accepted(self, pick, how):
        rows = self._proposed()
        if not rows:
            return
        if how == "one":
            rows = rows[pick % len(rows)]
        text = f"accept in the worksheet, {how}: {rows.mapped('shopify_gid')}"
        with self.world.person(text):
            before = self.world.contents()
            if how == "by a job":
                rows._enqueue_runs("accept", "")
            else:
                rows.action_accept()
            assert before == self.world.contents(), "accepting touched records"
        if how == "by a job":
            with self.world.step("the worksheet's job"):
                self.world.work()

    @rule(pick=PICK, kind=MARKED, other=PICK)
    def candidate_is_chosen(self, pick, kind, other):
        rows = self.world.worksheet().filtered(
            lambda row: row.shopify_type == kind and row.decision == "todo"
        )
        record = self.world.a_record(kind, other)
        if rows and record:
            row = rows[pick % len(rows)]
            with self.world.person(f"choose {record} for {row.shopify_gid}"):
                before = self.world.contents()
                row._choose(record)
                assert before == self.world.contents(), "choosing touched records"

    @rule(pick=PICK)
    def creation_is_allowed_in_the_worksheet(self, pick):
        rows = self.world.worksheet().filtered(
            lambda row: (row.verdict, row.decision) == ("only_shopify", "todo")
        )
        if rows:
            row = rows[pick % len(rows)]
            with self.world.person(f"create {row.shopify_gid} in Odoo"):
                row.action_create_here()
                self.world.accepted |= {row.shopify_gid, row.parent_gid}

    @rule(pick=PICK)
    def creation_is_allowed_in_shopify(self, pick):
        rows = self.world.worksheet().filtered(
            lambda row: (
                row.verdict == "only_odoo"
                and row.decision in ("todo", "create_there")
                and row.shopify_type in ("Product", "ProductVariant", "Customer")
            )
        )
        if not rows:
            return
        row = rows[pick % len(rows)]
        record = self.env[row.odoo_model].browse(row.odoo_id)
        with self.world.person(f"create {record} in Shopify"):
            row.action_create_there()
            if row.shopify_type == "ProductVariant":
                record = record.product_tmpl_id
            kind = "Customer" if row.shopify_type == "Customer" else "Product"
            self.world.asked_there[kind, str(record.id)] += 1

    @rule(pick=PICK, act=st.sampled_from(["never", "again"]))
    def row_is_put_aside_or_taken_back(self, pick, act):
        rows = self.world.worksheet()
        if rows:
            row = rows[pick % len(rows)]
            with self.world.person(f"{act}: {row.shopify_gid or row.odoo_id}"):
                row._ask(act, WHY)


class ReviewMode:
    """Flows in which a person looks first."""

    @rule(
        flow=st.sampled_from(REVIEWED), policy=st.sampled_from(["review", "automatic"])
    )
    def flow_gets_a_policy(self, flow, policy):
        with self.world.person(f"the flow {flow} is {policy}"):
            self.case.set_policy(flow, policy)

    @rule(pick=PICK, many=st.booleans())
    def previews_are_accepted(self, pick, many):
        rows = self.world.previews()
        if rows:
            rows = rows if many else rows[pick % len(rows)]
            keys = rows.mapped("subject_key")
            with self.world.person(f"accept what is shown of {keys}"):
                rows.action_accept()
                self.world.accepted |= set(keys)

    @rule(pick=PICK)
    def preview_is_refused(self, pick):
        rows = self.world.previews()
        if rows:
            row = rows[pick % len(rows)]
            with self.world.person(f"refuse what is shown of {row.subject_key}"):
                row.action_close(WHY)


class Stock:
    """Goods on both sides."""

    def _place(self):
        return self.shop.of_type("Location")[0]["id"]

    @rule(pick=PICK, units=st.integers(0, 9))
    def goods_are_counted_in_odoo(self, pick, units):
        record = self.world.a_record("ProductVariant", pick)
        if not record or not record.is_storable:
            return
        units += BOX * (1 + record.id % 97)
        with self.world.person(f"Odoo: {units} pieces of {record}"):
            self.env["stock.quant"].with_context(inventory_mode=True).create(
                {
                    "product_id": record.id,
                    "location_id": self.case.warehouse.lot_stock_id.id,
                    "inventory_quantity": units,
                }
            ).action_apply_inventory()

    @rule(pick=PICK, units=st.integers(0, 50))
    def goods_are_counted_in_shopify(self, pick, units):
        gid = self.world.a_remote("ProductVariant", pick)
        with self.world.merchant(f"Shopify: {units} pieces of {gid}"):
            self.shop.set_stock(gid, self._place(), units)

    @rule()
    def stock_of_odoo_is_accepted(self):
        with self.world.person("the stock of Odoo is accepted for all items"):
            self.world.backend.action_accept_stock()

    @rule()
    def stock_is_compared(self):
        with self.world.step("the nightly comparison of stock"):
            self.world.backend._compare_stock()
            self.world.work()


class Wizard:
    """The wizard that changes links."""

    @rule(
        kind=MARKED,
        pick=PICK,
        other=PICK,
        third=PICK,
        mode=st.sampled_from(["relink", "move", "split"]),
    )
    def link_is_changed_by_the_wizard(self, kind, pick, other, third, mode):
        link = self.world.a_link(kind, pick)
        gid = link.shopify_gid if link else self.world.a_remote(kind, pick)
        record = self.world.a_record(kind, other)
        other_gid = self.world.a_remote(kind, third) if kind != "Order" else False
        choice = {
            "Product": "template_id",
            "ProductVariant": "product_id",
            "Customer": "partner_id",
            "Order": "order_id",
        }[kind]
        if not gid or not record:
            return
        with self.world.person(f"wizard: {mode} {gid}, {record}, {other_gid}"):
            opened = {
                "default_backend_id": self.world.backend.id,
                "default_shopify_type": kind,
                "default_shopify_gid": gid,
            }
            wizard = (
                self.env["shopify.relink.wizard"]
                .with_context(**opened)
                .create(
                    {
                        "mode": mode,
                        choice: record.id,
                        "other_gid": mode != "relink" and other_gid,
                        "reason": WHY,
                    }
                )
            )
            assert gid in wizard.preview
            wizard.action_apply()


class LostLinks:
    """Links that are lost here, and the ways back."""

    @rule(rebuild=st.booleans())
    def all_links_are_lost(self, rebuild):
        with self.world.step(f"all links are lost, rebuilt: {rebuild}"):
            proven = self.world.lose_links()
            if not rebuild:
                return
            scan = self.world.scan("rebuild")
            now = {
                link["gid"]: (link["record"], link["token"])
                for link in self.world.links()
            }
            lost = {
                gid: (pair, now.get(gid))
                for gid, pair in proven.items()
                if now.get(gid) != pair
            }
            assert not lost, f"not restored: {lost}, {scan.conclusion}"

    @rule(
        kind=st.sampled_from(["Product", "Customer", "Order"]),
        pick=PICK,
        mark=st.sampled_from(["as it is", "foreign", "unreadable", "of another birth"]),
    )
    def a_link_is_lost(self, kind, pick, mark):
        """With a mark that isn't ours any more nothing is linked, with ours the very
        record is."""
        proven = self.world.proven()
        links = [
            link
            for link in self.world.links()
            if link["kind"] == kind and link["gid"] in proven and not self._kept(link)
        ]
        if not links:
            return
        link = links[pick % len(links)]
        gid = link["gid"]
        with self.world.step(f"the link of {gid} is lost, its mark {mark}", "merchant"):
            self.world.lose_link(link)
            value, text = self.world.mark(gid)
            match mark:
                case "foreign":
                    text = json.dumps(json.loads(text) | {"database": FOREIGN})
                case "unreadable":
                    text = '{"database": 7}'
                case "of another birth":
                    self.world.pass_id_on(link)
            self.case.mark(gid, value, text)
            if mark != "as it is":
                self.world.strangers[gid] = self.world.mark(gid)
                self.world.lost[gid] = self.world.mark(gid)
                self.world.apart.add(gid)

    def _kept(self, link):
        """Other links hang on it, or mean the same record."""
        return link["shared"] or any(
            other["id"] != link["id"]
            and other["kind"] == link["kind"]
            and other["record"] == link["record"]
            for other in self.world.links()
        )

    @rule()
    def store_is_audited(self):
        with self.world.step("the audit"):
            scan = self.world.scan("audit")
            found = set(scan.finding_ids.mapped("shopify_gid"))
            for link in self.world.links():
                why = self.world._difference(link)
                assert why is None or link["gid"] in found, (
                    f"the audit has overlooked {link['kind']} {link['gid']}: {why}"
                )


class WiderMachine(Worksheet, ReviewMode, Stock, Wizard, LostLinks, IdentityMachine):
    """All acts."""

    world_type = WiderWorld
