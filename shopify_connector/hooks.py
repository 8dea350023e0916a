"""What must be true of a database before this module enters it, and after it left."""

from odoo.exceptions import UserError

from .models.shopify_line_total import DROP


def pre_init_hook(env):
    """Refuse a database that holds the other module of this technical name.

    Another publisher ships a `shopify_connector`; its tables would be taken for ours
    and its links read as our own.
    """
    env.cr.execute(
        """
        SELECT 1 FROM information_schema.columns
         WHERE table_name = 'shopify_backend' AND column_name = 'shop_url'
         UNION ALL
        SELECT 1 FROM information_schema.tables WHERE table_name = 'shopify_instance'
        """
    )
    if env.cr.fetchone():
        raise UserError(
            env._(
                "This database holds tables of another module that is also called "
                "'shopify_connector'. Nothing was installed. Export its links (Odoo ID "
                "and Shopify ID of each record) to a CSV file, uninstall it, install "
                "this module, and take the links over from that file."
            )
        )


def post_init_hook(env):
    """Note where this database lives, so that a copy of it is told apart."""
    env["ir.config_parameter"].sudo().set_param(
        "shopify_connector.installed_in", env.cr.dbname
    )


def uninstall_hook(env):
    """What Odoo doesn't know of: its tables go without us."""
    env.cr.execute(DROP)
