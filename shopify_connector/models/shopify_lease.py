"""Which copy of a database may write to the store.

`database.uuid` survives a dump and a clone, so it proves nothing. Two signs do: where
the database lives (its oid and the cluster's system identifier, noted when connecting),
and, for a copy of a whole machine, a value in Shopify that the living database moves on.
"""

import json
import secrets
import time

from odoo import fields, models
from odoo.exceptions import UserError

from ..api.errors import ConflictError
from .short_transaction import short_transaction

KEY = {"namespace": "$app:odoo", "key": "lease"}
# More than the workers that may advance at once.
SENT_KEPT = 20
# When this process last saw its lease confirmed: {(database, store): monotonic time}.
_confirmed_here = {}


class ShopifyLease(models.Model):
    _name = "shopify.lease"
    _description = "Shopify Lease"
    _log_access = False

    backend_ref = fields.Integer(required=True)
    database_oid = fields.Char()
    system_identifier = fields.Char()
    confirmed = fields.Json(help="The value that Shopify last was seen to hold.")
    sent = fields.Json(
        help="The last values sent, each committed before it was sent: any of them may "
        "have arrived."
    )

    _store = models.UniqueIndex("(backend_ref)")

    def _here(self, cr):
        cr.execute(
            "SELECT d.oid::text, s.system_identifier::text"
            " FROM pg_database d, pg_control_system() s"
            " WHERE d.datname = current_database()"
        )
        return cr.fetchone()

    def _take(self, backend, client):
        """Make this very database the one that may write: on connect, or when a manager
        says that it is the living one. Whatever Shopify holds is replaced."""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            oid, system = self._here(cr)
            cr.execute(
                "INSERT INTO shopify_lease"
                " (backend_ref, database_oid, system_identifier) VALUES (%s, %s, %s)"
                " ON CONFLICT (backend_ref) DO UPDATE SET"
                " database_oid = excluded.database_oid,"
                " system_identifier = excluded.system_identifier,"
                " confirmed = NULL, sent = NULL",
                [backend.id, oid, system],
            )
        self._forget_here()
        app, found, digest = self._read(client)
        problem = self._advance(
            backend, client, app, digest, counter=(found or {}).get("counter", 0)
        )
        if problem:
            raise UserError(problem)

    def _problem(self, backend, client):
        """Why this database may not write; None if it may.

        The local sign is read at every call. Shopify is asked every ten minutes and by
        each process before its first write.
        """
        problem = self._local_problem(backend)
        if problem:
            return problem
        last = _confirmed_here.get((self.env.cr.dbname, backend.id))
        if last and time.monotonic() - last < backend._parameter("lease_interval"):
            return None
        app, found, digest = self._read(client)
        if not self._is_ours(backend, found):
            return self.env._(
                "another copy of this database has written to the store since: the lease "
                "in Shopify is not one that this database left there"
            )
        self._confirm(backend, found)
        return self._advance(backend, client, app, digest, found["counter"])

    def _local_problem(self, backend):
        """The first sign, without any request: does this database live where it did
        when the store was connected?"""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            here = self._here(cr)
            cr.execute(
                "SELECT database_oid, system_identifier FROM shopify_lease"
                " WHERE backend_ref = %s",
                [backend.id],
            )
            row = cr.fetchone()
        if not row:
            return self.env._("the store was never connected from this database")
        if tuple(here) != row:
            return self.env._(
                "this database is a copy, or was restored from a backup: it lives in "
                "another place than when the store was connected"
            )
        return None

    def _signs(self, backend, client):
        """What tells this database from the one that wrote last, looked at now; nothing
        is changed. Raises what the client raises.

        -> {"noted" and "here": (oid, system) or None; "ours": our last counter, 0 for
        none; "found": what Shopify holds or None; "written_at": since when, as Shopify
        says; "is_ours": whether this database left it there}
        """
        with short_transaction(self.env.registry, read_committed=True) as cr:
            here = self._here(cr)
            cr.execute(
                "SELECT database_oid, system_identifier, confirmed, sent"
                " FROM shopify_lease WHERE backend_ref = %s",
                [backend.id],
            )
            oid, system, confirmed, sent = cr.fetchone() or (None, None, None, None)
        values = [value for value in (confirmed, *(sent or [])) if value]
        signs = {
            "noted": (oid, system) if oid else None,
            "here": tuple(here),
            "ours": max((value["counter"] for value in values), default=0),
        }
        metafield = client and self._metafield(client)[1]
        if not metafield:
            return signs | {"found": None, "written_at": None, "is_ours": False}
        found = json.loads(metafield["value"])
        return signs | {
            "found": found,
            "written_at": metafield["updatedAt"],
            "is_ours": self._is_ours(backend, found),
        }

    def _read(self, client):
        """-> (app installation's GID, value or None, digest or None)"""
        app_gid, metafield = self._metafield(client)
        if not metafield:
            return app_gid, None, None
        return app_gid, json.loads(metafield["value"]), metafield["compareDigest"]

    def _metafield(self, client):
        """-> (app installation's GID, the lease's metafield or None)"""
        app = client.execute("app/lease_read", {}).data["currentAppInstallation"]
        return app["id"], app["metafield"]

    def _advance(self, backend, client, app_gid, digest, counter):
        """Move the lease on, compare-and-set. None, or what went wrong."""
        value = {
            "database": self.env["shopify.mark"]._database(),
            "counter": counter + 1,
            "nonce": secrets.token_hex(8),
        }
        self._note_sent(backend, value)
        metafield = {
            "ownerId": app_gid,
            **KEY,
            "type": "json",
            "value": json.dumps(value, sort_keys=True),
            "compareDigest": digest,
        }
        try:
            client.execute("metafields/set", {"metafields": [metafield]})
        except ConflictError:
            # Another worker of ours was faster, or another copy: look which.
            _app, found, _digest = self._read(client)
            if not self._is_ours(backend, found):
                return self.env._("another copy of this database writes to the store")
            value = found
        self._confirm(backend, value)
        return None

    def _is_ours(self, backend, found):
        """Whether this database left that value there: as confirmed, or as any of those
        it sent without learning whether they arrived."""
        if found is None:
            return False
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "SELECT confirmed, sent FROM shopify_lease WHERE backend_ref = %s",
                [backend.id],
            )
            confirmed, sent = cr.fetchone() or (None, None)
        return found == confirmed or found in (sent or [])

    def _note_sent(self, backend, value):
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "SELECT sent FROM shopify_lease WHERE backend_ref = %s FOR UPDATE",
                [backend.id],
            )
            (sent,) = cr.fetchone()
            cr.execute(
                "UPDATE shopify_lease SET sent = %s WHERE backend_ref = %s",
                [json.dumps([*(sent or []), value][-SENT_KEPT:]), backend.id],
            )

    def _confirm(self, backend, value):
        """Shopify holds this value; a slower worker never moves it back."""
        with short_transaction(self.env.registry, read_committed=True) as cr:
            cr.execute(
                "UPDATE shopify_lease SET confirmed = %s WHERE backend_ref = %s"
                " AND coalesce((confirmed->>'counter')::bigint, 0) < %s",
                [json.dumps(value), backend.id, value["counter"]],
            )
        _confirmed_here[self.env.cr.dbname, backend.id] = time.monotonic()

    def _forget_here(self):
        """Ask Shopify again before the next write, as a started server does."""
        _confirmed_here.clear()
