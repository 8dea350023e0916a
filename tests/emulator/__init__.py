"""A stateful, strict emulator of Shopify's Admin GraphQL API 2026-10 (see README.md).

with Emulator() as emulator:
    shop = emulator.add_shop("demo", token="shpat_test")
    shop.create_product(title="Shirt", variants=[{"sku": "S-1", "price": "10.00"}])
    ...  # POST {emulator.url_template} with {shop} filled in
"""

import importlib
import pkgutil

from .clock import Clock
from .emulator import DEFAULT_SCOPES, Emulator
from .faults import Fault, Gate
from .store import Shop
from .switches import Switches

__all__ = ["DEFAULT_SCOPES", "Clock", "Emulator", "Fault", "Gate", "Shop", "Switches"]

# Every module registers its resolvers and acts when it is imported.
for _found in pkgutil.iter_modules(__path__):
    if not _found.name.startswith(("test_", "__main__", "conftest")):
        importlib.import_module(f".{_found.name}", __name__)
