"""Which line of a standing sale order is which line of the Shopify order, as records."""

from decimal import Decimal

from ..core.order_pairs import Standing, Wanted, match_lines


def own_lines(order):
    """Sections, notes and down payments are Odoo's own."""
    return order.order_line.filtered(
        lambda line: not line.display_type and not line.is_downpayment
    )


def standing_lines(order):
    return [
        Standing(
            key=line.id,
            product=line.product_id.id,
            quantity=as_decimal(line.product_uom_qty),
            subtotal=as_decimal(line.price_subtotal),
            price=as_decimal(line.price_unit),
        )
        for line in own_lines(order)
    ]


def match_plan(plan, order, lookup):
    """-> ([(Part, order line ID)], what differs: text for people, or None)"""
    parts = {part.key: part for part in lookup.parts(plan)}
    wanted = [
        Wanted(
            gid=key,
            product=part.product_id,
            quantity=Decimal(part.line.quantity),
            subtotal=part.line.untaxed,
            sure=bool(part.line.variant_gid),
        )
        for key, part in parts.items()
    ]
    pairs, difference = match_lines(wanted, standing_lines(order))
    names = {key: _named_part(part.line) for key, part in parts.items()}
    text = difference and told(difference, order, names)
    return [(parts[key], line_id) for key, line_id in pairs.items()], text


def match_order(own, order):
    """Lines of two sale orders: -> ({own line ID: other line ID}, text or None)"""
    wanted = [
        Wanted(
            gid=str(line.id),
            product=line.product_id.id,
            quantity=as_decimal(line.product_uom_qty),
            subtotal=as_decimal(line.price_subtotal),
        )
        for line in own
    ]
    pairs, difference = match_lines(wanted, standing_lines(order))
    names = {str(line.id): _named_line(line) for line in own}
    text = difference and told(difference, order, names)
    return {int(key): line_id for key, line_id in pairs.items()}, text


def told(difference, order, names):
    """names: {GID of a wanted line: what people call it}"""
    env = order.env
    if difference.kind == "extra":
        line = env["sale.order.line"].browse(difference.key)
        return env._(
            "%(line)s of %(order)s has no counterpart in Shopify",
            line=_named_line(line),
            order=order.display_name,
        )
    values = {"line": names[difference.gid], "order": order.display_name}
    if difference.kind == "unclear":
        return env._("several different lines of %(order)s may be %(line)s", **values)
    return env._("no line of %(order)s is %(line)s", **values)


def _named_part(line):
    return f"{line.quantity} × {line.title} ({line.untaxed})"


def _named_line(line):
    return f"{line.product_uom_qty:g} × {line.product_id.display_name} ({line.price_subtotal:.2f})"


def as_decimal(amount):
    """A monetary float of Odoo as the text that it is shown by."""
    return Decimal(repr(amount))
