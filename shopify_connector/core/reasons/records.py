"""Reasons about products, customers and single values that don't fit."""

from .reason import Reason, _

REASONS = (
    Reason(
        code="country_unknown",
        title=_("Country unknown"),
        headline=_("The country %(country)s is unknown to Odoo"),
        message=_(
            "%(record)s has an address in “%(country)s”, which Odoo doesn't know as a "
            "country. It was not stored as text."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after correcting the address in Shopify."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        cause=("country",),
        weight=35,
    ),
    Reason(
        code="state_unknown",
        title=_("State or province unknown"),
        headline=_("The state %(state)s of %(country)s is unknown to Odoo"),
        message=_(
            "%(record)s has an address in “%(state)s”, %(country)s, which Odoo "
            "doesn't know as a state or province."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after adding the state, or correcting the address."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        cause=("country", "state"),
        weight=35,
    ),
    Reason(
        code="unit_differs",
        title=_("Product in another unit"),
        headline=_("%(product)s is kept in %(unit)s"),
        message=_(
            "%(record)s stopped because %(product)s is kept in %(unit)s in Odoo, and "
            "Shopify counts pieces."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after changing the unit or linking another product."),
        fix="link_variant",
        fix_label=_("Link another product"),
        cause=("product",),
        weight=45,
    ),
    Reason(
        code="product_kind_differs",
        title=_("Stock kept on one side only"),
        headline=_("%(product)s is tracked on one side only"),
        message=_(
            "%(record)s: Shopify keeps stock of it, but %(product)s is not set to "
            "track inventory in Odoo, or the other way round."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after making both sides agree."),
        fix="open_record",
        fix_label=_("Open product"),
        cause=("product",),
        weight=40,
    ),
    Reason(
        code="variant_options_differ",
        title=_("Options don't fit the Odoo product"),
        headline=_("The options of %(product)s differ"),
        message=_(
            "%(record)s: the options of the variant %(variant)s don't exist on the "
            "Odoo product %(product)s. Its attributes were not changed."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after adding the option or linking by hand."),
        fix="link_variant",
        fix_label=_("Link variant"),
        cause=("product",),
        weight=40,
    ),
    Reason(
        code="image_refused",
        title=_("Image refused"),
        headline=_("The image %(file)s was refused"),
        message=_(
            "The image %(file)s of %(record)s was refused: %(problem)s. The product "
            "itself goes on."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after replacing the file."),
        fix="open_record",
        fix_label=_("Open product"),
        cause=("file",),
        weight=5,
    ),
    Reason(
        code="company_unlinked",
        title=_("Business customer not linked"),
        headline=_("The company %(company)s is not linked to an Odoo contact"),
        message=_(
            "%(record)s was ordered by %(buyer)s for the company %(company)s, which "
            "is not linked to a company in Odoo."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after linking, before the order is confirmed."),
        fix="link_customer",
        fix_label=_("Link company"),
        cause=("company",),
        weight=45,
    ),
    Reason(
        code="protected_data_withheld",
        title=_("Shopify withholds personal data"),
        headline=_("Shopify withholds %(data)s from this app"),
        message=_(
            "%(record)s needs %(data)s, which Shopify withholds from this app. Stored "
            "values were not overwritten."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after the app may read protected customer data."),
        fix="grant_scope",
        fix_label=_("How to allow it"),
        owner_role="manager",
        cause=("data",),
        weight=45,
    ),
    Reason(
        code="value_missing",
        title=_("A value is missing in Shopify"),
        headline=_("Shopify gives no %(field)s"),
        message=_(
            "%(record)s can't be read whole: Shopify gives no %(field)s for it. "
            "Nothing was written."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: it reads again."),
        fix="open_in_shopify",
        fix_label=_("Open in Shopify"),
        cause=("field",),
        weight=45,
    ),
    Reason(
        code="value_unknown",
        title=_("Unknown value from Shopify"),
        headline=_("Shopify's %(field)s “%(value)s” is unknown here"),
        message=_(
            "%(record)s has the %(field)s “%(value)s”, which this version of the "
            "connector doesn't know. It was not guessed."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after an update of the connector."),
        fix="report",
        fix_label=_("Copy report"),
        owner_role="developer",
        cause=("field", "value"),
        weight=45,
    ),
    Reason(
        code="odoo_refused",
        title=_("Odoo refused to save"),
        headline=_("Odoo refused: %(problem)s"),
        message=_("Odoo refused to save %(record)s: %(problem)s"),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the fix: nothing was written."),
        fix="open_record",
        fix_label=_("Open the record"),
        cause=("problem",),
        weight=45,
    ),
    Reason(
        code="shopify_refused",
        title=_("Shopify refused to save"),
        headline=_("Shopify refused: %(problem)s"),
        message=_("Shopify refused to save %(record)s: %(problem)s"),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after the fix: Shopify wrote nothing."),
        fix="open_record",
        fix_label=_("Open the record"),
        cause=("problem",),
        weight=45,
    ),
    Reason(
        code="changed_meanwhile",
        title=_("Changed in Shopify meanwhile"),
        message=_(
            "%(record)s changed in Shopify between our reading and our writing, so "
            "nothing was written. It is read and decided anew."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: it reads again before it writes."),
        weight=20,
    ),
    Reason(
        code="webhook_malformed",
        title=_("Unreadable webhook"),
        headline=_("Webhooks of %(topic)s can't be read"),
        message=_(
            "A webhook of the topic %(topic)s could not be read: %(problem)s. The "
            "scheduled comparison finds the same change."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: a retry reads the record from Shopify itself."),
        fix="report",
        fix_label=_("Copy report"),
        owner_role="developer",
        cause=("topic",),
        weight=20,
    ),
)
