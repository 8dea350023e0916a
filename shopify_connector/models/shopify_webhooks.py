"""Webhooks: subscribed to and kept alive, verified, turned into triggers."""

import hmac
import json

from odoo import api, fields, models

from odoo.addons.queue_job.exception import RetryableJobError

from ..core.failures import NeedsReview
from ..core.webhooks import subjects_of, wanted_topics
from .shopify_flow import FLOWS

FOR_WEBHOOK = [
    "company_id",
    "name",
    "shop_domain",
    "webhook_key",
    "client_secret",
    "last_webhook_at",
]


class ShopifyBackend(models.Model):
    _inherit = "shopify.backend"

    def _webhook_url(self, topic):
        # sudo: the key is a secret that only this address holds
        key = self.sudo().webhook_key
        return f"{self.get_base_url()}/shopify/webhook/{self.id}/{key}/{topic.lower()}"

    def _ensure_webhooks(self, client):
        """Subscribe to what is wanted, once each, and mend what died or was changed.

        Returns the topics that had to be mended.
        """
        nodes = client.execute("webhooks/list", {}).data["webhookSubscriptions"][
            "nodes"
        ]
        ours = {}
        for node in nodes:
            ours.setdefault((node["topic"], node["uri"]), node)
        granted = set((self.sudo().granted_scopes or "").split(","))
        scopes = granted | {scope.replace("write_", "read_", 1) for scope in granted}
        flows = {flow for flow, _label in FLOWS if self._flow_policy(flow) != "off"}
        mended = []
        for wanted in wanted_topics(flows, scopes):
            url = self._webhook_url(wanted.topic)
            fields_wanted = list(wanted.include_fields)
            found = ours.get((wanted.topic, url))
            if found and set(found["includeFields"]) == set(fields_wanted):
                self._close_open_writes(f"store/webhook/{wanted.topic}")
                continue
            subscription = {"uri": url, "includeFields": fields_wanted}
            self._subscribe(client, wanted.topic, subscription, found)
            mended.append(wanted.topic)
        return mended

    def _close_open_writes(self, subject):
        """What such a write should bring about was just read as being there."""
        mutation = self.env["shopify.mutation"]
        mutation._close([row.uuid for row in mutation._open_for(self, [subject])])

    def _subscribe(self, client, topic, subscription, found):
        mutation = self.env["shopify.mutation"]
        subject = f"store/webhook/{topic}"
        settled = [row.uuid for row in mutation._open_for(self, [subject])]
        if found:
            operation = "webhooks/update"
            variables = {"id": found["id"], "webhookSubscription": subscription}
        else:
            operation = "webhooks/create"
            variables = {"topic": topic, "webhookSubscription": subscription}
        uuid, _answer = mutation._perform(self, client, operation, variables, [subject])
        mutation._close([*settled, uuid])

    @api.model
    def _cron_heal(self):
        """Every 15 minutes: subscriptions that died, definitions that were altered."""
        self._for_each_store(lambda backend: backend._heal())

    def _heal(self):
        with self._client() as client:
            try:
                if not self._may_work(client):
                    return
            except RetryableJobError:
                return  # Shopify can't be asked just now; in 15 minutes again
            mended = self._ensure_webhooks(client)
            try:
                self._ensure_definitions(client)
            except NeedsReview as stop:
                # Without its protected field no ID could be written, or be trusted.
                self._pause_all(stop.failure)
            else:
                self._resume_paused({"mark_definition_altered"}, only_paused=True)
        if mended:
            self._note_event(
                "store",
                "webhooks mended",
                self.env._("Subscribed again: %s", ", ".join(mended)),
            )
            # What happened while they were dead told nobody.
            self._enqueue_reconcile(hours=72)

    @api.model
    def _for_webhook(self, store_id):
        """The store of a webhook's address, if there is one, with what its answer needs
        in one query: the sender waits for it."""
        found = self.with_context(active_test=False).search_fetch(
            [("id", "=", store_id)], FOR_WEBHOOK
        )
        return self.browse(found.ids)

    def _webhook_secrets(self):
        # sudo: verified before any user is known
        return [secret for secret in (self.sudo().client_secret,) if secret]

    def _take_webhook(self, topic, body, delivery_id):
        """Insert what a verified delivery asks for. Returns the HTTP status to answer."""
        if topic == "APP_UNINSTALLED":
            self._enqueue_check()
            return 200
        try:
            subjects = subjects_of(topic, json.loads(body))
        except (ValueError, RecursionError, NeedsReview) as problem:
            self._note_event("store", "webhook_malformed", f"{topic}: {problem}"[:500])
            return 400
        self._webhook_seen(fields.Datetime.now())
        self.env["shopify.trigger"]._insert(
            self,
            self._webhook_subjects(subjects),
            f"webhook {topic.lower()}",
            delivery_id=delivery_id,
        )
        return 200

    def _webhook_subjects(self, subjects):
        """What the engine should look at for the subjects that a webhook names."""
        found = []
        for flow, direction, shopify_type, gid in subjects:
            if shopify_type == "Shop":
                self._enqueue_check()
            elif shopify_type == "InventoryItem":
                found += self.env["shopify.stock.level"]._subjects_of_item(self, gid)
            else:
                found.append((flow, direction, shopify_type, gid))
        return found

    def _webhook_seen(self, now):
        """Note, at most once a minute, that webhooks reach this Odoo."""
        last = self.last_webhook_at
        if not last or (now - last).total_seconds() > 60:
            # Past a running worker's locks, or the webhook's answer would wait for it.
            self.env.cr.execute(
                "UPDATE shopify_backend SET last_webhook_at = %s WHERE id ="
                " (SELECT id FROM shopify_backend WHERE id = %s"
                " FOR NO KEY UPDATE SKIP LOCKED)",
                [now, self.id],
            )

    def _is_webhook_key(self, key):
        return hmac.compare_digest(
            (self.sudo().webhook_key or "").encode(), key.encode()
        )
