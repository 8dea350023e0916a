"""Reasons why an Odoo record can't be made in Shopify."""

from .reason import Reason, _

SAFE = _("Safe after the fix: Shopify wrote nothing.")

REASONS = (
    Reason(
        code="export_too_many_variants",
        title=_("Too many variants to make in Shopify"),
        message=_(
            "%(record)s has %(count)s variants, and at most %(limit)s are made in "
            "Shopify together. Make the product there by hand, with the same SKUs, "
            "then read the store. Nothing was made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        weight=25,
    ),
    Reason(
        code="export_too_many_options",
        title=_("Too many attributes for Shopify"),
        message=_(
            "%(record)s has %(count)s attributes that make variants, and a product of "
            "Shopify holds %(limit)s at most. Nothing was made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        weight=25,
    ),
    Reason(
        code="export_attribute",
        title=_("An attribute that Shopify doesn't know"),
        headline=_("The attribute %(attribute)s makes no variants"),
        message=_(
            "%(record)s can't be made in Shopify: what the attribute %(attribute)s is "
            "gets said on the order line, and Shopify only sells variants. Nothing was "
            "made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        cause=("attribute",),
        weight=25,
    ),
    Reason(
        code="export_without_variants",
        title=_("No variant to make in Shopify"),
        message=_(
            "%(record)s has no variant in Odoo yet: its attributes make one when it is "
            "first sold. Make those that Shopify is to sell. Nothing was made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        weight=25,
    ),
    Reason(
        code="export_values_alike",
        title=_("Values that read alike"),
        message=_(
            "%(record)s can't be made in Shopify: %(values)s stands for several of its "
            "attributes, values or variants, which Shopify tells apart by their names "
            "alone. Nothing was made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        weight=25,
    ),
    Reason(
        code="export_currency_differs",
        title=_("Prices in another currency"),
        headline=_("Prices are in %(currency)s, the shop's in %(shop_currency)s"),
        message=_(
            "%(record)s can't be made in Shopify: its price is in %(currency)s, the "
            "shop's are in %(shop_currency)s. Nothing was made."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        owner_role="manager",
        cause=("currency", "shop_currency"),
        weight=25,
    ),
    Reason(
        code="export_kind",
        title=_("A kind of product that Shopify doesn't know"),
        message=_(
            "%(record)s is a combo, which has no counterpart in Shopify. Nothing was "
            "made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the product"),
        weight=20,
    ),
    Reason(
        code="export_without_email",
        title=_("A customer needs an e-mail"),
        message=_(
            "%(record)s has no e-mail, by which Shopify and this connector recognise a "
            "customer. Nothing was made."
        ),
        nature="data",
        retry_safe=True,
        retry_text=SAFE,
        fix="open_record",
        fix_label=_("Open the contact"),
        weight=20,
    ),
    Reason(
        code="export_half_linked",
        title=_("Variants linked to another product"),
        message=_(
            "%(record)s isn't linked, but its variants %(variants)s are, to %(others)s. "
            "Link the product to what they belong to. Nothing was made."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe after linking: nothing is made that is there."),
        fix="open_record",
        fix_label=_("Open the product"),
        weight=45,
    ),
)
