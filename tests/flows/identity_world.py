"""A small world in which people do, on both sides, whatever may confuse identity.

`World` has acts (what a rule of the machine in identity_machine.py does) and looks at
both sides with SQL and the emulator's state, never through the connector's own code.
Acts choose by whole numbers, so that any number is a valid choice.
"""

import json
from contextlib import contextmanager

from psycopg2.errors import ForeignKeyViolation

from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger

from odoo.addons.queue_job.exception import RetryableJobError

from ..emulator.webhooks import post_of

SKUS = ("CUP", "cup", "HAT", "BAG")
BARCODES = ("4006381333931", "5901234123457")
EMAILS = ("ada@x.org", "bob@x.org", "cy@x.org")
FOREIGN = "00000000-0000-0000-0000-000000000000"
FOREVER = 100_000

# Shopify type: (link table, its column of the Odoo record, Odoo table)
LINKED = {
    "Product": ("shopify_product_template", "odoo_id", "product_template"),
    "ProductVariant": ("shopify_product_product", "odoo_id", "product_product"),
    "Customer": ("shopify_res_partner", "odoo_id", "res_partner"),
    "Order": ("shopify_sale_order", "sale_order_id", "sale_order"),
}
ODOO_MODELS = {kind: row[2].replace("_", ".", 1) for kind, row in LINKED.items()}
FLOWS = {
    "Product": "products",
    "ProductVariant": "products",
    "Customer": "customers",
    "Order": "orders",
}
LINK_MODELS = {
    "Product": "shopify.product.template",
    "ProductVariant": "shopify.product.product",
    "Customer": "shopify.res.partner",
    "Order": "shopify.sale.order",
}
FAULTS = (
    "reset_before",
    "reset_after",
    "status_before",
    "status_after",
    "internal_error",
    "internal_error_after",
    "truncate",
    "throttle",
)
SAME_STOP = {"match_taken": "ambiguous_match"}


class World:
    """Both sides, and what people did to them.

    case: the Odoo test case that holds store and shop. refused: acts that the
    connector or Odoo refused. writes: all that may be written into Shopify.
    """

    writes = frozenset({"metafieldsSet", "metafieldsDelete"})

    def __init__(self, case):
        self.case = case
        self.shop = case.shop
        self.backend = case.backend
        self.done = []
        self.refused = 0
        self.persons = {table: set() for _l, _c, table in LINKED.values()}
        self.made = {}
        self.allowance = {}
        self.aliases_allowed = set()
        self.shared = set()
        self.dirty = set()
        # What only a person may end: strangers' marks, and parted pairs.
        self.strangers = {}
        self.apart = set()
        self.old_marks = []
        self.reasons = set()
        self._known = self._odoo_ids()
        self._rows = self._sync_rows()
        self._writes_seen = len(self.shop.mutations_applied)
        self._database = case.env["ir.config_parameter"].get_param("database.uuid")

    @property
    def env(self):
        return self.case.env

    # === STEPS === #

    @contextmanager
    def step(self, text, by="engine"):
        """One act; afterwards everything must hold. by: who did what appeared during
        it, "engine", "person" (in Odoo) or "merchant"."""
        self.done.append(text)
        try:
            self._fill_bucket()
            yield
            self.env.flush_all()
            self.env.invalidate_all()
            self._check_act(by)
            self.check()
        except Exception as error:
            error.add_note("Steps:\n" + "\n".join(self.story()))
            raise

    def story(self):
        return [f"{number}. {text}" for number, text in enumerate(self.done, 1)]

    @contextmanager
    def person(self, text):
        """An act of a person in Odoo, which may be refused: then nothing happened."""
        with self.step(text, by="person"):
            try:
                with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    yield
            except (UserError, ValueError, ForeignKeyViolation) as refusal:
                # Odoo words the last for whoever pressed the button.
                self.refused += 1
                self.done[-1] += f" (refused: {str(refusal)[:90]})"

    @contextmanager
    def merchant(self, text):
        """An act in Shopify, which it may refuse."""
        with self.step(text, by="merchant"):
            try:
                yield
            except ValueError as refusal:
                self.refused += 1
                self.done[-1] += f" (refused: {refusal})"

    def _fill_bucket(self):
        self.env.cr.execute("DELETE FROM shopify_bucket")
        self.shop.set_bucket(points=1000.0)

    # === WHAT IS THERE === #

    def remote(self, kind):
        return [row["id"] for row in self.shop.of_type(kind)]

    def a_remote(self, kind, pick):
        return _chosen(self.remote(kind), pick)

    def a_record(self, kind, pick):
        """A record that belongs to this world: linked, or made by a person."""
        link_table, column, table = LINKED[kind]
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT %s FROM %s WHERE backend_id = %s ORDER BY 1",
                SQL.identifier(column),
                SQL.identifier(link_table),
                self.backend.id,
            )
        )
        ids = {row[0] for row in self.env.cr.fetchall() if row[0]}
        ids = sorted(ids | (self.persons[table] & self._odoo_ids()[table]))
        chosen = _chosen(ids, pick)
        return chosen and self.env[ODOO_MODELS[kind]].browse(chosen)

    def a_link(self, kind, pick):
        rows = [row for row in self.links() if row["kind"] == kind]
        row = _chosen(rows, pick)
        return row and self.env[LINK_MODELS[kind]].browse(row["id"])

    def a_row(self, pick, types=tuple(LINKED)):
        rows = self.env["shopify.sync"].search(
            [
                ("backend_id", "=", self.backend.id),
                ("state", "in", ("review", "waiting")),
                ("direction", "=", "in"),
                ("subject_type", "in", types),
            ],
            order="id",
        )
        return _chosen(rows, pick)

    def links(self):
        """All links of records that Shopify marks, as dicts."""
        found = []
        for kind, (table, column, _odoo) in LINKED.items():
            self.env.cr.execute(
                SQL(
                    """SELECT id, shopify_gid AS gid, %s AS record, token, verified_at,
                              gone_at, %s AS alias, %s AS parent, %s AS shared,
                              %s AS pieces
                         FROM %s WHERE backend_id = %s AND shopify_gid IS NOT NULL
                        ORDER BY id""",
                    SQL.identifier(column),
                    SQL("alias_of_id" if kind == "Customer" else "NULL"),
                    SQL("product_gid" if kind == "ProductVariant" else "NULL"),
                    SQL("shared_id" if kind.startswith("Product") else "NULL"),
                    SQL("main_quantity" if kind == "ProductVariant" else "1"),
                    SQL.identifier(table),
                    self.backend.id,
                )
            )
            found += [dict(row, kind=kind) for row in self.env.cr.dictfetchall()]
        return found

    def mark(self, gid):
        """(ID, proof) as they stand in Shopify, proof as text."""
        return tuple(
            (self.shop.metafields.get((gid, self.case._namespace(), key)) or {}).get(
                "value"
            )
            for key in ("id", "proof")
        )

    def _odoo_ids(self):
        found = {}
        for _link, _column, table in LINKED.values():
            self.env.cr.execute(SQL("SELECT id FROM %s", SQL.identifier(table)))
            found[table] = {row[0] for row in self.env.cr.fetchall()}
        return found

    def _sync_rows(self):
        self.env.cr.execute(
            """SELECT subject_type, subject_key, direction, state, outcome, last_batch,
                      last_run_at, reason_code
                 FROM shopify_sync WHERE backend_id = %s""",
            [self.backend.id],
        )
        return {
            (row["subject_type"], row["subject_key"], row["direction"]): row
            for row in self.env.cr.dictfetchall()
        }

    def _triggered(self):
        self.env.cr.execute(
            "SELECT subject_type, subject_key FROM shopify_trigger WHERE backend_id=%s",
            [self.backend.id],
        )
        return set(self.env.cr.fetchall())

    # === THE ENGINE === #

    def work(self, jobs=FOREVER, crash=None):
        """Run so many due jobs. crash: the number of the job whose transaction is lost
        though what it wrote to Shopify stays."""
        for number in range(min(jobs, 80)):
            due = self.case._due_jobs()
            if not due:
                return
            uuid = due[0].uuid
            if number == crash:
                with self.env.cr.savepoint() as lost:
                    self._run(uuid)
                    lost.rollback()
                self.env.invalidate_all()
                return
            self._run(uuid)
        assert jobs < FOREVER, f"still at work: {self._why_at_work()}"

    def _why_at_work(self):
        """Jobs that are due, what is asked for, and what waits."""
        self.env.cr.execute(
            "SELECT direction, subject_type, subject_key, cause FROM shopify_trigger"
            " WHERE backend_id = %s",
            [self.backend.id],
        )
        asked = self.env.cr.fetchall()
        self.env.cr.execute(
            "SELECT direction, subject_type, subject_key, reason_code, next_attempt_at"
            " FROM shopify_sync WHERE backend_id = %s AND state = 'waiting'",
            [self.backend.id],
        )
        return self.case._due_jobs().mapped("name"), asked, self.env.cr.fetchall()

    def _run(self, uuid):
        self._fill_bucket()
        try:
            self.case._run_job(uuid)
        except RetryableJobError as error:
            self.env.cr.execute(
                "UPDATE queue_job SET eta = now() AT TIME ZONE 'UTC' + interval '1h'"
                " WHERE uuid = %s",
                [uuid],
            )
            self.done[-1] += f" (put off: {error})"
        self.env.invalidate_all()

    def time_passes(self):
        """All that waits for a time comes due; flows that rested go on."""
        self.backend.flow_ids.filtered("paused_at")._resume()
        self.case.time_passes(
            self.env["shopify.sync"].search(
                [("backend_id", "=", self.backend.id), ("state", "=", "waiting")]
            )
        )
        self.case.wake()
        self.case.jobs_come_due()

    def compare(self):
        """Reconcile of everything, and the weekly comparison of all links."""
        try:
            self.backend._reconcile()
            with self.backend._client() as client:
                self.backend._compare_linked(client)
        except Exception as error:  # a planned fault: the next comparison comes
            self.done[-1] += f" (failed: {type(error).__name__})"

    def settle(self):
        """Everything that can go on by itself has gone on, and all was compared."""
        self.case.emulator.faults.clear()
        self.deliver()
        for _time in range(4):
            self.time_passes()
            self.work()
            self.compare()
            self.work()
        self.dirty.clear()

    def end(self):
        """Settled, a second sync of everything writes nothing on either side."""
        with self.step("the end: everything settles"):
            self.settle()
        with self.step("the end: everything is read"):
            # What was stopped for something in Odoo has not been looked at since.
            self._ask_for_everything()
            self.settle()
        with self.step("the end: everything is read once more"):
            before = self._odoo_ids(), self._linkage(), self._review()
            self.case.start_counting()
            self._ask_for_everything()
            self.work()
            assert self.case.written() == {}, f"written: {self.case.written()}"
            assert before[0] == self._odoo_ids(), "records appeared or vanished"
            assert before[1] == self._linkage(), "links changed"
            changed = before[2] ^ self._review()
            assert not changed, f"not the same reasons: {changed}"

    def _ask_for_everything(self):
        for kind in ("Product", "Customer", "Order"):
            self.case.ask(FLOWS[kind], *self.remote(kind), kind=kind)

    def _linkage(self):
        return {
            (row["kind"], row["gid"]): (row["record"], row["token"])
            for row in self.links()
        }

    def _review(self):
        """What waits for a person, and why.

        A key that fits several reads as taken or as ambiguous by what is read along
        with it: the same stop, and the same decision for a person.
        """
        return {
            (*key, SAME_STOP.get(row["reason_code"], row["reason_code"]))
            for key, row in self._sync_rows().items()
            if row["state"] == "review" and row["direction"] == "in"
        }

    def deliver(self):
        with self.case.allow_requests(all_requests=True):
            self.shop.deliver_webhooks(even_later=True)
        self.env.invalidate_all()

    def deliver_again(self, pick):
        sent = post_of(self.shop).deliveries
        if sent:
            with self.case.allow_requests(all_requests=True):
                self.shop.send_webhook_again(pick % len(sent))

    def lose_webhooks(self):
        post_of(self.shop).claim(even_later=True)

    # === THE TRUTH === #

    def _count_new(self, person):
        """What appeared in Odoo is a person's, or the one record of its Shopify
        record."""
        now = self._odoo_ids()
        for kind, (_link, _column, table) in LINKED.items():
            new = now[table] - self._known[table]
            if person:
                self.persons[table] |= new
            else:
                for record in sorted(new):
                    self._explain(kind, table, record)
        self._known = now

    def _explain(self, kind, table, record):
        sources = self._sources(kind, record)
        assert sources, f"{table} {record} was made for nothing in Shopify"
        for source in sources:
            made = self.made.setdefault((table, source), [])
            made.append(record)
            allowed = 1 + self.allowance.get(source, 0)
            assert len(made) <= allowed, (
                f"{source} was created more than once: {table} {made}"
            )

    def _sources(self, kind, record):
        """GIDs, or keys of guests and addresses, that this record was made for."""
        table, column, _odoo = LINKED[kind]
        key = (
            "COALESCE(shopify_gid, match_key || ' below ' ||"
            " COALESCE(parent_partner_id::text, '-'))"
            if kind == "Customer"
            else "shopify_gid"
        )
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM %s WHERE %s = %s",
                SQL(key),
                SQL.identifier(table),
                SQL.identifier(column),
                record,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _check_act(self, by):
        """What an act may have done, by who did it."""
        self._count_new(by == "person")
        self._check_strangers(by)
        self._check_apart(by)

    def check(self):
        """What must hold after every step."""
        links = self.links()
        self._remember_marks(links)
        self._check_links(links)
        self._check_unique_ids()
        self._check_writes()
        self._check_agreement(links, self._ran(links))

    def _remember_marks(self, links):
        for link in links:
            mark = self.mark(link["gid"])
            if all(mark) and (link["kind"], mark) not in self.old_marks:
                self.old_marks.append((link["kind"], mark))

    def _check_strangers(self, by):
        """What somebody else wrote over our mark stays for a person to see."""
        for gid, mark in list(self.strangers.items()):
            if self.mark(gid) == mark:
                continue
            assert by == "merchant", f"a stranger's mark of {gid} was replaced: {mark}"
            del self.strangers[gid]

    def _check_apart(self, by):
        """What a person has unlinked is not linked again by itself."""
        linked = {link["gid"] for link in self.links()} & self.apart
        assert by == "person" or not linked, f"linked again by itself: {linked}"
        self.apart -= linked

    def _check_links(self, links):
        gids, records = {}, {}
        for link in links:
            gids.setdefault((link["kind"], link["gid"]), []).append(link["id"])
            if link["alias"]:
                assert link["gid"] in self.aliases_allowed, (
                    f"nobody said that {link['gid']} is a further account"
                )
            else:
                key = (link["kind"], link["record"])
                records.setdefault(key, []).append(link["gid"])
        for key, twice in gids.items():
            assert len(twice) == 1, f"linked twice: {key}"
        for (kind, record), several in records.items():
            assert len(several) == 1 or (kind, record) in self.shared, (
                f"{kind} {record} is linked several times: {several}"
            )

    def _check_unique_ids(self):
        """Shopify's side: one ID stands on one object of a type."""
        holders = {}
        for (gid, namespace, key), value in self.shop.metafields.items():
            if (namespace, key) == (self.case._namespace(), "id"):
                kind = gid.split("/")[3]
                holders.setdefault((kind, value["value"]), []).append(gid)
        for key, several in holders.items():
            assert len(several) == 1, f"the ID {key} stands on {several}"

    def _check_writes(self):
        written = set(self.shop.mutations_applied[self._writes_seen :])
        assert written <= self.writes, f"written into Shopify: {written - self.writes}"
        self._writes_seen = len(self.shop.mutations_applied)

    def _ran(self, links):
        """Rows that came to an end in this step. What ran has seen what was done in
        Shopify before."""
        before, self._rows = self._rows, self._sync_rows()
        stamp = lambda row: row and (row["last_batch"], row["last_run_at"])  # noqa: E731
        ran = {
            key: row
            for key, row in self._rows.items()
            if stamp(row) != stamp(before.get(key))
        }
        for key, row in ran.items():
            # With one worker nobody is first: it was decided for what is linked.
            assert row["reason_code"] != "link_taken", f"an index refused {key}"
        self.reasons |= {row["reason_code"] for row in ran.values()} - {None}
        read = {gid for _kind, gid, _direction in ran}
        self.dirty -= read
        self.dirty -= {link["gid"] for link in links if link["parent"] in read}
        return ran

    def _check_agreement(self, links, ran):
        """Both sides agree, or the difference waits or is in review."""
        waits = {key[:2] for key in self._open_rows()} | self._triggered()
        for link in links:
            why = self._difference(link)
            if why is None or link["gid"] in self.dirty:
                continue
            known = (link["kind"], link["gid"]) in waits or (
                ("Product", link["parent"]) in waits
            )
            ends = {
                key[2]: (row["state"], row["outcome"])
                for key, row in ran.items()
                if key[1] in (link["gid"], link["parent"])
            }
            assert known, (
                f"{link['kind']} {link['gid']} and Odoo's {link['record']} differ "
                f"unnoticed: {why}; ended now: {ends}"
            )

    def _open_rows(self):
        return [
            key
            for key, row in self._rows.items()
            if row["state"] in ("waiting", "review")
        ]

    def _difference(self, link):
        """What differs between a link and its Shopify record; None if nothing."""
        if self.shop.get(link["gid"]) is None:
            return None if link["gone_at"] else "gone in Shopify"
        value, proof = self.mark(link["gid"])
        wanted = self._wanted(link)
        if wanted is None:
            return f"a further account has the ID {value}" if value else None
        found = (value, _parsed(proof))
        return None if found == wanted else f"{found} instead of {wanted}"

    def _wanted(self, link):
        """(ID, proof) that the Shopify record should carry; None for an alias."""
        if link["alias"]:
            return None
        table = LINKED[link["kind"]][2]
        self.env.cr.execute(
            SQL(
                "SELECT to_char(create_date, 'YYYY-MM-DD HH24:MI:SS.US')"
                " FROM %s WHERE id = %s",
                SQL.identifier(table),
                link["record"],
            )
        )
        proof = {
            "database": self._database,
            "model": ODOO_MODELS[link["kind"]],
            "ids": [link["record"]],
            "birth": self.env.cr.fetchone()[0],
            "token": link["token"],
        }
        if link["kind"] == "ProductVariant":
            proof |= self._pack(link)
        if link["shared"]:
            return None, proof | {"shared": True}
        return str(link["record"]), proof

    def _pack(self, link):
        self.env.cr.execute(
            "SELECT product_id, quantity FROM shopify_product_component"
            " WHERE link_id = %s ORDER BY id",
            [link["id"]],
        )
        parts = self.env.cr.fetchall()
        counts = [link["pieces"], *(quantity for _id, quantity in parts)]
        found = {"ids": [link["record"], *(record for record, _quantity in parts)]}
        return found | ({"quantities": counts} if set(counts) != {1} else {})


def _parsed(text):
    try:
        return text and json.loads(text)
    except ValueError:
        return text


def _chosen(things, pick):
    return things[pick % len(things)] if things else None
