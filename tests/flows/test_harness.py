"""What the other tests rely on: nothing leaves this machine, every test starts alike."""

import urllib.request

from ..common import BlockedRequest, ShopifyCase


class TestHarness(ShopifyCase):
    def test_urllib_reaches_only_this_machine(self):
        with self.assertRaises(BlockedRequest):
            urllib.request.urlopen("http://192.0.2.1/")

    def test_store_is_connected_to_the_emulated_shop(self):
        self.assertEqual(self.backend.state, "connected")
        self.assertEqual(self.backend.shop_gid, self.shop.of_type("Shop")[0]["id"])

    def test_a_product_made_in_one_test(self):
        self._assert_shop_is_as_connected()

    def test_is_gone_in_the_next(self):
        self._assert_shop_is_as_connected()

    def _assert_shop_is_as_connected(self):
        self.assertEqual(self.shop.of_type("Product"), [])
        self.assertEqual(self.env["queue.job"].search_count([]), self.jobs_at_start)
        self.shop.create_product(title="Cup", variants=[{"sku": "CUP"}])
        self.backend.action_sync_now()
        self.assertGreater(self.run_syncs(), 0)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jobs_at_start = cls.env["queue.job"].search_count([])
