"""Control of outgoing webhooks: mode, mishaps, delivery by hand, uninstalling."""

from __future__ import annotations

import random
import time

from .registry import merchant
from .webhooks import POLL_SECONDS, Plan, post, post_of


@merchant("webhook_mode", locked=False)
def webhook_mode(shop, mode: str) -> None:
    """`background` (default) posts by itself, `manual` only by `deliver_webhooks`."""
    post_of(shop).background = {"background": True, "manual": False}[mode]
    if mode == "background":
        post_of(shop).start()


@merchant("plan_webhooks", locked=False)
def plan_webhooks(shop, seed: int = 0, **plan) -> None:
    """Let deliveries go wrong from now on: `drop`, `copies`, `delay` (seconds),
    `reorder`; for `topics` (enum names), with `probability`, `times` times."""
    if plan.get("topics"):
        plan["topics"] = tuple(plan["topics"])
    post_of(shop).plans.append(Plan(**plan, random=random.Random(seed)))


@merchant("clear_webhook_plans", locked=False)
def clear_webhook_plans(shop) -> None:
    post_of(shop).plans.clear()


@merchant("deliver_webhooks", locked=False)
def deliver_webhooks(shop, even_later: bool = False) -> int:
    """Post everything that is due (or everything), one after the other; how many."""
    due = post_of(shop).claim(even_later)
    for delivery in due:
        post_of(shop).send(delivery)
    return len(due)


@merchant("wait_webhooks", locked=False)
def wait_webhooks(shop, timeout: float = 30) -> bool:
    """Wait (real seconds) until the background thread has posted all that is due."""
    end = time.monotonic() + timeout
    while post_of(shop).busy():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True


@merchant("webhook_deliveries", locked=False)
def webhook_deliveries(shop, topic: str | None = None) -> list[dict]:
    """All deliveries so far with their attempts and states."""
    return [
        one.as_dict() for one in post_of(shop).deliveries if topic in (None, one.topic)
    ]


@merchant("send_webhook_again", locked=False)
def send_webhook_again(shop, position: int = -1) -> str:
    """Post an old delivery once more, as it was; the status or error."""
    old = post_of(shop).deliveries[position]
    return post(old.uri, old.body, old.headers, follow=False)


@merchant("uninstall_app")
def uninstall_app(shop) -> None:
    """The merchant removes the app: tokens die, `app/uninstalled` goes out, and the
    subscriptions are gone (shopify.md section 20, question 16 for the rest)."""
    shop.emit("APP_UNINSTALLED", {"__typename": "Shop"})
    shop.app.installed = False
    shop.app.tokens.clear()
    for subscription in shop.of_type("WebhookSubscription"):
        if subscription["_app"] == shop.app.client_id:
            shop.delete(subscription)
