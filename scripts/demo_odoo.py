"""The demo's Odoo, as its users would set it up and work with it, by RPC."""

import time
from datetime import date, timedelta

SHIPPED_ORDER = "#1001"


class DemoOdoo:
    """data: demo/odoo.json, what this Odoo held before Shopify came."""

    def __init__(self, process, data: dict):
        self._process = process
        self._data = data
        self._taxes = []
        self.backend = None

    def call(self, model, method, *args, **kw):
        return self._process.rpc(model, method, *args, **kw)

    def _create(self, model: str, *rows: dict) -> list[int]:
        return self.call(model, "create", list(rows))

    def read(self, model: str, domain, *fields, **kw) -> list[dict]:
        return self.call(model, "search_read", domain, fields=list(fields), **kw)

    def _one(self, model: str, domain) -> int:
        found = self.call(model, "search", domain)
        assert len(found) == 1, f"{len(found)} {model} for {domain}"
        return found[0]

    def _ref(self, name: str) -> int:
        module, xml_id = name.split(".")
        return self.read(
            "ir.model.data", [("module", "=", module), ("name", "=", xml_id)], "res_id"
        )[0]["res_id"]

    # --- before Shopify ----------------------------------------------------------------

    def prepare(self) -> None:
        self.call(
            "ir.config_parameter", "set_param", "web.base.url", self._process.address
        )
        euro = self._ref("base.EUR")
        self.call("res.currency", "write", [euro], {"active": True})
        company = self._one("res.company", [])
        self.call(
            "res.company",
            "write",
            [company],
            {"name": self._data["company"], "currency_id": euro},
        )
        # Odoo's own mail to its administrators: the demo shows that ours sends none.
        digests = self.call("digest.digest", "search", [])
        self.call("digest.digest", "action_deactivate", digests)
        self._create_taxes()
        for warehouse in self._data["warehouses"]:
            self._create("stock.warehouse", warehouse)
        dozens = self._ref("uom.product_uom_dozen")
        for product in self._data["products"]:
            values = {"type": "consu", "is_storable": True, **product}
            if values.pop("dozens", False):
                values["uom_id"] = dozens
            self._create("product.product", values)
        self._create("res.partner", *self._data["partners"])
        self._create_users()

    def _create_taxes(self) -> None:
        for tax in self._data["taxes"]:
            side = "tax_included" if tax["included"] else "tax_excluded"
            made = self._create(
                "account.tax",
                {
                    "name": tax["name"],
                    "amount": 100 * tax["rate"],
                    "type_tax_use": "sale",
                    "price_include_override": side,
                },
            )
            self._taxes.append(
                {
                    "title": tax["title"],
                    "rate": tax["rate"],
                    "included": tax["included"],
                    "tax_id": made[0],
                }
            )

    def _create_users(self) -> None:
        groups = [
            "base.group_user",
            "shopify_connector.group_operator",
            "sales_team.group_sale_salesman_all_leads",
            "stock.group_stock_user",
        ]
        self._create(
            "res.users",
            {
                "name": "Olga Operator",
                "login": "operator",
                "password": "operator",
                "group_ids": [(6, 0, [self._ref(name) for name in groups])],
            },
        )

    # --- the store ---------------------------------------------------------------------

    def connect(self, shop: dict) -> None:
        """shop: the arguments that the emulated shop was made with."""
        tip, custom = self._create(
            "product.product",
            {"name": "Tip", "type": "service", "taxes_id": False},
            {"name": "Custom line", "type": "service", "taxes_id": False},
        )
        self.backend = self._create(
            "shopify.backend",
            {
                "name": self._data["store"],
                "shop_domain": shop["name"],
                "client_id": shop["client_id"],
                "client_secret": shop["client_secret"],
                "product_policy": "create",
                "orders_since": self._data["orders_since"],
                "tip_product_id": tip,
                "custom_product_id": custom,
            },
        )[0]
        self.call("shopify.backend", "action_connect", [self.backend])
        self._map_taxes()
        self._map_locations()

    def _map_taxes(self) -> None:
        rows = [{"backend_id": self.backend, **row} for row in self._taxes]
        self._create("shopify.mapping.tax", *rows)

    def _map_locations(self) -> None:
        for name, code in self._data["locations"].items():
            location = self._one(
                "shopify.mapping.location",
                [("backend_id", "=", self.backend), ("name", "=", name)],
            )
            warehouse = self._one("stock.warehouse", [("code", "=", code)])
            self.call(
                "shopify.mapping.location",
                "write",
                [location],
                {"warehouse_id": warehouse},
            )

    def switch_on(self, *flows: str) -> None:
        rows = self.call(
            "shopify.flow",
            "search",
            [("backend_id", "=", self.backend), ("flow", "in", flows)],
        )
        anyway = {
            "gate_override_reason": "The demo keeps awkward records in on purpose",
            "gate_override_until": str(date.today() + timedelta(days=90)),
        }
        self.call("shopify.flow", "write", rows, {"policy": "automatic", **anyway})

    def read_store(self) -> None:
        """What a manager's first step would be: the whole store, for the worksheet."""
        self.call("shopify.backend", "action_scan", [self.backend])

    def sync_everything(self) -> int:
        """Read every record of both sides again, changed or not; how many."""
        self.call("shopify.backend", "action_sync_now", [self.backend])
        rows = self.call("shopify.sync", "search", [("backend_id", "=", self.backend)])
        self.call("shopify.sync", "action_retry", rows)
        return len(rows)

    def unfinished(self) -> int:
        """How much is being done or due now or in a moment; what waits for longer isn't."""
        now, soon = (
            time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + wait))
            for wait in (0, 3)
        )
        jobs = [
            ("state", "in", ("pending", "enqueued", "started")),
            *("|", ("eta", "=", False), ("eta", "<=", now)),
        ]
        syncs = [("state", "=", "waiting"), ("next_attempt_at", "<=", soon)]
        counts = {"queue.job": jobs, "shopify.trigger": [], "shopify.sync": syncs}
        return sum(
            self.call(model, "search_count", domain) for model, domain in counts.items()
        )

    # --- work in Odoo --------------------------------------------------------------------

    def count_stock(self) -> None:
        """An inventory of what lies in the warehouses, by SKU."""
        for code, counted in self._data["stock"].items():
            place = self.read("stock.warehouse", [("code", "=", code)], "lot_stock_id")
            default = counted.get("*")
            products = self.read(
                "product.product",
                [("is_storable", "=", True)],
                "default_code",
            )
            rows = [
                {
                    "product_id": product["id"],
                    "location_id": place[0]["lot_stock_id"][0],
                    "inventory_quantity": counted.get(product["default_code"], default),
                }
                for product in products
            ]
            quants = self.call(
                "stock.quant", "create", rows, context={"inventory_mode": True}
            )
            self.call("stock.quant", "action_apply_inventory", quants)

    def deliver(self) -> None:
        """The warehouse sends one order."""
        order = self.order(SHIPPED_ORDER)
        picking = order["picking_ids"][0]
        self.call(
            "stock.picking", "write", [picking], {"carrier_tracking_ref": "3SFERN0001"}
        )
        moves = self.read("stock.picking", [("id", "=", picking)], "move_ids")[0]
        self.call("stock.move", "write", moves["move_ids"], {"picked": True})
        self.call("stock.picking", "button_validate", [picking])

    # --- looking -------------------------------------------------------------------------

    def order(self, name: str) -> dict | None:
        found = self.read(
            "sale.order",
            [("client_order_ref", "=", name)],
            "name",
            "state",
            "amount_total",
            "amount_tax",
            "order_line",
            "picking_ids",
            "partner_id",
            "warehouse_id",
            "currency_id",
        )
        assert len(found) < 2, f"{len(found)} sale orders for {name}"
        return found[0] if found else None

    def summary(self) -> list[str]:
        def count(model, *domain):
            return self.call(model, "search_count", list(domain))

        review = self.read(
            "shopify.sync",
            [("state", "=", "review")],
            "record_name",
            "reason_code",
        )
        lines = [
            f"{count('product.product')} product variants, "
            f"{count('sale.order')} sale orders, {len(review)} to review:"
        ]
        lines += [f"  {row['record_name']}: {row['reason_code']}" for row in review]
        return lines
