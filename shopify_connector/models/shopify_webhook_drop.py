"""Subscriptions of ours that nobody needs any more: found with certainty, then deleted."""

from odoo import fields, models

from ..api.errors import RejectedError

SUBJECT = "store/webhook/delete"


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    webhook_addresses = fields.Json(
        groups="shopify_connector.group_manager",
        copy=False,
        help="Where this store had webhooks sent to, each with the place that the "
        "database lived in then: [{start, place}].",
    )

    def _webhook_start(self):
        """What all addresses of this store start with, and nobody else's: they hold its
        number and its secret key."""
        return self._webhook_url("")

    def _webhook_place(self):
        return list(self.env["shopify.lease"]._here(self.env.cr))

    def _note_webhook_address(self):
        """Remember the address for the day when it is a former one."""
        store = self.sudo()  # the addresses hold the secret key
        entry = {"start": self._webhook_start(), "place": self._webhook_place()}
        if entry not in (store.webhook_addresses or []):
            store.webhook_addresses = [*(store.webhook_addresses or []), entry]

    def _own_starts(self):
        """Addresses that this very database had webhooks sent to. What a copy inherited
        was noted in another place: that belongs to the original."""
        place = self._webhook_place()
        # sudo: see above
        noted = self.sudo().webhook_addresses or []
        return tuple(entry["start"] for entry in noted if entry["place"] == place)

    def _drop_webhooks(self, client):
        """Delete our subscriptions at former addresses and to topics that no flow wants
        now. Only for the holder of the lease, after all that is wanted was subscribed
        to. Anything that isn't certainly ours stays."""
        mutation = self.env["shopify.mutation"]
        there = read_subscriptions(client)
        # Whether an earlier delete without an answer arrived, was just read.
        mutation._close([row.uuid for row in mutation._open_for(self, [SUBJECT])])
        starts = self._own_starts()
        wanted = {(w.topic, self._webhook_url(w.topic)) for w in self._wanted_topics()}
        dropped = []
        for (topic, uri), node in there.items():
            is_ours = any(uri == start + topic.lower() for start in starts)
            if is_ours and (topic, uri) not in wanted:
                self._drop_webhook(client, node)
                dropped.append(topic)
        if dropped:
            self._note_event(
                "store",
                "webhooks removed",
                self.env._("No longer needed: %s", ", ".join(dropped)),
            )

    def _drop_webhook(self, client, node):
        mutation = self.env["shopify.mutation"]
        try:
            uuid, _answer = mutation._perform(
                self, client, "webhooks/delete", {"id": node["id"]}, [SUBJECT]
            )
        except RejectedError:
            # Another worker was faster, if it is gone.
            if (node["topic"], node["uri"]) in read_subscriptions(client):
                raise
        else:
            mutation._close([uuid])


def read_subscriptions(client):
    """{(topic, address): subscription} of our app, all pages."""
    found, after = {}, None
    while True:
        page = client.execute("webhooks/list", {"after": after}).data
        page = page["webhookSubscriptions"]
        for node in page["nodes"]:
            found.setdefault((node["topic"], node["uri"]), node)
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
