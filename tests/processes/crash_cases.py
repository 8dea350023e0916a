"""For each mutation document: what makes Odoo send it, and what must be true afterwards.

A case is one store of its own. `provoke` makes one remote write happen, in a job or in
the request of a person; `wrong` says what isn't right once Odoo has recovered.
"""

import json

from tests.runner import ROOT

from .warehouse import count, deliver, pickings
from .world import InBackground

DOCUMENTS = ROOT / "shopify_connector" / "graphql"
OWNER_TYPES = 5
KEYS = 2
# One product for each place where a worker dies.
POINTS = 5


# They start or stop Shopify's writing of a file for us. Nothing that anybody keeps is
# changed, no intent is noted, and a start without an answer is found again by our key:
# tests/flows/test_scan.py kills and loses it there.
CHANGE_NO_DATA = frozenset({"bulk/run", "bulk/cancel"})


def mutation_documents() -> set[str]:
    """`<area>/<file>` of every document that writes data, from the files themselves."""
    return {
        f"{file.parent.name}/{file.stem}"
        for file in DOCUMENTS.glob("*/*.graphql")
        if "\nmutation " in "\n" + file.read_text()
    } - CHANGE_NO_DATA


def is_sent(document: str) -> bool:
    """Whether any code of the add-on names it."""
    files = DOCUMENTS.parent.glob("[!t]*/**/*.py")
    return any(f'"{document}"' in file.read_text() for file in files)


class Case:
    """One store, in which one kind of write is made again and again."""

    document: str
    root: str  # the mutation's field, as the shop counts it
    operation: str  # its name on the wire
    flows = ("products",)
    # How often `provoke` itself makes such a write, past Odoo.
    own_writes = 0

    def __init__(self, world):
        self.world = world
        name = self.document.replace("/", "-").replace("_", "-")
        self.store = world.store(f"crash-{name}", *self.flows)
        self.round = 0
        self.prepare()

    def prepare(self) -> None:
        """Once, before the first crash."""

    def provoke(self) -> InBackground | None:
        """Cause one write; a call of a person's whose connection may be lost."""
        raise NotImplementedError

    def recover(self) -> None:
        """What happens next by itself, or what the person does who saw it fail."""
        self.store.wait_idle(90)

    def again(self) -> None:
        """Look at the same subject once more: nothing may be left to do."""
        raise NotImplementedError

    def wrong(self) -> list[str]:
        """What is not as it should be in the end."""
        raise NotImplementedError

    def applied(self) -> int:
        return self.store.mutations(self.root)

    def trigger(self, flow: str, direction: str, kind: str, key) -> None:
        """Ask for one subject, as a person's Retry does."""
        [row] = self.world.sql(
            f"SELECT id FROM shopify_sync WHERE {self.store.own} AND flow = '{flow}'"
            f" AND direction = '{direction}' AND subject_type = '{kind}'"
            f" AND subject_key = '{key}'"
        )
        self.store.rpc("shopify.sync", "action_retry", [int(row[0])])
        self.store.wait_idle(90)


class MarkCase(Case):
    document, root, operation = "metafields/set", "metafieldsSet", "MetafieldsSet"

    def provoke(self):
        self.round += 1
        self.product = self.store.product(f"MARK-{self.round}")

    def again(self):
        self.trigger("products", "mark", "Product", self.product["id"])

    def wrong(self):
        gid, variant = self.product["id"], self.product["variants"][0]
        templates = self.store.links("shopify.product.template")
        variants = self.store.links("shopify.product.product")
        wanted = {gid: str(templates[gid]), variant: str(variants[variant])}
        found = {key: self.store.marks(key).get("id") for key in wanted}
        states = {self.store.syncs("mark").get(key, ("none",))[0] for key in wanted}
        return _differ("marks", found, wanted) + _differ("states", states, {"done"})

    def applied(self):
        """Writes about products: the lease is written by the same mutation."""
        return sum(
            "/Product/" in json.dumps(entry["variables"])
            for entry in self.store.shop("request_log", operation=self.operation)
            if entry["applied"]
        )


class UnmarkCase(MarkCase):
    """A link ended by hand: its mark goes, once, and nothing links the two again."""

    document, root = "metafields/delete", "metafieldsDelete"
    operation = "MetafieldsDelete"

    def prepare(self):
        self.products = [self.store.product(f"UNMARK-{n}") for n in range(POINTS)]
        self.product = self.products[0]
        self.store.wait_idle()

    def provoke(self):
        self.product = self.products.pop()
        values = {
            "backend_id": self.store.id,
            "shopify_type": "Product",
            "shopify_gid": self.product["id"],
            "mode": "unlink",
            "reason": "crash",
        }
        wizard = self.store.rpc("shopify.relink.wizard", "create", [values])
        self.store.rpc("shopify.relink.wizard", "action_apply", wizard)

    def again(self):
        super().again()
        for variant in self.product["variants"]:
            self.trigger("products", "mark", "ProductVariant", variant)

    def wrong(self):
        gids = (self.product["id"], *self.product["variants"])
        linked = self.store.links("shopify.product.template").keys() | (
            self.store.links("shopify.product.product").keys()
        )
        found = [self.store.marks(gid).get("id") for gid in gids]
        state = self.store.syncs("in").get(self.product["id"], ("none",))[0]
        return (
            _differ("marks", found, [None] * len(gids))
            + _differ("links", linked & set(gids), set())
            + _differ("state", state, "review")
        )

    def applied(self):
        """Writes about products: their variants' marks go by writes of their own."""
        return sum(
            "/Product/" in json.dumps(entry["variables"])
            for entry in self.store.shop("request_log", operation=self.operation)
            if entry["applied"]
        )


class ProductCreateCase(Case):
    """What Odoo alone has is made in Shopify, as the worksheet asks for it."""

    document, root = "products/create", "productSet"
    operation = "ProductsCreate"
    model, link, flow = "product.template", "shopify.product.template", "products"
    typename = "Product"

    def provoke(self):
        self.round += 1
        [self.record] = self.store.rpc(self.model, "create", [self.values()])
        subject = [self.flow, "out", self.model, self.record]
        self.store.rpc("shopify.backend", "test_ask_here", [self.store.id], subject)

    def values(self) -> dict:
        sku = f"MADE-{self.store.id}-{self.round}"
        return {"name": sku, "default_code": sku, "is_storable": True}

    def again(self):
        self.trigger(self.flow, "out", self.model, self.record)

    def wrong(self):
        made = [
            gid
            for gid, record in self.store.links(self.link).items()
            if record == self.record
        ]
        there = [
            node["id"]
            for node in self.store.shop("list_objects", typename=self.typename)
            if self.store.marks(node["id"]).get("id") == str(self.record)
        ]
        state = self.store.syncs("out").get(str(self.record), ("none",))[0]
        return (
            _differ("made", len(there), 1)
            + _differ("links", made, there)
            + _differ("state", state, "done")
        )


class CustomerCreateCase(ProductCreateCase):
    document, root = "customers/create", "customerCreate"
    operation = "CustomersCreate"
    model, link, flow = "res.partner", "shopify.res.partner", "customers"
    typename = "Customer"
    flows = ("products", "customers")

    def values(self) -> dict:
        return {"name": "Made Here", "email": f"m{self.round}-{self.store.id}@x.org"}


class FulfillmentCase(Case):
    document, root = "fulfillments/create", "fulfillmentCreate"
    operation = "FulfillmentsCreate"
    flows = ("products", "customers", "orders", "fulfilments")

    def prepare(self):
        self.store.product("FULFIL")
        self.store.wait_idle()

    def provoke(self):
        self.order = self.store.order("FULFIL")
        # Not `wait_idle`: the request for a crash lies ready already.
        self.store.wait_imported(self.order["id"])
        [self.picking] = pickings(self.store, self.order)
        deliver(self.store, self.picking)

    def again(self):
        self.trigger("fulfilments", "out", "stock.picking", self.picking)

    def wrong(self):
        made = [
            fulfillment["id"]
            for fulfillment in self.store.shop("list_objects", typename="Fulfillment")
            if fulfillment["order"] == self.order["id"]
        ]
        linked = self.world.sql(
            "SELECT shopify_gid FROM shopify_stock_picking"
            f" WHERE {self.store.own} AND odoo_id = {self.picking}"
        )
        state = self.store.syncs("out").get(str(self.picking), ("none",))
        return _differ("fulfilments", len(made), 1) + (
            _differ("links", linked, [(gid,) for gid in made])
            if state[0] == "done"
            else _differ("state", state[0], "review")
        )


class StockCase(Case):
    document, root = "inventory/set_quantities", "inventorySetQuantities"
    operation = "InventorySetQuantities"
    flows = ("products", "fulfilments", "stock")

    def prepare(self):
        # The first push may only lower what Shopify has.
        self.quantity = 50
        product = self.store.product("STOCK", stock=self.quantity)
        self.store.wait_idle()
        [self.product] = self.store.links("shopify.product.product").values()
        variant = self.store.shop("get_object", gid=product["variants"][0])
        self.item = variant["inventoryItem"]
        count(self.store, self.product, self.quantity)
        self.store.wait_idle()

    def provoke(self):
        self.quantity -= 1
        count(self.store, self.product, self.quantity)

    def again(self):
        [(level,)] = self.world.sql(
            f"SELECT id FROM shopify_stock_level WHERE {self.store.own}"
        )
        self.trigger("stock", "out", "shopify.stock.level", level)

    def wrong(self):
        answer = self.store.graphql(
            "query($id: ID!) { inventoryItem(id: $id) { inventoryLevels(first: 5) {"
            ' nodes { quantities(names: ["on_hand"]) { quantity } } } } }',
            id=self.item,
        )
        levels = answer["inventoryItem"]["inventoryLevels"]["nodes"]
        found = [level["quantities"][0]["quantity"] for level in levels]
        states = {state for state, _why in self.store.syncs("out").values()}
        return _differ("on hand", found, [self.quantity]) + (
            _differ("states", states, {"done"})
        )


class ConnectCase(Case):
    """What Odoo makes in a shop when a person presses Connect."""

    def press(self) -> InBackground:
        return InBackground(self.store.connect)

    def recover(self):
        self.store.connect()
        self.store.wait_idle()

    def again(self):
        self.store.connect()
        self.store.wait_idle()


class SubscriptionCreateCase(ConnectCase):
    document, root = "webhooks/create", "webhookSubscriptionCreate"
    operation = "WebhooksCreate"

    def subscriptions(self):
        return self.store.shop("list_objects", typename="WebhookSubscription")

    def one(self) -> str:
        found = self.subscriptions()
        return next(node["id"] for node in found if node["topic"] == "PRODUCTS_UPDATE")

    def provoke(self):
        self.before = _subscribed(self.subscriptions())
        self.store.graphql(
            "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) {"
            " userErrors { message } } }",
            id=self.one(),
        )
        return self.press()

    def wrong(self):
        return _differ("subscriptions", _subscribed(self.subscriptions()), self.before)


class SubscriptionUpdateCase(SubscriptionCreateCase):
    document, root = "webhooks/update", "webhookSubscriptionUpdate"
    operation = "WebhooksUpdate"
    own_writes = 1

    def provoke(self):
        self.before = _subscribed(self.subscriptions())
        self.store.graphql(
            "mutation($id: ID!, $sub: WebhookSubscriptionInput!) {"
            " webhookSubscriptionUpdate(id: $id, webhookSubscription: $sub) {"
            " userErrors { message } } }",
            id=self.one(),
            sub={"includeFields": ["id"]},
        )
        return self.press()


class SubscriptionDeleteCase(SubscriptionCreateCase):
    """One at our own address, to a topic that no flow wants now."""

    document, root = "webhooks/delete", "webhookSubscriptionDelete"
    operation = "WebhooksDelete"

    def provoke(self):
        self.before = _subscribed(self.subscriptions())
        known = self.store.shop("get_object", gid=self.one())["uri"]
        self.store.graphql(
            "mutation($topic: WebhookSubscriptionTopic!,"
            " $sub: WebhookSubscriptionInput!) { webhookSubscriptionCreate("
            " topic: $topic, webhookSubscription: $sub) { userErrors { message } } }",
            topic="ORDERS_CREATE",
            sub={"uri": known.removesuffix("products_update") + "orders_create"},
        )
        assert _subscribed(self.subscriptions()) != self.before
        return InBackground(self.heal)

    def heal(self):
        self.store.rpc("shopify.backend", "test_heal_here", [self.store.id])

    def recover(self):
        self.heal()
        self.store.wait_idle()

    again = recover


class DefinitionCreateCase(ConnectCase):
    document, root = "metafields/definition_create", "metafieldDefinitionCreate"
    operation = "MetafieldsDefinitionCreate"

    def definitions(self) -> dict:
        found = {}
        for owner in ("PRODUCT", "PRODUCTVARIANT", "CUSTOMER", "ORDER", "LOCATION"):
            answer = self.store.graphql(
                "query($owner: MetafieldOwnerType!) {"
                " metafieldDefinitions(ownerType: $owner, first: 50) { nodes {"
                " id namespace key type { name } access { admin } } } }",
                owner=owner,
            )
            for node in answer["metafieldDefinitions"]["nodes"]:
                facts = (node["type"]["name"], node["access"]["admin"])
                found.setdefault((owner, node["key"]), []).append(facts)
        return found

    def one(self) -> str:
        answer = self.store.graphql(
            '{ metafieldDefinitions(ownerType: ORDER, first: 5, key: "proof") {'
            " nodes { id namespace } } }"
        )
        return answer["metafieldDefinitions"]["nodes"][0]

    def provoke(self):
        self.before = self.definitions()
        self.store.graphql(
            "mutation($id: ID!) { metafieldDefinitionDelete(id: $id,"
            " deleteAllAssociatedMetafields: true) { userErrors { message } } }",
            id=self.one()["id"],
        )
        return self.press()

    def wrong(self):
        found = self.definitions()
        return _differ("definitions", found, self.before) + _differ(
            "number", sum(map(len, found.values())), OWNER_TYPES * KEYS
        )


class DefinitionUpdateCase(DefinitionCreateCase):
    document, root = "metafields/definition_update", "metafieldDefinitionUpdate"
    operation = "MetafieldsDefinitionUpdate"
    own_writes = 1

    def provoke(self):
        self.before = self.definitions()
        self.store.graphql(
            "mutation($definition: MetafieldDefinitionUpdateInput!) {"
            " metafieldDefinitionUpdate(definition: $definition) {"
            " userErrors { message } } }",
            definition={
                "namespace": self.one()["namespace"],
                "key": "proof",
                "ownerType": "ORDER",
                "access": {"admin": "MERCHANT_READ_WRITE"},
            },
        )
        return self.press()


CASES = {
    case.document: case
    for case in (
        MarkCase,
        UnmarkCase,
        ProductCreateCase,
        CustomerCreateCase,
        FulfillmentCase,
        StockCase,
        SubscriptionCreateCase,
        SubscriptionUpdateCase,
        SubscriptionDeleteCase,
        DefinitionCreateCase,
        DefinitionUpdateCase,
    )
}


def _subscribed(subscriptions: list) -> list:
    return sorted(
        (one["topic"], one["uri"], tuple(one["includeFields"])) for one in subscriptions
    )


def _differ(what: str, found, wanted) -> list[str]:
    return [] if found == wanted else [f"{what}: {found}, not {wanted}"]
