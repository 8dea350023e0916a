"""Access tokens: renewed ahead of time, by one worker at a time."""

from odoo import fields, models

from ..api import auth
from .short_transaction import short_transaction


class ShopifyToken(models.Model):
    _name = "shopify.token"
    _description = "Shopify Access Token"
    _log_access = False

    backend_ref = fields.Integer(required=True)
    access_token = fields.Char()
    scopes = fields.Char()
    obtained_at = fields.Datetime()
    expires_at = fields.Datetime()

    _store = models.UniqueIndex("(backend_ref)")

    def _provider(self, backend):
        """What signs this store's requests. `backend` is readable past access rights."""
        if backend.auth_kind == "token":
            return auth.StaticToken(backend.access_token or "")
        return StoreToken(self.env, backend)


class StoreToken:
    """Client-credentials tokens, kept in one row a store.

    A token lives 24 h and can't be refreshed, only asked for again. The row is held
    while asking, so that others wait for the new token rather than ask for another.
    """

    def __init__(self, env, backend):
        self._registry = env.registry
        self._backend_id = backend.id
        # As last read: a job asks for each of its requests.
        self._last = (None, None, None)
        self._ask = {
            "shop": backend.shop_domain,
            "client_id": backend.client_id or "",
            "client_secret": backend.client_secret or "",
            "base_url": backend._base_url(),
        }

    def __repr__(self):
        return f"<StoreToken of store {self._backend_id}>"

    def current(self):
        """A token that is good for a while yet."""
        now = fields.Datetime.now()
        if not _is_fresh(self._last, now):
            self._last = self._stored()
        row = self._last
        if _is_fresh(row, now):
            return row[0]
        # One worker renews ahead of time; the others go on with what is still good.
        still_good = bool(row[0]) and now < row[2]
        return self._renewed(lambda row, now: not _is_fresh(row, now), still_good)

    def renew(self, rejected):
        """Another token than the one that Shopify refused."""
        self._last = (None, None, None)
        return self._renewed(
            lambda row, now: row[0] == rejected or not _is_fresh(row, now), False
        )

    def _stored(self):
        with short_transaction(self._registry, read_committed=True) as cr:
            return self._row(cr, "")

    def _row(self, cr, lock):
        cr.execute(
            "SELECT access_token, obtained_at, expires_at FROM shopify_token"
            f" WHERE backend_ref = %s {lock}",
            [self._backend_id],
        )
        return cr.fetchone() or (None, None, None)

    def _renewed(self, must_ask, still_good):
        with short_transaction(self._registry, read_committed=True) as cr:
            cr.execute("SET LOCAL lock_timeout = '20s'")
            if self._row(cr, "")[1] is None:
                cr.execute(
                    "INSERT INTO shopify_token (backend_ref) VALUES (%s)"
                    " ON CONFLICT DO NOTHING",
                    [self._backend_id],
                )
            row = self._row(
                cr, "FOR UPDATE SKIP LOCKED" if still_good else "FOR UPDATE"
            )
            if still_good and row[0] is None:
                return self._row(cr, "")[0]
            now = fields.Datetime.now()
            if not must_ask(row, now):
                return row[0]
            token = auth.client_credentials(**self._ask, now=now)
            cr.execute(
                "UPDATE shopify_token SET access_token = %s, scopes = %s,"
                " obtained_at = %s, expires_at = %s WHERE backend_ref = %s",
                [
                    token.access_token,
                    ",".join(token.scopes),
                    token.issued_at,
                    token.expires_at,
                    self._backend_id,
                ],
            )
            return token.access_token


def _is_fresh(row, now):
    token, obtained_at, expires_at = row
    if not token or not expires_at:
        return False
    return not auth.Token(token, (), obtained_at, expires_at).needs_renewal(now)
