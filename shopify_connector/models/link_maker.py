"""Links many records that somebody, or both sides, have confirmed, with their history."""

from psycopg2 import IntegrityError

from odoo.exceptions import UserError

from ..core.failures import NeedsReview
from .shopify_mark import LINKS

# How a declaration names the record that several may stand for.
_SHARED = {"ProductVariant": "product_id", "Product": "template_id"}


def declared(backend, kind):
    """IDs of the records that several of the store may stand for: a manager said so."""
    column = _SHARED.get(kind)
    if not column:
        return frozenset()
    backend.env["shopify.shared.product"].flush_model()
    backend.env.cr.execute(
        f"SELECT {column} FROM shopify_shared_product WHERE backend_id = %s",
        [backend.id],
    )
    return frozenset(odoo_id for (odoo_id,) in backend.env.cr.fetchall())


class LinkMaker:
    """For records of one type, of one store."""

    def __init__(self, backend, kind):
        self.env = backend.env
        self._backend = backend
        self._kind = kind
        # sudo: links are closed to everybody's hands; who may link is asked before
        self._links = self.env[LINKS[kind]].sudo()

    def bind(self, vals_by_key, read_again):
        """Link these. {key: error} of those that the database, or the model, refuses:
        the lot is halved until they stand alone.

        vals_by_key: {anything: values for `_bind`}; read_again: whether what was linked
        is to be read. Of variants their product is, always: only that tells whether
        their stock is kept.
        """
        if not vals_by_key:
            return {}
        try:
            with self.env.cr.savepoint():
                made = self._links._bind(self._backend, list(vals_by_key.values()))
                self._join(made)
                self._read(made, read_again)
                self.env.flush_all()
            return {}
        except (IntegrityError, UserError, NeedsReview) as error:
            if len(vals_by_key) == 1:
                return dict.fromkeys(vals_by_key, error)
        items = list(vals_by_key.items())
        half = len(items) // 2
        refused = self.bind(dict(items[:half]), read_again)
        return refused | self.bind(dict(items[half:]), read_again)

    def _join(self, made):
        """Variants and their product know each other."""
        if self._kind == "ProductVariant":
            products = self.env["shopify.product.template"].sudo()
            links = products._find(self._backend, set(made.mapped("product_gid")))
            loose = made
        elif self._kind == "Product":
            links = {link.shopify_gid: link for link in made}
            loose = (
                self.env["shopify.product.product"]
                .sudo()
                .search(
                    [
                        ("backend_id", "=", self._backend.id),
                        ("product_gid", "in", list(links)),
                        ("product_link_id", "=", False),
                    ]
                )
            )
        else:
            return
        for gid, part in loose.grouped("product_gid").items():
            if gid in links:
                part._as_engine().write({"product_link_id": links[gid].id})

    def _read(self, made, read_again):
        if self._kind == "ProductVariant":
            kind, gids = "Product", set(made.mapped("product_gid")) - {False}
        elif read_again:
            kind, gids = self._kind, made.mapped("shopify_gid")
        else:
            return
        self.env["shopify.trigger"].sudo()._insert(
            self._backend,
            [(self._links._flow, "in", kind, gid) for gid in sorted(gids)],
            "linked",
        )

    def note(self, said):
        """History. said: [(GID, name of the record, who did it, message)]"""
        self.env["shopify.event"].sudo().create(
            [
                {
                    "backend_id": self._backend.id,
                    "kind": "person",
                    "flow": self._links._flow,
                    "direction": "in",
                    "subject_type": self._kind,
                    "subject_key": gid,
                    "record_name": name,
                    "caused_by_id": user.id,
                    "outcome": "linked",
                    "message": message,
                }
                for gid, name, user, message in said
            ]
        )
