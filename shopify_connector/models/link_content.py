"""What a link keeps of both sides' content, so that a difference is noted once."""

from ..core import product_links


def note_pairs(link, shopify, odoo, label=""):
    """Keep what both sides say; returns the differences that are new.

    shopify, odoo: {field as people call it: text}.
    """
    changes = product_links.new_differences(shopify, odoo, link.synced_values, label)
    write_if_new(link, {"synced_values": product_links.pairs(shopify, odoo)})
    return changes


def write_if_new(link, vals):
    """Write what differs: a sync that finds nothing new writes nothing."""
    new = {name: value for name, value in vals.items() if _plain(link, name) != value}
    if new:
        link._as_engine().write(new)


def _plain(link, name):
    field, value = link._fields[name], link[name]
    return value.id if field.type == "many2one" else value
