"""The state of one shop: plain dicts by GID, one lock, a search index that lags."""

import copy
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from . import clock as clock_module
from .registry import MERCHANT, UNLOCKED
from .switches import Switches

STATE = (
    "objects", "metafields", "id_holders", "definitions", "retired_ids", "inventory",
    "requests", "mutations_applied", "deletion_log", "search_index", "_index_events",
    "_index_count", "_index_state", "search_lag", "_number", "switches",
    "webhook_queue", "merged_into", "staged",
)  # fmt: skip
VOLATILE = {"createdAt", "updatedAt", "processedAt", "triggeredAt", "occurredAt"}


class Objects(dict):
    """`{gid: object}` that also knows its objects by type, in creation order."""

    def __init__(self):
        super().__init__()
        self.by_type: dict[str, dict[str, dict]] = {}

    def __setitem__(self, gid: str, obj: dict):
        super().__setitem__(gid, obj)
        self.by_type.setdefault(obj["__typename"], {})[gid] = obj

    def __delitem__(self, gid: str):
        obj = self[gid]
        super().__delitem__(gid)
        self.by_type[obj["__typename"]].pop(gid, None)

    def pop(self, gid: str, *default):
        if gid not in self:
            return super().pop(gid, *default)
        obj = self[gid]
        del self[gid]
        return obj

    def clear(self):
        super().clear()
        self.by_type.clear()


class App:
    """An app installed on one shop: its keys, scopes and number (`app--<number>`)."""

    def __init__(self, number: int, client_id: str, client_secret: str, scopes):
        self.number = number
        self.client_id = client_id
        self.client_secret = client_secret
        self.scopes = set(scopes)
        self.installed = True
        self.tokens: dict[str, datetime | None] = {}  # token -> expiry, None = never
        self.gid = f"gid://shopify/App/{number}"
        self.installation_gid = f"gid://shopify/AppInstallation/{number}"


class Shop:
    """One emulated shop. Merchant acts (`shop.create_order(...)`) are registered
    with `@merchant` and found by `__getattr__`."""

    def __init__(self, emulator, name: str, *, index: int, currency: str, plan: str):
        self.emulator = emulator
        self.name = name
        self.domain = f"{name}.myshopify.com"
        self.currency = currency
        self.plan = plan
        self.lock = threading.RLock()
        self.switches = Switches()
        self.apps: dict[str, App] = {}  # by client_id
        self.presentment_rates: dict[str, str] = {}  # currency -> units per shop unit
        self._first_number = 7_000_000_000_000 + index * 1_000_000_000
        self._clear()

    def _clear(self):
        self.objects = Objects()
        self.metafields: dict[tuple[str, str, str], dict] = {}
        # (namespace, key, value) -> GIDs that hold it or held it once: a hint
        self.id_holders: dict[tuple[str, str, str], dict[str, bool]] = {}
        self.definitions: dict[tuple[str, str, str], dict] = {}  # owner type, ns, key
        self.retired_ids: set[tuple[str, str, str, str]] = set()
        self.inventory: dict[tuple[str, str], dict] = {}  # item, location -> quantities
        self.requests: list = []
        self.mutations_applied: list[str] = []
        self.deletion_log: list[dict] = []
        self.merged_into: dict[str, str] = {}  # GID of a merged customer -> survivor
        self.staged: dict[str, str | None] = {}  # path of an upload -> its text
        self.webhook_queue: deque = deque()
        self.search_index: dict[str, dict[str, dict]] = {}
        self._index_events: list[tuple[datetime, int, str, str, dict | None]] = []
        self._index_count = 0
        self._index_state: dict[str, int] = {}  # GID -> number of its newest event
        self.search_lag: float | Callable[[dict], float] = 0
        self._number = self._first_number
        self._listeners: list[Callable[[str, dict], None]] = []

    # -- apps and identity --

    @property
    def app(self) -> App:
        """The first app, the one `add_shop` installed."""
        return next(iter(self.apps.values()))

    @property
    def client_secret(self) -> str:
        return self.app.client_secret

    def describe(self) -> dict:
        return {
            "shop": self.name,
            "domain": self.domain,
            "client_id": self.app.client_id,
            "client_secret": self.client_secret,
        }

    # -- objects --

    def now(self) -> datetime:
        return self.emulator.clock.now()

    def timestamp(self) -> str:
        return clock_module.text(self.now())

    def new_number(self) -> int:
        self._number += 1
        return self._number

    def new_gid(self, typename: str) -> str:
        return f"gid://shopify/{typename}/{self.new_number()}"

    def of_type(self, typename: str) -> list[dict]:
        return list(self.objects.by_type.get(typename, {}).values())

    def get(self, gid: str | None) -> dict | None:
        return self.objects.get(gid) if gid else None

    def require(self, gid: str, typename: str | None = None) -> dict:
        """The object, or KeyError: for merchant acts on something that must exist."""
        obj = self.objects[gid]
        if typename and obj["__typename"] != typename:
            raise KeyError(f"{gid} is no {typename}")
        return obj

    def add(self, typename: str, **fields) -> dict:
        """Store a new object with id, legacyResourceId, createdAt and updatedAt."""
        gid = fields.pop("id", None) or self.new_gid(typename)
        created = fields.pop("createdAt", None) or self.timestamp()
        obj = {
            "__typename": typename,
            "id": gid,
            "legacyResourceId": gid.rpartition("/")[2],
            "createdAt": created,
            "updatedAt": created,
            **fields,
        }
        self.objects[gid] = obj
        self.index(obj)
        return obj

    def touch(self, obj: dict) -> None:
        """Set updatedAt to now and send the object to the search index."""
        obj["updatedAt"] = self.timestamp()
        self.index(obj)

    def delete(self, obj: dict) -> None:
        """Remove an object, its metafields and, after the lag, its search entry."""
        gid, typename = obj["id"], obj["__typename"]
        self.objects.pop(gid, None)
        for key in [key for key in self.metafields if key[0] == gid]:
            gone = self.metafields.pop(key)
            if gone["type"] == "id" and not self.switches.deleted_owner_frees_id:
                self.retired_ids.add((typename, key[1], key[2], gone["value"]))
        self._enqueue_index(obj, None)
        self.deletion_log.append(
            {"id": gid, "typename": typename, "occurredAt": self.timestamp()}
        )

    def emit(self, topic: str, obj: dict) -> None:
        """An event for webhooks; the delivery machinery listens."""
        for listener in self._listeners:
            listener(topic, obj)
        hook = WEBHOOK_SINK.get("emit")
        if hook:
            hook(self, topic, obj)

    def listen(self, listener: Callable[[str, dict], None]) -> None:
        """Call `listener(topic, obj)` for each event, for tests."""
        self._listeners.append(listener)

    # -- search index --

    def index(self, obj: dict) -> None:
        self._enqueue_index(obj, {k: _copied(v) for k, v in obj.items()})

    def _enqueue_index(self, obj: dict, entry: dict | None) -> None:
        lag = self.search_lag(obj) if callable(self.search_lag) else self.search_lag
        self._index_count += 1
        event = (
            self.now() + timedelta(seconds=lag),
            self._index_count,
            obj["__typename"],
            obj["id"],
            entry,
        )
        if lag <= 0:
            self._put_in_index(*event[1:])
        else:
            self._index_events.append(event)

    def _put_in_index(self, number, typename: str, gid: str, entry) -> None:
        if number < self._index_state.get(gid, 0):
            return  # a quicker event has already shown something newer
        self._index_state[gid] = number
        rows = self.search_index.setdefault(typename, {})
        if entry is None:
            rows.pop(gid, None)
        else:
            rows[gid] = entry

    def refresh_index(self, everything: bool = False) -> None:
        """Let the index learn what is old enough (or everything)."""
        now, waiting = self.now(), []
        for event in sorted(self._index_events, key=lambda event: event[:2]):
            if everything or event[0] <= now:
                self._put_in_index(*event[1:])
            else:
                waiting.append(event)
        self._index_events = waiting

    def indexed(self, typename: str) -> Iterable[dict]:
        """Search rows of a type as the index knows them now."""
        self.refresh_index()
        return list(self.search_index.get(typename, {}).values())

    # -- life --

    def reset(self) -> None:
        """Empty the shop (its apps stay), as `add_shop` made it."""
        with self.lock:
            self.emulator.faults.clear(self)
            for hook in RESET_HOOKS:
                hook(self)
            self._clear()
            self.open_shop()

    def save(self) -> dict:
        """A copy of the state, for `restore` after a test."""
        with self.lock:
            return copy.deepcopy({name: getattr(self, name) for name in STATE})

    def restore(self, saved: dict) -> None:
        """Put a saved state back; delivered webhooks and used keys are not undone."""
        with self.lock:
            vars(self).update(copy.deepcopy(saved))

    def stop(self) -> None:
        for hook in STOP_HOOKS:
            hook(self)

    # -- whole state --

    def snapshot(self, volatile: bool = False) -> dict:
        """Everything a merchant could see, as JSON; without times unless asked.

        An app's own metafields, on its installation, no merchant sees.
        """
        with self.lock:
            drop = set() if volatile else VOLATILE
            return {
                "objects": {
                    gid: _plain(obj, drop) for gid, obj in sorted(self.objects.items())
                },
                "metafields": {
                    " ".join(key): _plain(value, drop)
                    for key, value in sorted(self.metafields.items())
                    if "/AppInstallation/" not in key[0]
                },
                "inventory": {
                    " ".join(key): _plain(value, drop)
                    for key, value in sorted(self.inventory.items())
                },
            }

    def digest(self) -> str:
        """Short text that is equal when two end states are."""
        data = json.dumps(self.snapshot(), sort_keys=True, default=str)
        return hashlib.sha256(data.encode()).hexdigest()[:16]

    def __getattr__(self, name: str):
        act = MERCHANT.get(name)
        if act is None:
            raise AttributeError(f"no merchant act {name!r}")

        def call(*args, **kwargs):
            if name in UNLOCKED:
                return act(self, *args, **kwargs)
            with self.lock:
                return act(self, *args, **kwargs)

        return call


# The webhook module puts its `emit(shop, topic, obj)` here when it is imported.
WEBHOOK_SINK: dict[str, Callable] = {}
RESET_HOOKS: list[Callable[[Shop], None]] = []  # a module's own state, on reset
STOP_HOOKS: list[Callable[[Shop], None]] = []  # a module's threads, on stop


def _copied(value):
    return list(value) if isinstance(value, list) else value


def _plain(value, drop: set[str]):
    if isinstance(value, dict):
        return {k: _plain(v, drop) for k, v in value.items() if k not in drop}
    if isinstance(value, list | tuple):
        return [_plain(item, drop) for item in value]
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
