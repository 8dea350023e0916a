"""The points that Shopify grants a store, shared by all workers of all servers."""

import json
import logging

from psycopg2 import OperationalError

from odoo import fields, models

from ..api import throttle
from .short_transaction import short_transaction

_logger = logging.getLogger(__name__)

_READ = (
    "SELECT state, extract(epoch FROM clock_timestamp()) FROM shopify_bucket"
    " WHERE backend_ref = %s"
)


class ShopifyBucket(models.Model):
    _name = "shopify.bucket"
    _description = "Shopify API Budget"
    _log_access = False

    backend_ref = fields.Integer(required=True)
    state = fields.Json(required=True)

    _store = models.UniqueIndex("(backend_ref)")

    def _of(self, backend):
        return StoreBucket(self.env.registry, backend.id)


class StoreBucket:
    """`api.throttle.Bucket` kept in one row. Times are the database's clock, which all
    servers share."""

    def __init__(self, registry, backend_id):
        self._registry = registry
        self._backend_id = backend_id

    def away(self, cost, keep=0.0):
        with self._registry.cursor() as cr:
            cr.execute(_READ, [self._backend_id])
            stored, now = cr.fetchone() or (None, 0)
        state = throttle.BucketState.from_dict(stored)
        return throttle.away(state, cost, float(now), keep=keep)

    def reserve(self, cost, longest_wait=throttle.LONGEST_WAIT, keep=0.0):
        def change(state, now):
            return throttle.reserve(
                state, cost, now, longest_wait=longest_wait, keep=keep
            )

        return self._change(change)

    def settle(self, reservation, status, *, spent=True):
        def change(state, now):
            return throttle.settle(state, reservation, status, now, spent=spent), None

        try:
            self._change(change)
        except OperationalError:
            # An answer that is here must not be lost for its points: they lapse.
            _logger.info("Points of store %s not settled", self._backend_id)

    def _change(self, change):
        with short_transaction(self._registry, read_committed=True) as cr:
            stored, now = self._locked(cr)
            state, answer = change(throttle.BucketState.from_dict(stored), float(now))
            cr.execute(
                "UPDATE shopify_bucket SET state = %s WHERE backend_ref = %s",
                [json.dumps(state.to_dict()), self._backend_id],
            )
        return answer

    def _locked(self, cr):
        """(stored state, the database's time in seconds), the row locked."""
        query = f"{_READ} FOR UPDATE"
        cr.execute(query, [self._backend_id])
        row = cr.fetchone()
        if row is None:
            cr.execute(
                "INSERT INTO shopify_bucket (backend_ref, state) VALUES (%s, 'null')"
                " ON CONFLICT DO NOTHING",
                [self._backend_id],
            )
            cr.execute(query, [self._backend_id])
            row = cr.fetchone()
        return row
