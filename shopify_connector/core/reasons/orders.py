"""Reasons about the content and the money of orders and refunds."""

from .reason import Reason, _

REASONS = (
    Reason(
        code="total_differs",
        title=_("Total differs"),
        headline=_("A total differs by %(difference)s"),
        message=_(
            "%(record)s: Shopify's total is %(shopify_total)s, Odoo would have "
            "%(odoo_total)s. It stopped before accounting; nothing was written."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the fix: no order exists yet in Odoo."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="finance",
        weight=55,
    ),
    Reason(
        code="tax_differs",
        title=_("Tax differs"),
        headline=_("A tax amount differs by %(difference)s"),
        message=_(
            "%(record)s: Shopify charged %(shopify_tax)s tax, Odoo would have "
            "%(odoo_tax)s. It stopped before accounting; nothing was written."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the fix: no order exists yet in Odoo."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="finance",
        weight=55,
    ),
    Reason(
        code="order_currency_differs",
        title=_("Order in another currency"),
        headline=_("Orders come in %(currency)s instead of %(store_currency)s"),
        message=_(
            "%(record)s is in %(currency)s, while this store is set up for "
            "%(store_currency)s."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after setting up the currency: nothing was written yet."),
        fix="open_settings",
        fix_label=_("Open settings"),
        owner_role="finance",
        cause=("currency",),
        weight=45,
    ),
    Reason(
        code="order_without_customer",
        title=_("Order without customer"),
        message=_(
            "%(record)s has neither a customer nor an address or e-mail, and no "
            "contact is chosen for such orders."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after choosing a contact: nothing was written yet."),
        fix="open_settings",
        fix_label=_("Choose contact"),
        owner_role="manager",
        weight=40,
    ),
    Reason(
        code="order_not_confirmed",
        title=_("Not confirmed by Shopify yet"),
        message=_(
            "%(record)s is not confirmed by Shopify yet: its stock or payment is "
            "still being settled there."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing was written yet."),
        weight=10,
        max_attempts=48,
    ),
    Reason(
        code="order_not_paid",
        title=_("Not paid yet"),
        message=_(
            "%(record)s is not paid yet (%(status)s). It is brought in when it is paid."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing was written yet."),
        weight=10,
        # Shopify tells of the payment; the tries are for what got lost, for a year.
        delays=(60, 360, 1440),
        max_attempts=370,
    ),
    Reason(
        code="changed_in_shopify",
        title=_("Changed in Shopify"),
        message=_(
            "%(record)s was changed in Shopify after it came to Odoo, in a way that "
            "can't be applied by itself: %(fields)s. The Odoo record was not changed."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe: it only compares again."),
        fix="compare",
        fix_label=_("Compare both sides"),
        weight=50,
    ),
    Reason(
        code="refunded_before_import",
        title=_("Refunded before it came to Odoo"),
        message=_(
            "%(record)s was refunded by %(amount)s before it came to Odoo. Importing "
            "it could subtract the refund twice or not at all."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: no order exists yet in Odoo."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="finance",
        weight=50,
    ),
    Reason(
        code="order_too_old",
        title=_("Older than Shopify lets us read"),
        headline=_("Orders older than %(days)s days can't be read"),
        message=_(
            "%(record)s can't be read: Shopify shows orders older than %(days)s days "
            "only to apps with the permission to read all orders. It was not taken "
            "for deleted."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after the permission is granted."),
        fix="grant_scope",
        fix_label=_("How to grant it"),
        owner_role="manager",
        weight=30,
    ),
    Reason(
        code="line_product_deleted",
        title=_("A product of the order was deleted in Shopify"),
        headline=_("The product of “%(line)s” was deleted in Shopify"),
        message=_(
            "%(record)s has the line “%(line)s”, whose product was deleted in "
            "Shopify. Choose a stand-in product."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after choosing a product: nothing was written yet."),
        fix="open_settings",
        fix_label=_("Choose product"),
        cause=("line",),
        weight=40,
    ),
    Reason(
        code="refund_pending",
        title=_("Refund not settled yet"),
        message=_(
            "%(record)s refunds %(amount)s, and the payment provider hasn't settled it "
            "yet (%(status)s). It is booked once it is."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing is booked before it is settled."),
        owner_role="finance",
        weight=20,
        delays=(60, 360, 1440),
        max_attempts=60,
    ),
    Reason(
        code="refund_restock_open",
        title=_("Refunded, goods not back in stock"),
        message=_(
            "%(record)s: the money is booked, but %(item)s could not be taken back into "
            "stock: %(problem)s."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: the money is not booked again."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="warehouse",
        weight=40,
    ),
    Reason(
        code="payout_differs",
        title=_("Payout doesn't add up"),
        message=_(
            "%(record)s: Shopify paid out %(shopify_total)s, and what it consists of "
            "adds up to %(odoo_total)s. Nothing was booked."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the fix: nothing is booked yet."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="finance",
        weight=55,
    ),
    Reason(
        code="refund_line_missing",
        title=_("Refund without its original line"),
        message=_(
            "%(record)s refunds %(line)s of order %(order)s, which is not found on "
            "the Odoo side."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the order is complete in Odoo."),
        fix="compare",
        fix_label=_("Open comparison"),
        owner_role="finance",
        cause=("order",),
        weight=50,
    ),
)
