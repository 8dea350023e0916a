"""Access tokens: the client credentials grant (24 h) and static ones."""

import secrets
from datetime import timedelta

LIFETIME = 86399  # seconds, as Shopify's answer says


def grant(emulator, shop, asked: dict) -> tuple[int, dict]:
    """(HTTP status, body) of a token request."""
    if asked.get("grant_type") != "client_credentials":
        return 400, _refusal("unsupported_grant_type", "grant_type is not supported")
    with shop.lock:
        app = shop.apps.get(asked.get("client_id"))
        if app is None or not app.installed:
            return 400, _refusal("application_cannot_be_found", "no such app here")
        if asked.get("client_secret") != app.client_secret:
            return 401, _refusal("invalid_client", "wrong client_secret")
        if shop.switches.new_token_ends_old:
            app.tokens = {t: end for t, end in app.tokens.items() if end is None}
        token = "shpat_" + secrets.token_hex(16)
        app.tokens[token] = shop.now() + timedelta(seconds=LIFETIME)
        return 200, {
            "access_token": token,
            "scope": ",".join(sorted(app.scopes)),
            "expires_in": LIFETIME,
        }


def _refusal(error: str, text: str) -> dict:
    return {"error": error, "error_description": text}
