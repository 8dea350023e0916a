"""How a connection is opened and closed: nothing repeated, nothing left open."""

import requests
from requests.adapters import HTTPAdapter

from . import domain


def open_session(url: str) -> requests.Session:
    """A session for `url` that repeats nothing; to this machine it asks no proxy."""
    session = requests.Session()
    session.trust_env = not domain.is_loopback(url)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(max_retries=0))
    return session


class _Adapter(HTTPAdapter):
    def close(self):
        # urllib3 leaves this to the garbage collector, at any time later.
        pools = self.poolmanager.pools
        for key in pools.keys():
            pools[key].close()
        super().close()
