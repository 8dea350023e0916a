"""Webhooks: verify, insert a trigger, answer. A webhook is a hint, never data."""

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..api import signature

# Ours ask for IDs and times only; a whole order in an old subscription fits too.
MAX_BYTES = 2 * 1024 * 1024


class ShopifyWebhook(Controller):
    @route(
        "/shopify/webhook/probe",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def probe(self, **_query):
        """Answer a connection test so that it knows it reached this very database."""
        request.update_env(user=SUPERUSER_ID)
        nonce = request.httprequest.get_data()[:64]
        return request.make_response(
            request.env["shopify.backend"]._probe_answer(nonce),
            headers=[("Content-Type", "text/plain; charset=utf-8")],
        )

    @route(
        "/shopify/webhook/<int:store>/<string:key>/<string:topic>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def receive(self, store, key, topic, **_query):
        """Answer 200 once the trigger is in (Shopify repeats everything else), 401 for
        what isn't signed for this store, 413 for what is too big, 400 for nonsense.

        The address says which store and topic: only the body is signed, headers can be
        written by anybody who holds one signed body of the same app.
        """
        http = request.httprequest
        if (http.content_length or 0) > MAX_BYTES:
            return _answer(413)
        body = http.get_data()
        if len(body) > MAX_BYTES:
            return _answer(413)
        request.update_env(user=SUPERUSER_ID)
        backend = request.env["shopify.backend"]._for_webhook(store)
        if not backend or not backend._is_webhook_key(key):
            return _answer(401)
        given = http.headers.get("X-Shopify-Hmac-Sha256")
        if not signature.verify(body, given, backend._webhook_secrets()):
            return _answer(401)
        if http.headers.get("X-Shopify-Shop-Domain") not in (
            None,
            backend._facts().shop_domain,
        ):
            return _answer(401)
        delivery_id = http.headers.get("X-Shopify-Webhook-Id")
        answer = _answer(backend._take_webhook(topic.upper(), body, delivery_id))
        backend._look_again_by(answer.call_on_close)
        return answer


def _answer(status):
    return request.make_response("", status=status)
