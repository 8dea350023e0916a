"""How a connection is opened: nothing repeated, no detour on this machine."""

import requests
from requests.adapters import HTTPAdapter

from . import domain


def open_session(url: str) -> requests.Session:
    """A session for `url` that repeats nothing; to this machine it asks no proxy."""
    session = requests.Session()
    session.trust_env = not domain.is_loopback(url)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=0))
    return session
