"""What is to be done with one Shopify order; `creates` makes a flow in review ask first."""

from dataclasses import dataclass

from ..core.orders import OrderPlan
from .sale_order_values import Lookup


@dataclass(frozen=True)
class CreateOrder:
    """Make the sale order of this plan.

    lookup, owners: shared by the batch; owners is what `_read_owners` found.
    """

    plan: OrderPlan
    lookup: Lookup
    owners: dict
    creates = True

    @property
    def summary(self):
        plan = self.plan
        return plan.amount_text(plan.total)


@dataclass(frozen=True)
class RestoreLink:
    """Link an order again that was made from this very Shopify order.

    link_id: the order itself is linked already, its lines aren't.
    """

    plan: OrderPlan
    sale_order_id: int
    link_id: int = 0
    creates = False


@dataclass(frozen=True)
class NoteGone:
    """The order is gone in Shopify; the link stays and says so."""

    link_id: int
    creates = False


@dataclass(frozen=True)
class MarkAgain:
    """Nothing changed but the mark: somebody removed it, or the invoices are others."""

    link_id: int
    note: str
    creates = False
