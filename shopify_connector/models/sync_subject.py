"""What a sync is about, as a worker holds it; and the sizes and ways of batches."""

from dataclasses import dataclass
from datetime import datetime

# Who handles a subject, by direction and type; in the order in which one batch writes.
HANDLERS = {
    ("in", "Location"): "shopify.mapping.location",
    ("in", "Product"): "shopify.product.template",
    ("in", "Collection"): "shopify.product.tag",
    ("in", "Company"): "shopify.company",
    ("in", "CompanyLocation"): "shopify.company.location",
    ("in", "Customer"): "shopify.res.partner",
    ("in", "Order"): "shopify.sale.order",
    ("in", "DraftOrder"): "shopify.draft.order",
    ("out", "product.template"): "shopify.product.template",
    ("out", "res.partner"): "shopify.res.partner",
    ("out", "stock.picking"): "shopify.stock.picking",
    ("out", "shopify.stock.level"): "shopify.stock.level",
}
BATCH = {"records": 20, "fulfil": 20, "mark": 24, "stock": 250}
# A drain stops after this long and lets other stores' jobs go first.
DRAIN_SECONDS = 5
# The dearest request of a batch: its points must be there before it is claimed.
PROBE = {
    "records": "orders/import",
    "fulfil": "fulfillments/orders_of_order",
    "stock": "inventory/levels",
    "mark": "metafields/set",
}
# Triggers looked at to fill one batch: a subject may have many.
LOOKAHEAD = 10


# Causes that bring no news, only certainty.
SCHEDULED = frozenset({"reconcile", "comparison", "nightly", "released"})
# What appeared stands behind it: the waits-on key.
RELEASED = "released:"
# The result of a subject that a person closed: its row stays as it is.
CLOSED = object()


@dataclass(frozen=True)
class Subject:
    """What a sync is about. `key` is a GID, or an Odoo ID as text for "out".

    asked_at: when the first of its triggers was noted, UTC without a zone; None for a
    try that came due by itself.
    """

    flow: str
    direction: str
    type: str
    key: str
    trigger_ids: tuple = ()
    causes: tuple = ()
    user_id: int = 0
    sync_id: int = 0
    attempts: int = 0
    priority: int = 20
    state: str = ""
    remote_updated_at: str = ""
    reason_code: str = ""
    was_accepted: bool = False
    asked_at: datetime | None = None

    @property
    def name(self):
        return f"{self.direction}/{self.type}/{self.key}"

    def closed_for(self, updated_at):
        """A person closed it, and nothing changed since.

        updated_at: Shopify's, as just read; None for what goes to Shopify: there only a
        scheduled comparison is no news.
        """
        if self.state != "cancelled" or {"retry", "accepted"} & set(self.causes):
            return False
        if self.direction != "in":
            return self.brings_no_news
        return bool(updated_at) and updated_at == self.remote_updated_at

    @property
    def brings_no_news(self):
        """Whether only schedules and fixes ask for it, nobody who knows of a change."""
        return all(
            cause in SCHEDULED or cause.startswith(RELEASED) for cause in self.causes
        )

    @property
    def accepted(self):
        """A person said that this one may go; it holds until the run comes to an end."""
        return self.was_accepted or "accepted" in self.causes
