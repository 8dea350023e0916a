"""Reasons that end when somebody links, maps, sets or grants something in Odoo."""

from .reason import Reason, _

AFTER_SETTING = _("Safe after setting it: nothing was written yet.")

REASONS = (
    Reason(
        code="variant_unmapped",
        title=_("Variant not linked"),
        headline=_("Variant %(variant)s is not linked to an Odoo product"),
        message=_(
            "%(record)s stopped because the variant %(variant)s is not linked to an "
            "Odoo product. Nothing was written."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after linking: nothing exists yet in Odoo."),
        fix="link_variant",
        fix_label=_("Link product"),
        cause=("variant",),
        weight=45,
    ),
    Reason(
        code="product_unmapped",
        title=_("Product not linked"),
        headline=_("Product %(product)s is not linked to an Odoo product"),
        message=_(
            "%(record)s stopped because the Shopify product %(product)s is not linked "
            "to an Odoo product, and products may not be created automatically."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after linking: nothing exists yet in Odoo."),
        fix="link_product",
        fix_label=_("Link product"),
        cause=("product",),
        weight=40,
    ),
    Reason(
        code="customer_unmapped",
        title=_("Customer not linked"),
        headline=_("Customer %(customer)s is not linked to an Odoo contact"),
        message=_(
            "%(record)s stopped because the Shopify customer %(customer)s is not "
            "linked to an Odoo contact, and contacts may not be created automatically."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after linking: nothing exists yet in Odoo."),
        fix="link_customer",
        fix_label=_("Link contact"),
        cause=("customer",),
        weight=40,
    ),
    Reason(
        code="company_not_imported",
        title=_("Company not in Odoo yet"),
        headline=_("The company %(company)s is not linked to an Odoo contact yet"),
        message=_(
            "%(record)s belongs to the company %(company)s, which is not linked to an "
            "Odoo contact yet. It goes on as soon as the company is."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe once the company is linked."),
        fix="open_blocker",
        fix_label=_("Open the company's sync"),
        cause=("company",),
        weight=35,
    ),
    Reason(
        code="order_not_imported",
        title=_("Order not in Odoo yet"),
        headline=_("Order %(order)s is not in Odoo yet"),
        message=_(
            "%(record)s belongs to order %(order)s, which is not in Odoo yet. It goes "
            "on as soon as the order is there."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe once the order is imported."),
        fix="open_blocker",
        fix_label=_("Open the order's sync"),
        cause=("order",),
        weight=45,
    ),
    Reason(
        code="location_unknown",
        title=_("Location without warehouse"),
        headline=_("Location %(location)s has no warehouse"),
        message=_(
            "%(record)s stopped because the Shopify location %(location)s is not "
            "mapped to a warehouse in Odoo."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after mapping: everything that waits goes on by itself."),
        fix="set_location",
        fix_label=_("Set warehouse"),
        owner_role="manager",
        cause=("location",),
        weight=45,
    ),
    Reason(
        code="location_pooled",
        title=_("Several warehouses in one location"),
        headline=_("Location %(location)s adds up several warehouses"),
        message=_(
            "The Shopify location %(location)s stands for several warehouses: "
            "%(warehouses)s. Their sum would be shown as one stock, and nobody has "
            "chosen that."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after splitting the map: stock is computed anew."),
        fix="set_location",
        fix_label=_("Set warehouses"),
        owner_role="warehouse",
        cause=("location",),
        weight=45,
    ),
    Reason(
        code="tax_unmapped",
        title=_("Tax not mapped"),
        headline=_("Tax %(tax)s has no Odoo tax"),
        message=_(
            "%(record)s stopped before accounting because the Shopify tax %(tax)s is "
            "not mapped to an Odoo tax."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after mapping: nothing is posted yet."),
        fix="set_tax",
        fix_label=_("Set tax"),
        owner_role="finance",
        cause=("tax",),
        weight=45,
    ),
    Reason(
        code="tax_counted_twice",
        title=_("Tax counted twice"),
        message=_(
            "%(record)s would be taxed twice: Shopify charged %(shopify_tax)s, Odoo "
            "computes %(odoo_tax)s because of %(cause)s."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after correcting the mapping: nothing is posted yet."),
        fix="set_tax",
        fix_label=_("Correct the tax"),
        owner_role="finance",
        cause=("cause",),
        weight=45,
    ),
    Reason(
        code="payment_unmapped",
        title=_("Payment method without journal"),
        headline=_("Payment method %(gateway)s has no journal"),
        message=_(
            "%(record)s was paid by %(gateway)s, and no Odoo journal is chosen for it."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after choosing a journal: no payment is booked yet."),
        fix="set_payment",
        fix_label=_("Set journal"),
        owner_role="finance",
        cause=("gateway",),
        weight=40,
    ),
    Reason(
        code="rule_incomplete",
        title=_("Order rule incomplete"),
        headline=_("The order rule %(rule)s lacks %(missing)s"),
        message=_(
            "%(record)s falls under the order rule %(rule)s, which lacks %(missing)s."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_rules",
        fix_label=_("Complete the rule"),
        owner_role="manager",
        cause=("rule", "missing"),
        weight=40,
    ),
    Reason(
        code="pricelist_missing",
        title=_("No pricelist for the currency"),
        headline=_("No pricelist is chosen for %(currency)s"),
        message=_(
            "%(record)s is in %(currency)s, and the store has no pricelist in that "
            "currency."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="set_pricelist",
        fix_label=_("Set pricelist"),
        owner_role="manager",
        cause=("currency",),
        weight=40,
    ),
    Reason(
        code="currency_inactive",
        title=_("Currency not active"),
        headline=_("The currency %(currency)s is not active in Odoo"),
        message=_(
            "%(record)s is in %(currency)s, which is switched off or unknown in Odoo."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after activating it: nothing was written yet."),
        fix="activate_currency",
        fix_label=_("Activate currency"),
        owner_role="finance",
        cause=("currency",),
        weight=40,
    ),
    Reason(
        code="delivery_product_missing",
        title=_("No delivery product"),
        headline=_("No delivery product is chosen for shipping"),
        message=_(
            "%(record)s has shipping “%(shipping)s”, and no delivery product is "
            "chosen for it."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Choose product"),
        owner_role="manager",
        weight=40,
    ),
    Reason(
        code="tip_product_missing",
        title=_("No product for tips"),
        message=_(
            "%(record)s has a tip of %(amount)s, and no product is chosen for tips."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Choose product"),
        owner_role="finance",
        weight=40,
    ),
    Reason(
        code="fee_product_missing",
        title=_("No product for a charge"),
        headline=_("No product is chosen for %(component)s"),
        message=_(
            "%(record)s has %(component)s of %(amount)s, and no product is chosen for "
            "it."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Choose product"),
        owner_role="finance",
        cause=("component",),
        weight=40,
    ),
    Reason(
        code="gift_card_product_missing",
        title=_("No product for gift cards"),
        message=_(
            "%(record)s sells the gift card “%(line)s”, and no product is chosen for "
            "gift cards."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Choose product"),
        owner_role="finance",
        weight=40,
    ),
    Reason(
        code="custom_line_product_missing",
        title=_("No product for custom lines"),
        message=_(
            "%(record)s has the custom line “%(line)s”, which is no product in "
            "Shopify, and no product is chosen for such lines."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Choose product"),
        owner_role="manager",
        weight=40,
    ),
    Reason(
        code="setting_missing",
        title=_("A setting is missing"),
        headline=_("The store's setting “%(setting)s” is empty"),
        message=_("%(record)s needs the store's setting “%(setting)s”; it is empty."),
        nature="configuration",
        retry_safe=True,
        retry_text=AFTER_SETTING,
        fix="open_settings",
        fix_label=_("Open settings"),
        owner_role="manager",
        cause=("setting",),
        weight=40,
    ),
    Reason(
        code="schedule_stopped",
        title=_("A schedule stands still"),
        headline=_("The schedule “%(schedule)s” does not run"),
        message=_(
            "The schedule “%(schedule)s” last ran on %(last_run)s. Changes that no "
            "webhook brought are not found until it runs."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe: it catches up from where it stopped."),
        fix="open_schedule",
        fix_label=_("Open schedule"),
        owner_role="manager",
        cause=("schedule",),
        weight=60,
    ),
)
