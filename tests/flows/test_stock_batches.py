"""Stock moves in batches: requests and queries don't grow with the number of items."""

from psycopg2.errors import ReadOnlySqlTransaction

from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.shopify_connector.models.stock_facts import fresh_snapshot

from .stock_case import StockCase


class TestStockBatches(StockCase):
    many = 40

    def setUp(self):
        super().setUp()
        for number in range(self.many):
            product = self.make_variant(f"ITEM-{number}", "1.00")
            self.receive(product, 90)
        self.run_syncs()
        self.forget_requests()

    def test_many_items_take_one_write(self):
        self._receive_some(self.many)

        self.run_syncs()

        self.assertEqual(self.written(), ["inventorySetQuantities"])
        (request,) = self.shop.request_log("InventorySetQuantities")[-1:]
        self.assertEqual(len(request.variables["input"]["quantities"]), self.many)

    def test_queries_do_not_grow_with_the_items(self):
        few, many = self._queries(5), self._queries(self.many)

        self.assertLess(many, few + 15)

    def _receive_some(self, count):
        for number in range(count):
            self.receive(self.products[f"ITEM-{number}"], 1)

    def _queries(self, count):
        self._receive_some(count)
        levels = self.level(*(f"ITEM-{number}" for number in range(count)))
        self.env.flush_all()
        self.env.invalidate_all()
        with self._own_cursors(), self.backend._client() as client:
            before = self.env.cr.sql_log_count
            self.env["shopify.stock.level"]._export(self.backend, client, levels)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before


@tagged("post_install", "-at_install")
class TestFreshSnapshot(TransactionCase):
    """With real connections: this class has no emulator and nothing shares a cursor."""

    def test_odoo_is_read_as_it_is_after_shopify_answered(self):
        job, other = self.env.registry.cursor(), self.env.registry.cursor()
        self.addCleanup(job.close)
        self.addCleanup(other.close)
        count = (
            "SELECT count(*) FROM ir_config_parameter WHERE key = 'shopify.snapshot'"
        )
        job.execute(count)
        other.execute(
            "INSERT INTO ir_config_parameter (key, value) VALUES ('shopify.snapshot', 1)"
        )
        other.commit()
        self.addCleanup(self._forget_parameter)

        job.execute(count)
        with fresh_snapshot(self.env.registry) as fresh:
            fresh.execute(count)
            seen = (job.fetchone()[0], fresh.fetchone()[0])

        self.assertEqual(seen, (0, 1))

    def test_the_cursor_that_reads_odoo_cannot_write(self):
        with (
            self.assertRaises(ReadOnlySqlTransaction),
            mute_logger("odoo.sql_db"),
            fresh_snapshot(self.env.registry) as fresh,
        ):
            fresh.execute("DELETE FROM ir_config_parameter WHERE key = 'shopify.x'")

    def _forget_parameter(self):
        with self.env.registry.cursor() as cr:
            cr.execute("DELETE FROM ir_config_parameter WHERE key = 'shopify.snapshot'")
