"""The floor of a webhook: a route that checks a signature and answers."""

import base64
import hashlib
import hmac

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

SECRET = b"secret-bench"


class BareRoute(Controller):
    @route(
        "/bench/signed/<int:store>/<string:key>/<string:topic>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def signed(self, store, key, topic):
        body = request.httprequest.get_data()
        request.update_env(user=SUPERUSER_ID)
        digest = base64.b64encode(hmac.new(SECRET, body, hashlib.sha256).digest())
        given = request.httprequest.headers.get("X-Shopify-Hmac-Sha256") or ""
        good = hmac.compare_digest(digest, given.encode())
        return request.make_response("", status=200 if good else 401)
