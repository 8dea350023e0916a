"""Control acts of a shop that are no merchant's: faults, gates, switches, log."""

from .namespaces import owner_number
from .registry import merchant
from .shop_info import install


@merchant("fault")
def plan_fault(shop, kind: str, operation: str | None = None, **options):
    """Plan a fault (faults.py lists the kinds) for an operation or any."""
    return shop.emulator.faults.plan(shop, kind, operation=operation, **options)


@merchant("hold")
def hold(shop, operation: str | None = None, point: str = "before", times=1):
    """Stop matching requests at a point until the gate is released."""
    return shop.emulator.faults.gate(shop, operation, point, times, hold=True)


@merchant("watch")
def watch(shop, operation: str | None = None, point: str = "after", times=None):
    """Only count and announce requests that reach a point."""
    return shop.emulator.faults.gate(shop, operation, point, times, hold=False)


@merchant("wait_gate", locked=False)
def wait_gate(shop, gate: int, timeout: float = 10, times: int = 1):
    """Wait until so many requests have reached the gate; False if they didn't."""
    return shop.emulator.faults.gates[gate].wait_reached(timeout, times)


@merchant("release_gate", locked=False)
def release_gate(shop, gate: int, apply: bool = True):
    """Let held requests go on; `apply=False` drops those held before applying."""
    shop.emulator.faults.gates[gate].release(apply)


@merchant("clear_faults", locked=False)
def clear_faults(shop):
    shop.emulator.faults.clear(shop)


@merchant("switch")
def switch(shop, **values):
    """Change switches by name; answers them all."""
    shop.switches.set(**values)
    return shop.switches


@merchant("unfavourable")
def unfavourable(shop):
    """Every open question answered the hard way."""
    shop.switches = type(shop.switches).unfavourable()
    return shop.switches


@merchant("set_search_lag")
def set_search_lag(shop, seconds: float):
    """How late the search index learns of changes (Shopify: up to ~30 min)."""
    shop.search_lag = seconds


@merchant("request_log")
def request_log(shop, operation: str | None = None, since: int = 0):
    """The requests so far, of one operation or root field or of all."""
    return [
        entry
        for entry in shop.requests[since:]
        if operation in (None, entry.operation, *entry.fields)
    ]


@merchant("applied")
def applied(shop, app_data=True):
    """Names of the mutations applied so far; without app_data only those that wrote to
    something else than the app's own installation."""
    if app_data:
        return list(shop.mutations_applied)
    return [
        name
        for request in shop.requests
        if not _is_app_data(request.variables)
        for name in request.applied
    ]


def _is_app_data(variables):
    owners = [entry.get("ownerId", "") for entry in variables.get("metafields") or []]
    return bool(owners) and all("/AppInstallation/" in owner for owner in owners)


@merchant("set_bucket")
def set_bucket(shop, points: float | None = None, size=None, rate=None):
    """Set the throttle bucket of the first app."""
    bucket = shop.emulator.bucket(shop, shop.app)
    bucket.available(shop.now())
    bucket.size = size or bucket.size
    bucket.rate = rate or bucket.rate
    bucket.points = min(bucket.size, bucket.points if points is None else points)


@merchant("get_object")
def get_object(shop, gid: str):
    """The raw object with its metafields, or null."""
    obj = shop.get(gid)
    if obj is None:
        return None
    fields = {
        f"{key[1]}.{key[2]}": value["value"]
        for key, value in shop.metafields.items()
        if key[0] == gid
    }
    return obj | {"_metafields": fields}


@merchant("list_objects")
def list_objects(shop, typename: str):
    return shop.of_type(typename)


@merchant("install_app")
def install_app(shop, client_id: str, client_secret: str, scopes=None, token=None):
    """Install a further app: its own number, `$app` namespace, bucket and scopes."""
    scopes = shop.app.scopes if scopes is None else scopes
    app = shop.emulator.install_app(
        shop,
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes,
        token=token,
    )
    install(shop, app)
    return {"client_id": client_id, "number": app.number}


@merchant("set_scopes")
def set_scopes(shop, scopes: list[str]):
    """What the merchant grants to the first app from now on."""
    shop.app.scopes = set(scopes)
    shop.emit("APP_SCOPES_UPDATE", shop.get(shop.app.installation_gid))


@merchant("revoke_tokens")
def revoke_tokens(shop):
    """All tokens of the first app end; static ones too."""
    shop.app.tokens.clear()


@merchant("rotate_secret")
def rotate_secret(shop, client_secret: str):
    shop.app.client_secret = client_secret


@merchant("reinstall_app")
def reinstall_app(shop, client_secret: str | None = None, token: str | None = None):
    """The uninstalled first app comes back: no token but `token` is valid; whether its
    metafields and definitions are still there is a switch."""
    app = shop.app
    app.installed = True
    app.client_secret = client_secret or app.client_secret
    if token:
        app.tokens[token] = None
    if shop.switches.reinstall_keeps_app_data:
        return
    mine = str(app.number)
    for store in (shop.metafields, shop.definitions):
        for key in [key for key in store if owner_number(key[1]) == mine]:
            del store[key]


@merchant("count_objects")
def count_objects(shop):
    """How many objects of each type there are."""
    return {name: len(rows) for name, rows in shop.objects.by_type.items() if rows}


@merchant("chaos")
def chaos(
    shop, probability: float = 0.1, seed: int = 1, kinds: list[str] | None = None
):
    """Let this share of all requests fail at random, in equal parts by kind."""
    kinds = kinds or ["reset_before", "reset_after", "status_before", "status_after",
                      "throttle", "internal_error"]  # fmt: skip
    for number, kind in enumerate(kinds):
        shop.emulator.faults.plan(
            shop,
            kind,
            times=None,
            probability=probability / len(kinds),
            seed=seed * 1000 + number,
        )
