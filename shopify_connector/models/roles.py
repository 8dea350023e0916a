"""Who may do what. Buttons are hidden from others, but any method can be called by RPC."""

from odoo.exceptions import AccessError

USER, OPERATOR, MANAGER = "user", "operator", "manager"


def has_role(env, role):
    """Whether the user may do what this role may; the connector's own code may all."""
    return env.su or env.user.has_group(f"shopify_connector.group_{role}")


def check_role(env, role):
    """Raise AccessError, in plain words, for a user without this role."""
    if has_role(env, role):
        return
    needed = {
        USER: env._(
            "Only Shopify users may do this. Ask your administrator for access."
        ),
        OPERATOR: env._(
            "Only Shopify operators may decide this. Ask one, or hand it over: "
            "“Operator: resolve” in the user's access rights."
        ),
        MANAGER: env._(
            "Only Shopify managers may change this. Ask one: “Manager: configure” in "
            "the user's access rights."
        ),
    }
    raise AccessError(needed[role])
