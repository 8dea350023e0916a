"""Whether a remote write whose answer was lost was carried out after all.

Each kind is judged from what was sent and what is read back by its natural key. "Not
carried out" is never said before the request can no longer arrive.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from .failures import Failure
from .marks import Mark, Proof, disagreement

# Shopify keeps idempotency keys for 24 h; after that the same key is a new operation.
KEY_LIFE = timedelta(hours=20)
MARGIN = timedelta(seconds=60)


@dataclass(frozen=True)
class Timing:
    """When it was sent and what "too late to arrive" means; all instants in UTC."""

    sent_at: datetime
    now: datetime
    timeout: timedelta
    margin: timedelta = MARGIN
    key_life: timedelta = KEY_LIFE

    @property
    def final_at(self) -> datetime:
        """From here on the request can't arrive any more."""
        return self.sent_at + self.timeout + self.margin

    @property
    def is_final(self) -> bool:
        return self.now >= self.final_at

    @property
    def may_ask_again(self) -> bool:
        return self.now < self.sent_at + self.key_life


@dataclass(frozen=True)
class Verdict:
    """applied (with the GIDs it made or changed), not_applied (plan anew from fresh
    data), wait (judge again at `until`), ask_again (send the same bytes with the same
    key), ask_person (Shopify offers no proof; `failure` says what is open).
    """

    kind: Literal["applied", "not_applied", "wait", "ask_again", "ask_person"]
    gids: tuple[str, ...] = ()
    until: datetime | None = None
    failure: Failure | None = None


NOT_APPLIED = Verdict("not_applied")
ASK_AGAIN = Verdict("ask_again")


def applied(*gids: str) -> Verdict:
    return Verdict("applied", gids)


def wait(until: datetime) -> Verdict:
    return Verdict("wait", until=until)


def ask_person(operation: str, problem: str) -> Verdict:
    params = {"operation": operation, "problem": problem}
    return Verdict("ask_person", failure=Failure("outcome_needs_person", params))


def absent(timing: Timing) -> Verdict:
    """Not there: final once the request can't arrive any more."""
    return NOT_APPLIED if timing.is_final else wait(timing.final_at)


# --- One mutation each -------------------------------------------------------------


def settle(kind: str, sent: Mapping[str, Any], after: Any, timing: Timing) -> Verdict:
    """Judge a write of unknown outcome.

    kind: the mutation's name. sent: its variables. after: what was read back, in the
    shape that the function of that kind says. An unknown kind goes to a person.
    """
    judge = _JUDGES.get(kind)
    if judge is None:
        return ask_person(kind, "there is nothing in Shopify to recognise it by")
    return judge(sent, after, timing)


def settle_metafields(
    sent: Mapping[str, Any], after: Mapping[tuple, str | None], timing: Timing
) -> Verdict:
    """`metafieldsSet`. after: (ownerId, namespace, key) as sent → value now, or None.

    It is all or nothing and compares before it sets: when one value differs, either
    nothing was written or somebody wrote after us; both end in a new decision.
    """
    wanted = sent["metafields"]
    if all(_same_value(row, after.get(_metafield_key(row))) for row in wanted):
        return applied(*dict.fromkeys(row["ownerId"] for row in wanted))
    return absent(timing)


def _metafield_key(row: Mapping[str, Any]) -> tuple:
    return row["ownerId"], row["namespace"], row["key"]


def _same_value(row: Mapping[str, Any], found: str | None) -> bool:
    if found is None or row.get("type") != "json":
        return found == row["value"]
    try:
        # Shopify is free to lay JSON out anew.
        return json.loads(found) == json.loads(row["value"])
    except ValueError:
        return False


def settle_definition(
    sent: Mapping[str, Any], after: str | None, timing: Timing
) -> Verdict:
    """`metafieldDefinitionCreate`. after: GID of the definition of that owner type,
    namespace and key, or None."""
    return applied(after) if after else absent(timing)


def settle_subscription(
    sent: Mapping[str, Any], after: Sequence[Mapping[str, Any]], timing: Timing
) -> Verdict:
    """`webhookSubscriptionCreate`. after: all our subscriptions (id, topic, uri and
    filter). Two equal ones are reported both, so that the second can be removed.
    """
    wanted = _subscription_key({**sent["webhookSubscription"], "topic": sent["topic"]})
    same = [node["id"] for node in after if _subscription_key(node) == wanted]
    return applied(*same) if same else absent(timing)


def _subscription_key(node: Mapping[str, Any]) -> tuple:
    return node["topic"], node["uri"], node.get("filter") or ""


def settle_quantities(
    sent: Mapping[str, Any], after: Mapping[tuple[str, str], int | None], timing: Timing
) -> Verdict:
    """`inventorySetQuantities`. after: (inventoryItemId, locationId) → quantity now, of
    the name that was sent.

    It compares before it sets, so no re-sending is needed: what isn't as wanted is
    read and computed anew, under a new key.
    """
    rows = sent["input"]["quantities"]
    if all(after.get(_level_key(row)) == row["quantity"] for row in rows):
        return applied(*dict.fromkeys(row["inventoryItemId"] for row in rows))
    return absent(timing)


def _level_key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["inventoryItemId"], row["locationId"]


def settle_idempotent(kind: str, timing: Timing) -> Verdict:
    """A mutation under a key that isn't settled by reading: the same question with the
    same key is answered without being carried out twice, while the key lives."""
    if timing.may_ask_again:
        return ASK_AGAIN
    return ask_person(kind, "its key is too old to be asked again")


def settle_created(
    kind: str, expected: Proof, owner: tuple[str, Mark] | None, timing: Timing
) -> Verdict:
    """A creating mutation that carried our mark. owner: (GID, mark) of what the look-up
    by the Odoo ID found."""
    if owner is None:
        return absent(timing)
    gid, mark = owner
    if disagreement(mark, expected) is None:
        return applied(gid)
    return ask_person(kind, f"the Odoo ID belongs to {gid}, whose proof is not ours")


_JUDGES: dict[str, Callable[[Mapping[str, Any], Any, Timing], Verdict]] = {
    "metafieldsSet": settle_metafields,
    "metafieldDefinitionCreate": settle_definition,
    "webhookSubscriptionCreate": settle_subscription,
    "inventorySetQuantities": settle_quantities,
}
