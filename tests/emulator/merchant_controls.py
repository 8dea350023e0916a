"""Control acts of a shop that are no merchant's: faults, gates, switches, log."""

from .registry import merchant


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
def applied(shop):
    """Names of the mutations applied so far."""
    return list(shop.mutations_applied)


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
