"""Base classes of the tests on a real Odoo: a company, a store, and an emulated Shopify.

    class TestOrderImport(ShopifyCase):
        def test_paid_order_becomes_a_confirmed_sale_order(self):
            self.shop.create_order(lines=[{"variant": "SHIRT-M", "price": "49.00"}])
            self.run_syncs()

`self.shop` is the shop of the emulator, new for each class; what a test does to it is
undone after the test. Every class here is tagged, since Odoo starts no untagged one.
"""

import os
import urllib.request
from contextlib import contextmanager
from datetime import date
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tests.test_cursor import TestCursor
from odoo.tools import config

from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.job import Job

from .emulator import Emulator
from .flows.four_answers import FourAnswers

LOOPBACK = ("127.0.0.1", "localhost")
SHOP = "testshop"
FLOWS = ("orders", "customers", "products", "stock", "fulfilments")


class BlockedRequest(OSError):
    """A test tried to reach something that isn't this machine."""


_open = urllib.request.OpenerDirector.open


def _open_loopback_only(opener, url, *args, **kwargs):
    address = url if isinstance(url, str) else url.full_url
    if urlsplit(address).hostname not in LOOPBACK:
        raise BlockedRequest(f"tests reach only this machine, not {address}")
    return _open(opener, url, *args, **kwargs)


_commit = TestCursor.commit


def _commit_and_follow(cursor):
    """Odoo's test cursor drops what is to happen after a commit; ours does happen."""
    after = [f for f in cursor.postcommit._funcs if "shopify_connector" in f.__module__]
    _commit(cursor)
    for callback in after:
        callback()


class ShopifyBase(FourAnswers):
    """What every test class has; mixed into Odoo's test cases below."""

    # None leaves the class without a store, for tests of connecting itself.
    shop_options = {"currency": "USD", "taxesIncluded": False}
    flow_policy = "automatic"
    store_values = {"product_policy": "create"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Code that opens a cursor of its own sees the test's records, and is undone.
        if not cls._registry_patched:
            cls.registry_enter_test_mode_cls()
        # Odoo's test base blocks `requests` only, and ShopifyAPI uses urllib.
        cls.startClassPatcher(
            patch.object(urllib.request.OpenerDirector, "open", _open_loopback_only)
        )
        cls.startClassPatcher(patch.object(TestCursor, "commit", _commit_and_follow))
        cls.emulator = Emulator().start()
        cls.addClassCleanup(cls.emulator.stop)
        cls.startClassPatcher(
            patch.dict(
                os.environ, {"SHOPIFY_CONNECTOR_API_URL": cls.emulator.url_template}
            )
        )
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.shop = cls.emulator.add_shop(SHOP, **cls.shop_options)
        # Nothing posts by itself into Odoo's test server: shop.deliver_webhooks() does.
        cls.shop.webhook_mode("manual")
        cls.backend = cls._make_store()
        cls.backend.action_connect()

    def setUp(self):
        super().setUp()
        # As full as the database thinks: what earlier tests spent is undone there.
        self.shop.set_bucket(points=1000.0)
        self._keep_emulator()

    @classmethod
    def _make_store(cls, shop=None, **values):
        """A store for a shop of the emulator, all flows as `flow_policy` says."""
        shop = shop or cls.shop
        store = cls.env["shopify.backend"].create(
            {
                "name": shop.name,
                "shop_domain": shop.domain,
                "client_id": shop.app.client_id,
                "client_secret": shop.app.client_secret,
                **cls.store_values,
                **values,
            }
        )
        cls._let_through(store)
        store.flow_ids.policy = cls.flow_policy
        return store

    @classmethod
    def _let_through(cls, store):
        """Let all flows run though nothing was read and linked: what a gate does has
        tests of its own, the others are about what comes after it."""
        store.flow_ids.write(
            {
                "gate_override_reason": "The tests begin with an empty store",
                "gate_override_until": date.max,
            }
        )

    @classmethod
    def _request_handler(cls, session, request, /, **kw):
        # Odoo's own compares a time-out with a number, and ours is a pair.
        if urlsplit(request.url).hostname in LOOPBACK:
            kw["timeout"] = kw.get("timeout") or 10
            return _send(session, request, **kw)
        return super()._request_handler(session, request, **kw)

    def _keep_emulator(self):
        """Undo after the test what it does to the shop."""
        self.addCleanup(self.shop.restore, self.shop.save())
        self.addCleanup(self.emulator.faults.clear)

    @contextmanager
    def enter_registry_test_mode(self):
        # Entered for the whole class already.
        yield

    _own_cursors = enter_registry_test_mode

    def run_syncs(self, rounds=60):
        """Do all that is due, in this process, as the job runner would.

        Returns how many jobs ran. Fails if work remains after so many rounds.
        """
        done = 0
        for _round in range(rounds):
            jobs = self._due_jobs()
            if not jobs:
                self.env.invalidate_all()
                return done
            for job in jobs:
                self._run_job(job.uuid)
                done += 1
        raise AssertionError(
            f"still at work after {rounds} rounds: {jobs.mapped('name')}"
        )

    def _due_jobs(self):
        # As a commit does: what the test itself did may only be noted before one.
        self.env.cr.flush()
        self.env.invalidate_all()
        return self.env["queue.job"].search(
            [
                ("state", "=", "pending"),
                "|",
                ("eta", "=", False),
                ("eta", "<=", fields.Datetime.now()),
            ],
            order="priority, date_created",
        )

    def _run_job(self, uuid):
        with self.env.registry.cursor() as cr:
            env = self.env(cr=cr, user=self.env.ref("base.user_root"))
            job = Job.load(env, uuid)
            job.set_started()
            job.store()
            env.flush_all()
            with patch.dict(config.options, {"test_enable": True}):
                RunJobController._runjob(env, job)
        self._hear_answers()

    def syncs(self, **values):
        """The store's sync rows that have these values."""
        domain = [("backend_id", "=", self.backend.id)]
        domain += [(name, "=", value) for name, value in values.items()]
        return self.env["shopify.sync"].search(domain)

    def assertReview(self, gid, code):
        """The subject waits for a person, for this reason; returns its sync row."""
        row = self.syncs(subject_key=gid, direction="in")
        self.assertEqual(row.mapped("state"), ["review"], row.mapped("reason_code"))
        self.assertEqual(row.reason_code, code)
        return row

    def assertDone(self, gid, outcome="synced", direction="in"):
        """The subject's last run ended well; returns its sync row."""
        row = self.syncs(subject_key=gid, direction=direction)
        self.assertEqual(row.mapped("state"), ["done"], row.mapped("reason_code"))
        self.assertEqual(row.outcome, outcome)
        return row


def _send(session, request, **kw):
    from odoo.tests.common import _super_send

    return _super_send(session, request, **kw)


@tagged("post_install", "-at_install")
class ShopifyCase(ShopifyBase, TransactionCase):
    """One transaction a class, a savepoint a test."""


@tagged("post_install", "-at_install")
class ShopifyHttpCase(ShopifyBase, HttpCase):
    """The same with Odoo's own web server: webhooks, tours."""
