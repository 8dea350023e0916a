"""The emulator as a whole: its shops, clock, faults and server."""

import json
import threading
import time

from .clock import Clock
from .faults import Faults
from .schema import schema
from .server import Server
from .store import App, Shop
from .throttle import Bucket

DEFAULT_SCOPES = (
    "read_products write_products read_inventory write_inventory read_locations "
    "read_orders write_orders read_all_orders read_customers write_customers "
    "read_fulfillments write_fulfillments "
    "read_merchant_managed_fulfillment_orders "
    "write_merchant_managed_fulfillment_orders "
    "read_third_party_fulfillment_orders read_assigned_fulfillment_orders "
    "read_returns read_draft_orders read_publications read_gift_cards "
    "read_shopify_payments_payouts read_payment_terms read_companies"
).split()


class Emulator:
    """Starts its server on the loopback interface when entered (or by `start`)."""

    def __init__(self, clock: Clock | None = None, port: int = 0):
        self.clock = clock or Clock()
        self.faults = Faults()
        self.shops: dict[str, Shop] = {}
        self.bugs: list[str] = []  # tracebacks of the emulator's own errors
        self._buckets: dict[str, Bucket] = {}
        self._port = port
        self._server: Server | None = None
        self._stopping = threading.Event()
        self._apps = 0

    # -- life --

    def __enter__(self) -> "Emulator":
        return self.start()

    def __exit__(self, *_exc):
        self.stop()

    def start(self) -> "Emulator":
        self._stopping.clear()
        schema()  # read now, not within the first request's time-out
        self._server = Server(self, self._port)
        self._port = self._server.server_address[1]  # kept for a start after a stop
        self._server.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self.faults.clear()
        for shop in self.shops.values():
            shop.stop()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def stopped(self) -> bool:
        return self._stopping.is_set()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url_template(self) -> str:
        return self.url + "/{shop}"

    # -- time --

    def advance(self, seconds: float) -> str:
        """Move the emulator's clock; answers the new time."""
        return self.clock.advance(seconds).isoformat()

    def now(self) -> str:
        return self.clock.now().isoformat()

    def sleep(self, seconds: float) -> None:
        """Real waiting (a hanging answer), cut short by `stop`."""
        self._stopping.wait(seconds)

    def later(self, act, seconds: float) -> None:
        timer = threading.Timer(seconds, act)
        timer.daemon = True
        timer.start()

    # -- shops --

    def add_shop(
        self,
        name: str,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        token: str | None = None,
        currency: str = "EUR",
        plan: str = "Basic",
        scopes=None,
        **shop_fields,
    ) -> Shop:
        """A new shop with one installed app and one location.

        `token`: a static access token; else the client credentials grant.
        `shop_fields` overwrite fields of the Shop object (taxesIncluded …).
        """
        if name in self.shops:
            raise ValueError(f"shop {name!r} exists")
        number = len(self.shops) + 1
        shop = Shop(self, name, index=number, currency=currency, plan=plan)
        self.install_app(
            shop,
            client_id=client_id or f"client-{name}",
            client_secret=client_secret or f"secret-{name}",
            scopes=DEFAULT_SCOPES if scopes is None else scopes,
            token=token,
        )
        self.shops[name] = shop
        shop.open_shop(**shop_fields)
        return shop

    def install_app(self, shop, *, client_id, client_secret, scopes, token=None) -> App:
        """Install an app: each gets its own number and so its own `$app` namespace."""
        self._apps += 1
        app = App(1000 + self._apps, client_id, client_secret, scopes)
        if token:
            app.tokens[token] = None
        shop.apps[client_id] = app
        return app

    def find_shop(self, name: str) -> Shop | None:
        return self.shops.get(name.removesuffix(".myshopify.com"))

    def app_of_token(self, shop: Shop, token: str | None) -> App | None:
        for app in shop.apps.values():
            if token in app.tokens and app.installed:
                expiry = app.tokens[token]
                if expiry is None or expiry > self.clock.now():
                    return app
        return None

    def bucket(self, shop: Shop, app: App) -> Bucket:
        key = f"{shop.name} {app.number}"
        if key not in self._buckets:
            self._buckets[key] = Bucket(shop.plan, self.clock.now())
        return self._buckets[key]

    def reset(self) -> None:
        """Forget all shops, faults and gates."""
        self.faults.clear()
        for shop in self.shops.values():
            shop.stop()
        self.shops.clear()
        self._buckets.clear()
        self.bugs.clear()

    def digest(self) -> dict:
        return {name: shop.digest() for name, shop in sorted(self.shops.items())}

    def bugs_text(self) -> list[str]:
        return list(self.bugs)

    def load(self, text: str) -> list:
        """Run a list of control calls (JSON), e.g. the demo's data.

        A row may name its answer with "as"; "@name.key.0" in a later row's arguments
        stands for a part of that answer.
        """
        from . import control

        return control.run_all(self, json.loads(text))

    def serve_forever(self) -> None:
        while not self._stopping.is_set():
            time.sleep(0.2)
