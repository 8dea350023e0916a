"""Webhooks: subscribed to and kept alive, verified, turned into triggers."""

import hmac
import json
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import MissingError
from odoo.tools import ormcache

from odoo.addons.queue_job.exception import RetryableJobError

from ..api.errors import RejectedError
from ..core.failures import Failure, NeedsReview, render
from ..core.webhooks import subjects_of, wanted_topics
from .shopify_flow import FLOWS
from .shopify_webhook_drop import read_subscriptions

NOTED_EVERY = timedelta(minutes=1)


class Facts(NamedTuple):
    """What a webhook's answer needs to know of its store."""

    company_id: int
    name: str
    shop_domain: str
    webhook_key: str
    client_secret: str


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
        there = read_subscriptions(client)
        self._note_webhook_address()
        mended = []
        for wanted in self._wanted_topics():
            url = self._webhook_url(wanted.topic)
            fields_wanted = list(wanted.include_fields)
            found = there.get((wanted.topic, url))
            if found and set(found["includeFields"]) == set(fields_wanted):
                self._close_open_writes(f"store/webhook/{wanted.topic}")
                continue
            subscription = {"uri": url, "includeFields": fields_wanted}
            self._subscribe(client, wanted.topic, subscription, found)
            mended.append(wanted.topic)
        return mended

    def _wanted_topics(self):
        granted = set((self.sudo().granted_scopes or "").split(","))
        scopes = granted | {scope.replace("write_", "read_", 1) for scope in granted}
        flows = {flow for flow, _label in FLOWS if self._flow_policy(flow) != "off"}
        features = {"companies"} if self.sudo().has_companies else set()
        return wanted_topics(flows, scopes, features)

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
        try:
            uuid, _answer = mutation._perform(
                self, client, operation, variables, [subject]
            )
        except RejectedError:
            # By its text alone Shopify says that the address is taken: so look. Another
            # worker was faster, if it is there.
            if (topic, subscription["uri"]) not in read_subscriptions(client):
                raise
            mutation._close(settled)
        else:
            mutation._close([*settled, uuid])

    @api.model
    def _cron_heal(self):
        """Every 15 minutes: subscriptions that died, definitions that were altered."""
        self._for_each_store(lambda backend: backend._heal())

    def _heal(self):
        if self.sudo().state == "copy":
            return  # what the living database subscribed to isn't a copy's to mend
        with self._client() as client:
            try:
                if not self._may_work(client):
                    return
            except RetryableJobError:
                return  # Shopify can't be asked just now; in 15 minutes again
            mended = self._ensure_webhooks(client)
            self._drop_webhooks(client)
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

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(Facts._fields):
            self._forget_facts()
        return result

    def unlink(self):
        result = super().unlink()
        self._forget_facts()
        return result

    @ormcache("self.id")
    def _facts(self):
        """Kept in memory, in every process until a store changes: a webhook's answer
        waits for this. Raises MissingError without such a store, and keeps no note of
        that: anybody may ask for any number."""
        # sudo: secrets, read before any user is known
        found = self.sudo().with_context(active_test=False)
        found = found.search_fetch([("id", "=", self.id)], Facts._fields)
        if not found:
            raise MissingError(self.env._("There is no such store."))
        return Facts(
            found.company_id.id,
            found.name,
            found.shop_domain,
            found.webhook_key or "",
            found.client_secret or "",
        )

    def _forget_facts(self):
        forget = self.env.registry.clear_cache
        forget()
        # Again: until the commit, another thread may still have read the old ones.
        self.env.cr.postcommit.add(forget)

    @api.model
    def _for_webhook(self, store_id):
        """The store of a webhook's address, if there is one."""
        store = self.browse(store_id)
        try:
            store._facts()
        except MissingError:
            return self.browse()
        return store

    def _webhook_secrets(self):
        return [secret for secret in (self._facts().client_secret,) if secret]

    def _take_webhook(self, topic, body, delivery_id):
        """Insert what a verified delivery asks for. Returns the HTTP status to answer."""
        if topic == "APP_UNINSTALLED":
            self._enqueue_check()
            return 200
        try:
            subjects = subjects_of(topic, json.loads(body))
        except (ValueError, RecursionError, NeedsReview) as problem:
            params = {"topic": topic.lower(), "problem": str(problem)[:200]}
            malformed = Failure("webhook_malformed", params)
            self._note_event("store", malformed.code, render(malformed))
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
        noted = self._webhook_noted()
        if noted and now - noted["at"] < NOTED_EVERY:
            return
        self.env.cr.postcommit.add(partial(noted.update, at=now))
        # Past a running worker's locks, or the webhook's answer would wait for it.
        self.env.cr.execute(
            "UPDATE shopify_backend SET last_webhook_at = %s WHERE id ="
            " (SELECT id FROM shopify_backend WHERE id = %s"
            " AND (last_webhook_at IS NULL OR last_webhook_at < %s)"
            " FOR NO KEY UPDATE SKIP LOCKED)",
            [now, self.id, now - NOTED_EVERY],
        )

    @ormcache("self.id")
    def _webhook_noted(self):
        """When this process last noted a webhook, {"at": time} or empty; changed in
        place, so that most webhooks need not ask the database."""
        return {}

    def _is_webhook_key(self, key):
        return hmac.compare_digest(self._facts().webhook_key.encode(), key.encode())
