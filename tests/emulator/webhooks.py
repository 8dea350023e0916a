"""Outgoing webhooks: signed, retried, and as unreliable as a test wants them.

An event becomes one delivery a subscription, with the body of that moment. A thread a
shop posts what is due; `shop.deliver_webhooks()` posts it synchronously. Retries wait
on the emulator's clock, time-outs on the real one (shopify.md section 8).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import random
import threading
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from . import webhook_payloads as payloads
from .store import RESET_HOOKS, STOP_HOOKS, WEBHOOK_SINK

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 5.0
RETRY_GAPS = (60, 120, 300, 600, 1200, 2400, 3600, 6120)  # 8 retries in 4 hours
DEADLY_FAILURES = 8
POLL_SECONDS = 0.05
POSTERS = 4
REORDER_REACH = 30  # places a reordered delivery may get ahead

# Resources whose names hold an underscore; all others end at the first one.
LONG_HEADS = (
    "app_purchases_one_time",
    "app_subscriptions",
    "bulk_operations",
    "collection_listings",
    "company_contact_roles",
    "company_contacts",
    "company_locations",
    "customer_groups",
    "customer_payment_methods",
    "draft_orders",
    "fulfillment_events",
    "fulfillment_holds",
    "fulfillment_orders",
    "inventory_items",
    "inventory_levels",
    "inventory_shipments",
    "inventory_transfers",
    "metafield_definitions",
    "order_transactions",
    "payment_schedules",
    "payment_terms",
    "product_feeds",
    "product_listings",
    "selling_plan_groups",
    "tender_transactions",
)


@dataclass
class Delivery:
    """One event for one subscription; `due` is a time of the emulator's clock."""

    subscription: str
    topic: str
    uri: str
    body: bytes
    headers: dict[str, str]
    due: datetime
    order: float
    attempts: list[str] = field(default_factory=list)
    state: str = "waiting"  # waiting | sending | delivered | failed | dropped

    def as_dict(self) -> dict:
        return {
            "topic": self.topic,
            "uri": self.uri,
            "body": self.body.decode(),
            "headers": dict(self.headers),
            "attempts": list(self.attempts),
            "state": self.state,
        }


@dataclass
class Plan:
    """How deliveries of these topics (None = all) go wrong, `times` times."""

    topics: tuple[str, ...] | None = None
    drop: bool = False
    copies: int = 1
    delay: float = 0
    reorder: bool = False
    probability: float = 1.0
    times: int | None = None
    random: random.Random = field(default_factory=random.Random)

    def strikes(self, topic: str) -> bool:
        if self.topics is not None and topic not in self.topics:
            return False
        if self.times == 0 or self.random.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Post:
    """The outgoing mail of one shop. What waits is part of the shop's state
    (`shop.webhook_queue`), so that restoring a state takes it back."""

    def __init__(self, shop):
        self.shop = shop
        self.lock = threading.Lock()
        self.deliveries: list[Delivery] = []
        self.plans: list[Plan] = []
        self.background = True
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._count = 0
        self.sending = 0

    # -- taking in ------------------------------------------------------------------

    def queue(self, subscription: dict, topic: str, obj: dict, event: str) -> None:
        whole = payloads.body(self.shop, topic, obj)
        chosen = payloads.chosen(whole, subscription["includeFields"])
        body = json.dumps(chosen, separators=(",", ":")).encode()
        plan = next((one for one in self.plans if one.strikes(topic)), Plan())
        due = self.shop.now() + timedelta(seconds=plan.delay)
        webhook_id = str(uuid.uuid4())
        for _copy in range(plan.copies):
            self._count += 1
            early = REORDER_REACH * plan.random.random() if plan.reorder else 0
            place = self._count - early
            made = Delivery(
                subscription["id"],
                topic,
                subscription["uri"],
                body,
                self._headers(subscription, topic, body, webhook_id, event),
                due,
                place,
                state="dropped" if plan.drop else "waiting",
            )
            with self.lock:
                self.deliveries.append(made)
                if not plan.drop:
                    self.shop.webhook_queue.append(made)
        if self.background:
            self.start()

    def _headers(self, subscription, topic, body, webhook_id, event) -> dict:
        app = self.shop.apps[subscription["_app"]]
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": header_topic(topic),
            "X-Shopify-Hmac-Sha256": signature(app.client_secret, body),
            "X-Shopify-Shop-Domain": self.shop.domain,
            "X-Shopify-API-Version": subscription["apiVersion"]["handle"],
            "X-Shopify-Webhook-Id": webhook_id,
            "X-Shopify-Event-Id": event,
            "X-Shopify-Triggered-At": self.shop.timestamp(),
        }
        if subscription["name"]:
            headers["X-Shopify-Name"] = subscription["name"]
        return headers

    # -- sending --------------------------------------------------------------------

    def claim(self, even_later: bool = False) -> list[Delivery]:
        """Take what is due off the list, in the order it shall go out."""
        now = self.shop.now()
        with self.lock:
            queue = self.shop.webhook_queue
            due = [one for one in queue if even_later or one.due <= now]
            later = [one for one in queue if not even_later and one.due > now]
            queue.clear()
            queue.extend(later)
            self.sending += len(due)
        for one in due:
            one.state = "sending"
        return sorted(due, key=lambda one: one.order)

    def send(self, delivery: Delivery) -> None:
        try:
            follow = self.shop.switches.webhook_follows_redirects
            outcome = post(delivery.uri, delivery.body, delivery.headers, follow)
            delivery.attempts.append(outcome)
            with self.shop.lock:
                self._after(delivery, outcome.startswith("2"))
        finally:
            with self.lock:
                self.sending -= 1

    def _after(self, delivery: Delivery, delivered: bool) -> None:
        subscription = self.shop.objects.get(delivery.subscription)
        if delivered:
            delivery.state = "delivered"
            if subscription:
                subscription["_failures"] = 0
            return
        if subscription:
            subscription["_failures"] += 1
        tries = len(delivery.attempts)
        by_attempts = self.shop.switches.webhook_dies_by == "attempts"
        failures = subscription["_failures"] if subscription and by_attempts else tries
        if subscription is None or tries > len(RETRY_GAPS):
            delivery.state = "failed"
        else:
            gap = timedelta(seconds=RETRY_GAPS[tries - 1])
            delivery.due = self.shop.now() + gap
            delivery.state = "waiting"
            if not self.shop.switches.webhook_id_stable_across_retries:
                delivery.headers["X-Shopify-Webhook-Id"] = str(uuid.uuid4())
            with self.lock:
                self.shop.webhook_queue.append(delivery)
        limit = DEADLY_FAILURES if by_attempts else len(RETRY_GAPS) + 1
        if subscription and failures >= limit:
            self.shop.delete(subscription)

    # -- the thread -------------------------------------------------------------------

    def start(self) -> None:
        with self.lock:
            if self._thread is None:
                self._stopped.clear()
                self._thread = threading.Thread(
                    target=self._run, name=f"webhooks {self.shop.name}", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        pool = ThreadPoolExecutor(POSTERS, "webhooks")
        while not self._stopped.wait(POLL_SECONDS):
            for delivery in self.claim() if self.background else ():
                pool.submit(self._send_noting_bugs, delivery)
        pool.shutdown(wait=True, cancel_futures=True)

    def _send_noting_bugs(self, delivery: Delivery) -> None:
        try:
            self.send(delivery)
        except Exception:
            self.shop.emulator.bugs.append(traceback.format_exc())
            raise

    def busy(self) -> bool:
        """Is anything due now, or being sent?"""
        now = self.shop.now()
        with self.lock:
            waiting = any(one.due <= now for one in self.shop.webhook_queue)
            return waiting or self.sending > 0

    def stop(self) -> None:
        self._stopped.set()
        thread, self._thread = self._thread, None
        if thread and thread is not threading.current_thread():
            thread.join(TOTAL_SECONDS + 1)

    def clear(self) -> None:
        with self.lock:
            self.deliveries.clear()
            self.shop.webhook_queue.clear()
            self.plans.clear()


def header_topic(topic: str) -> str:
    """ORDERS_PARTIALLY_FULFILLED -> orders/partially_fulfilled."""
    text = topic.lower()
    heads = [head for head in LONG_HEADS if text.startswith(f"{head}_")]
    head = heads[0] if heads else text.partition("_")[0]
    return f"{head}/{text.removeprefix(head + '_')}"


def signature(secret: str, body: bytes) -> str:
    """Base64 HMAC-SHA256 of the raw body with the app's client secret."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def post(uri: str, body: bytes, headers: dict, follow: bool, hops: int = 3) -> str:
    """POST once: the status as text, or the name of what went wrong."""
    parts = urlsplit(uri)
    kind = http.client.HTTPConnection
    if parts.scheme == "https":
        kind = http.client.HTTPSConnection
    connection = kind(parts.hostname, parts.port, timeout=CONNECT_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        connection.sock.settimeout(TOTAL_SECONDS)
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    if follow and 300 <= answer.status < 400 and hops:
        onward = urljoin(uri, answer.getheader("Location", uri))
        return post(onward, body, headers, follow, hops - 1)
    return str(answer.status)


def post_of(shop) -> Post:
    found = shop.__dict__.get("webhook_post")
    if found is None:
        found = shop.webhook_post = Post(shop)
    return found


def emit(shop, topic: str, obj: dict) -> None:
    """One delivery for each subscription of the topic; the caller holds the lock."""
    event = str(uuid.uuid4())
    for subscription in shop.of_type("WebhookSubscription"):
        if subscription["topic"] == topic:
            post_of(shop).queue(subscription, topic, obj, event)


def _stop(shop) -> None:
    if "webhook_post" in shop.__dict__:
        shop.webhook_post.stop()


WEBHOOK_SINK["emit"] = emit
STOP_HOOKS.append(_stop)
RESET_HOOKS.append(lambda shop: post_of(shop).clear())
