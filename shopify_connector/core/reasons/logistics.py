"""Reasons about stock and fulfilment."""

from .reason import Reason, _

REASONS = (
    Reason(
        code="unexplained_stock_drop",
        title=_("Stock dropped in Shopify without a reason"),
        headline=_("%(item)s dropped in Shopify without a reason"),
        message=_(
            "%(record)s: Shopify has %(found)s pieces of %(item)s where "
            "%(expected)s were expected, and Odoo knows no sale that explains it. "
            "Shopify's number was not raised; orders are being looked for."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe: it never raises stock before the drop is explained."),
        fix="compare",
        fix_label=_("Compare stock"),
        owner_role="warehouse",
        weight=50,
    ),
    Reason(
        code="stock_first_push",
        title=_("First stock of an item"),
        headline=_("First stock for location %(location)s"),
        message=_(
            "%(record)s would raise Shopify's stock at %(location)s from %(found)s to "
            "%(target)s for the first time. A person gives the first go."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe: stock is computed anew when accepted."),
        fix="accept",
        fix_label=_("Accept"),
        owner_role="warehouse",
        cause=("location",),
        weight=20,
    ),
    Reason(
        code="stock_needs_fulfilments",
        title=_("Stock waits until fulfilments are on"),
        message=_(
            "%(record)s was not pushed: while fulfilments are off, deliveries made in "
            "Odoo would lower Shopify's stock twice."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after switching fulfilments on."),
        fix="open_settings",
        fix_label=_("Open settings"),
        owner_role="manager",
        weight=30,
    ),
    Reason(
        code="stock_item_rejected",
        title=_("Shopify refuses this item's stock"),
        headline=_("Shopify refuses the stock of %(item)s"),
        message=_(
            "Shopify refused the stock of %(item)s: %(problem)s. All other items of "
            "the same push were written."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: stock is computed anew."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        owner_role="warehouse",
        cause=("item",),
        weight=45,
    ),
    Reason(
        code="stock_changed_meanwhile",
        title=_("Stock changed in Shopify meanwhile"),
        message=_(
            "%(record)s: Shopify's stock changed between our reading and our writing, "
            "so nothing was written. It is read and computed anew."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: stock is computed anew, never replayed."),
        owner_role="warehouse",
        weight=20,
        delays=(1, 1, 2, 5, 15, 30),
        max_attempts=20,
    ),
    Reason(
        code="stock_not_tracked",
        title=_("Shopify doesn't track this item"),
        headline=_("Shopify doesn't track the stock of %(item)s"),
        message=_(
            "%(record)s: Odoo keeps stock of %(item)s, but Shopify does not track it."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after switching tracking on in Shopify."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        owner_role="warehouse",
        cause=("item",),
        weight=30,
    ),
    Reason(
        code="fulfillment_order_held",
        title=_("Held in Shopify"),
        message=_(
            "%(record)s is shipped in Odoo, but Shopify holds the order back: "
            "%(problem)s."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after releasing the hold in Shopify."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        owner_role="warehouse",
        weight=45,
    ),
    Reason(
        code="fulfillment_order_closed",
        title=_("Closed in Shopify"),
        message=_(
            "%(record)s is shipped in Odoo, but Shopify has nothing left to fulfil "
            "for it: it was fulfilled or cancelled there."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe: it only compares again."),
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="warehouse",
        weight=50,
    ),
    Reason(
        code="fulfillment_mismatch",
        title=_("Delivery doesn't fit Shopify's order"),
        message=_(
            "%(record)s ships %(shipped)s, while Shopify has %(open)s left to fulfil "
            "at that location."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe: nothing was sent; it compares again."),
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="warehouse",
        weight=50,
    ),
    Reason(
        code="fulfillment_not_found",
        title=_("Nothing to fulfil in Shopify"),
        message=_(
            "%(record)s is shipped in Odoo, but Shopify's order %(order)s has nothing "
            "to fulfil at the location %(location)s."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: nothing was sent; it looks again."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        owner_role="warehouse",
        weight=50,
    ),
    Reason(
        code="fulfillment_third_party",
        title=_("Fulfilled by a service"),
        headline=_("%(service)s fulfils these orders itself"),
        message=_(
            "%(record)s is shipped in Odoo, but in Shopify the service %(service)s "
            "fulfils it. Nothing was sent."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe: nothing was sent."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        owner_role="warehouse",
        cause=("service",),
        weight=45,
    ),
    Reason(
        code="tracking_missing",
        title=_("Tracking number still missing"),
        message=_(
            "%(record)s is shipped, and its tracking number has not arrived yet. The "
            "same fulfilment is updated when it does."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: it updates the same fulfilment, without a second mail."),
        fix="open_record",
        fix_label=_("Open delivery"),
        owner_role="warehouse",
        weight=20,
        max_attempts=48,
    ),
)
