"""Units fulfilled ever: folding them changes no sum, whenever it happens."""

from contextlib import contextmanager

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo.sql_db import db_connect
from odoo.tests import TransactionCase
from odoo.tools import SQL, mute_logger

from odoo.addons.shopify_connector.models import shopify_line_total
from odoo.addons.shopify_connector.models.stock_facts import (
    _fulfilled,
    known_fulfilled,
)

from .stock_case import StockCase

TRUTH = (
    "SELECT product_id, sum(fulfilled_units) FROM shopify_line_place"
    " WHERE fulfilled_units <> 0 GROUP BY 1 ORDER BY 1"
)


class TestFolding(StockCase):
    def setUp(self):
        super().setUp()
        self.levels = self.env["shopify.stock.level"].search([])
        self.totals = self.env["shopify.line.total"]
        self.rows = self.env["shopify.line.place"]
        for units in (2, 3, 5):
            sale = self.imported([("SHIRT", units), ("SOCKS", 1)])
            if units != 5:
                self.deliver(sale)
                self.run_syncs()
        self.rows = self.rows.search([])

    def sums(self):
        self.env.flush_all()
        return known_fulfilled(self.env.cr, self.levels.ids)

    def truth(self):
        """Of the rows alone, as if nothing had ever been folded."""
        self.env.flush_all()
        found = {}
        for level in self.levels:
            self.env.cr.execute(
                "SELECT coalesce(sum(fulfilled_units), 0) FROM shopify_line_place"
                " WHERE backend_id = %s AND product_id = %s AND variant_gid = %s"
                " AND location_gid = %s",
                [
                    level.backend_id.id,
                    level.product_id.id,
                    level.variant_link_id.shopify_gid,
                    level.location_link_id.shopify_gid,
                ],
            )
            [found[level.id]] = self.env.cr.fetchone()
        return found

    def fold(self):
        return self.rows._gc_fold()

    def test_folding_changes_no_sum_and_later_changes_are_exact(self):
        before = self.sums()
        self.assertEqual(sorted(before.values())[-2:], [2, 5])
        self.assertEqual(before, self.truth())

        count, more = self.fold()

        self.assertEqual((count, more), (4, False))
        self.assertEqual(self.sums(), before)
        self.assertEqual(sorted(self.totals.search([]).mapped("units")), [2, 5])

        changed, removed, *_rest = self.rows.filtered("is_closed")
        changed.fulfilled_units += 7
        self.assertEqual(self.sums(), self.truth())
        self.assertNotEqual(self.sums(), before)
        self.fold()
        self.assertEqual(self.sums(), self.truth())

        # Goes by a cascade of the database.
        removed.line_link_id._as_engine().unlink()
        self.assertEqual(self.sums(), self.truth())
        self.fold()
        self.assertEqual(self.sums(), self.truth())
        self.env.cr.execute("DELETE FROM shopify_line_place")
        self.assertEqual(set(self.sums().values()), {0})

    def test_open_rows_are_not_folded_and_totals_become_one_a_key(self):
        for row in self.rows.filtered("is_closed"):
            self.env.cr.execute(shopify_line_total.FOLD, [1])
            self.assertEqual(self.sums(), self.truth(), row)
        self.env.invalidate_all()
        self.assertEqual(len(self.totals.search([])), 4)

        self.fold()

        self.assertEqual(len(self.totals.search([])), 2)
        self.assertEqual(
            self.rows.filtered("is_folded"), self.rows.filtered("is_closed")
        )
        self.assertEqual(self.sums(), self.truth())

    def test_stock_is_pushed_the_same_after_folding(self):
        self.fold()
        self.deliver(self.imported([("SHIRT", 4)]))
        self.run_syncs()

        self.assertEqual(self.on_hand("SHIRT"), 100 - 2 - 3 - 4)
        self.fold()
        self.run_syncs()
        self.assertEqual(self.on_hand("SHIRT"), 100 - 2 - 3 - 4)
        self.assertEqual(self.sums(), self.truth())


class TestFoldingAtOnce(TransactionCase):
    """Transactions of their own, on copies of the two tables."""

    TABLES = ("shopify_line_place", "shopify_line_total")

    def setUp(self):
        super().setUp()
        self.schema = "folding_at_once"
        with self.session() as cr:
            cr.execute(f"CREATE SCHEMA {self.schema}")
            cr.execute(f"CREATE TABLE {self.schema}.shopify_backend AS SELECT 1 AS id")
            for table in self.TABLES:
                cr.execute(
                    f"CREATE TABLE {self.schema}.{table}"
                    f" (LIKE public.{table} INCLUDING ALL)"
                )
            cr.execute(shopify_line_total.TRIGGERS)
            cr.execute(
                "INSERT INTO shopify_line_place (backend_id, line_link_id, product_id,"
                " variant_gid, location_gid, open_units, fulfilled_units, is_closed)"
                " SELECT 1, n, 1 + n %% 2, 'v' || n %% 2, 'l', 0, n, n <> 9"
                " FROM generate_series(1, 9) n",
                [],
            )
            cr.commit()
        self.addCleanup(self.drop)

    def drop(self):
        with self.session() as cr:
            cr.execute(f"DROP SCHEMA {self.schema} CASCADE")
            cr.commit()

    @contextmanager
    def session(self):
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute(f"SET LOCAL search_path = {self.schema}, public")
            cr.execute("SET LOCAL lock_timeout = '500ms'")
            yield cr
            cr.rollback()

    def sums(self, cr):
        levels = SQL(
            "WITH lv AS (SELECT n AS id, 1 AS backend_id, n AS product_id, 'l' AS gid,"
            " 'v' || (n - 1) AS variant_gid, true AS is_main"
            " FROM generate_series(1, 2) n)"
        )
        return dict(_fulfilled(cr, levels))

    def truth(self, cr):
        cr.execute(TRUTH)
        return dict(cr.fetchall())

    def assertExact(self, cr=None):
        if cr:
            self.assertEqual(self.sums(cr), self.truth(cr))
            return
        with self.session() as cr:
            self.assertExact(cr)

    def test_who_reads_while_rows_are_folded_sees_one_sum(self):
        with self.session() as old, self.session() as folder:
            before = self.sums(old)
            self.assertEqual(before, {1: 20, 2: 25})
            folder.execute(shopify_line_total.FOLD, [5])
            self.assertExact(folder)
            self.assertExact()
            folder.commit()
            self.assertEqual(self.sums(old), before)
        with self.session() as cr:
            self.assertEqual(self.sums(cr), before)

    def fold_all(self):
        with self.session() as cr:
            cr.execute(shopify_line_total.FOLD, [100])
            cr.commit()

    def test_rows_changed_and_removed_while_totals_are_made_one(self):
        self.fold_all()
        with self.session() as merger, self.session() as writer:
            self.assertExact(merger)
            writer.execute(
                "UPDATE shopify_line_place SET fulfilled_units = 70 WHERE line_link_id = 3"
            )
            writer.execute("DELETE FROM shopify_line_place WHERE line_link_id = 4")
            writer.commit()
            merger.execute(shopify_line_total.MERGE)
            self.assertExact()
            merger.commit()
        self.assertExact()
        with self.session() as cr:
            self.assertEqual(self.sums(cr), {1: 16, 2: 92})

    def test_rows_folded_while_totals_are_made_one(self):
        with self.session() as cr:
            cr.execute(shopify_line_total.FOLD, [4])
            cr.commit()
        with self.session() as merger, self.session() as folder:
            self.assertExact(merger)
            folder.execute(shopify_line_total.FOLD, [100])
            folder.commit()
            merger.execute(shopify_line_total.MERGE)
            merger.commit()
        self.assertExact()

    def test_row_that_somebody_changes_is_folded_another_night(self):
        with self.session() as writer, self.session() as folder:
            writer.execute(
                "UPDATE shopify_line_place SET fulfilled_units = 70 WHERE line_link_id = 3"
            )
            folder.execute(shopify_line_total.FOLD, [100])
            self.assertEqual(folder.fetchone(), (7,))
            folder.commit()
            writer.commit()
        self.assertExact()

    def test_change_of_a_row_that_was_just_folded_is_refused_not_lost(self):
        with self.session() as writer, self.session() as folder:
            self.assertExact(writer)
            folder.execute(shopify_line_total.FOLD, [100])
            change = "UPDATE shopify_line_place SET fulfilled_units = 70 WHERE line_link_id = 3"
            with mute_logger("odoo.sql_db"):
                with self.assertRaises(LockNotAvailable):
                    writer.execute(change)
                writer.rollback()
                writer.execute(f"SET LOCAL search_path = {self.schema}, public")
                self.assertExact(writer)
                folder.commit()
                # The job that wanted it is run again.
                with self.assertRaises(SerializationFailure):
                    writer.execute(change)
        self.assertExact()

    def test_all_rows_emptied_leave_no_total(self):
        self.fold_all()
        with self.session() as cr:
            cr.execute("TRUNCATE shopify_line_place")
            cr.commit()
        with self.session() as cr:
            self.assertEqual(self.sums(cr), {1: 0, 2: 0})
