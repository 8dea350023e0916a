"""Hypothesis' machine over identity_world: one rule an act of somebody.

Every rule is always possible; where there is nothing to choose from, it does nothing.
"""

import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from odoo import Command

from .identity_world import (
    BARCODES,
    EMAILS,
    FAULTS,
    FLOWS,
    FOREIGN,
    LINK_MODELS,
    LINKED,
    ODOO_MODELS,
    SKUS,
    World,
)

WHY = "the test says so"
PICK = st.integers(0, 999)
MARKED = st.sampled_from(tuple(LINKED))
PRODUCTS = st.sampled_from(("Product", "ProductVariant"))
SKU = st.sampled_from(SKUS)
BARCODE = st.sampled_from(BARCODES)
EMAIL = st.sampled_from(EMAILS)


class ShopifySide:
    """What merchants and buyers do."""

    @rule(sku=SKU, size=st.integers(1, 2))
    def product_is_made_in_shopify(self, sku, size):
        with self.world.merchant(f"Shopify: product {sku} with {size} variants"):
            sizes = [{"options": [str(n)], "sku": sku + "-L" * n} for n in range(size)]
            self.shop.create_product(
                title=f"{sku} of the shop",
                options=["Size"],
                variants=[{**row, "price": "9.50"} for row in sizes],
            )

    @rule(pick=PICK, sku=SKU)
    def sku_changes_in_shopify(self, pick, sku):
        gid = self.world.a_remote("ProductVariant", pick)
        with self.world.merchant(f"Shopify: {gid} gets SKU {sku}"):
            self.shop.edit_variant(gid, sku=sku)

    @rule(pick=PICK, barcode=BARCODE)
    def barcode_changes_in_shopify(self, pick, barcode):
        gid = self.world.a_remote("ProductVariant", pick)
        with self.world.merchant(f"Shopify: {gid} gets barcode {barcode}"):
            self.shop.edit_variant(gid, barcode=barcode)

    @rule(pick=PICK)
    def product_is_renamed_in_shopify(self, pick):
        gid = self.world.a_remote("Product", pick)
        with self.world.merchant(f"Shopify: {gid} renamed"):
            self.shop.edit_product(gid, title=f"Name {pick}")

    @rule(pick=PICK, status=st.sampled_from(["ARCHIVED", "ACTIVE"]))
    def product_is_archived_or_restored_in_shopify(self, pick, status):
        gid = self.world.a_remote("Product", pick)
        with self.world.merchant(f"Shopify: {gid} is {status}"):
            self.shop.edit_product(gid, status=status)

    @rule(pick=PICK)
    def product_is_duplicated_in_shopify(self, pick):
        gid = self.world.a_remote("Product", pick)
        with self.world.merchant(f"Shopify: {gid} duplicated"):
            copy = self.shop.duplicate_product(gid)
            self.world.done[-1] += f" as {copy['id']}"

    @rule(pick=PICK, again=st.booleans())
    def product_is_deleted_in_shopify(self, pick, again):
        gid = self.world.a_remote("Product", pick)
        # The other acts need something to act on.
        again = again or len(self.world.remote("Product")) < 3
        with self.world.merchant(f"Shopify: {gid} deleted, made again: {again}"):
            variants = self.shop.get(gid)["variants"]
            skus = [self.shop.get(each)["sku"] for each in variants]
            self.world.dirty |= {gid, *variants}
            self.shop.delete_product(gid)
            if again:
                rows = [{"sku": s, "options": [str(n)]} for n, s in enumerate(skus)]
                self.shop.create_product("Made again", rows, options=["Size"])

    @rule(pick=PICK)
    def variant_is_deleted_in_shopify(self, pick):
        gid = self.world.a_remote("ProductVariant", pick)
        product = self.shop.get(self.shop.get(gid)["product"])
        if len(product["variants"]) > 1:
            with self.world.merchant(f"Shopify: {gid} deleted"):
                self.world.dirty.add(gid)
                self.shop.delete_variant(gid)

    @rule(pick=PICK, sku=SKU)
    def variant_is_added_in_shopify(self, pick, sku):
        gid = self.world.a_remote("Product", pick)
        product = self.shop.get(gid)
        if len(product["_options"]) == 1 and len(product["variants"]) < 4:
            with self.world.merchant(f"Shopify: {gid} gets a variant {sku}"):
                self.shop.add_variant(gid, sku=sku, options=[f"new {pick}"])

    @rule(email=EMAIL)
    def customer_is_made_in_shopify(self, email):
        with self.world.merchant(f"Shopify: customer {email}"):
            self.shop.create_customer(email=email, first_name="Buyer", last_name=email)

    @rule(pick=PICK, email=EMAIL)
    def customer_changes_email_in_shopify(self, pick, email):
        gid = self.world.a_remote("Customer", pick)
        if gid:
            with self.world.merchant(f"Shopify: {gid} has e-mail {email}"):
                self.shop.edit_customer(gid, email=email, firstName=f"Name {pick}")

    @rule(pick=PICK, again=st.booleans())
    def customer_is_deleted_in_shopify(self, pick, again):
        gid = self.world.a_remote("Customer", pick)
        if gid:
            with self.world.merchant(f"Shopify: {gid} deleted, made again: {again}"):
                email = self.shop.get(gid)["_email"]
                self.shop.delete_customer(gid)
                self.world.dirty.add(gid)
                if again:
                    self.shop.create_customer(email=email, first_name="Again")

    @rule(pick=PICK, keeps=st.sampled_from(["survivor", "loser"]))
    def customers_are_merged_in_shopify(self, pick, keeps):
        gids = self.world.remote("Customer")
        if len(gids) > 1:
            kept, lost = gids[pick % len(gids)], gids[pick % len(gids) - 1]
            with self.world.merchant(f"Shopify: {lost} merged into {kept}, {keeps}'s"):
                self.world.dirty |= {kept, lost}
                self.shop.switch(merge_keeps_identity_of=keeps)
                self.shop.merge_customers(kept, lost)

    @rule(pick=PICK, sku=SKU, email=EMAIL, guest=st.booleans())
    def order_is_placed(self, pick, sku, email, guest):
        customer = None if guest else self.world.a_remote("Customer", pick)
        variant = self.world.a_remote("ProductVariant", pick)
        with self.world.merchant(
            f"Shopify: order of {variant} for {customer or email}"
        ):
            who = {"customer": customer} if customer else {}
            self.case.order([{"variant": variant, "quantity": 1}], email=email, **who)

    @rule(pick=PICK, act=st.sampled_from(["note", "tag", "more", "cancel"]))
    def order_changes_in_shopify(self, pick, act):
        gid = self.world.a_remote("Order", pick)
        if gid:
            with self.world.merchant(f"Shopify: {gid} {act}"):
                match act:
                    case "note":
                        self.shop.note_order(gid, f"Note {pick}")
                    case "tag":
                        self.shop.tag_order(gid, add=[f"tag{pick}"])
                    case "more":
                        line = {"line": 0, "quantity": 1}
                        self.shop.edit_order(gid, increase=[line])
                    case "cancel":
                        self.shop.cancel_order(gid)


class MarksChanged:
    """Marks changed by another route. IDs stay unique: Shopify itself sees to that."""

    def _free(self, gid, value):
        kind = gid.split("/")[3]
        return all(
            self.world.mark(other)[0] != value
            for other in self.world.remote(kind)
            if other != gid
        )

    def _put(self, gid, value, proof):
        if value is None or self._free(gid, value):
            text = (
                proof if proof is None or isinstance(proof, str) else json.dumps(proof)
            )
            self.case.mark(gid, value, text)
            self.world.dirty.add(gid)
            self.world.strangers.pop(gid, None)

    @rule(kind=MARKED, pick=PICK, what=st.sampled_from(["id", "proof", "both"]))
    def mark_is_cleared(self, kind, pick, what):
        gid = self.world.a_remote(kind, pick)
        if gid:
            with self.world.merchant(f"{what} of the mark of {gid} cleared"):
                value, proof = self.world.mark(gid)
                self._put(
                    gid,
                    value if what == "proof" else None,
                    proof if what == "id" else None,
                )

    @rule(
        kind=MARKED,
        pick=PICK,
        how=st.sampled_from(["number", "garbage", "foreign", "birth", "other id"]),
    )
    def mark_is_altered(self, kind, pick, how):
        gid = self.world.a_remote(kind, pick)
        if not gid:
            return
        with self.world.merchant(f"mark of {gid} altered: {how}"):
            value, text = self.world.mark(gid)
            try:
                proof = json.loads(text or "{}")
            except ValueError:
                proof = {}
            match how:
                case "number":
                    self._put(gid, "4711", text)
                case "garbage":
                    self._put(gid, value, '{"database": 7}')
                case "foreign":
                    self._put(gid, value, proof | {"database": FOREIGN})
                case "birth":
                    birth = "2020-01-01 00:00:00.000001"
                    self._put(gid, value, proof | {"birth": birth})
                case "other id":
                    self._put(gid, "4712", proof | {"ids": [4712]})
            if self.world.mark(gid)[0] and self.world.mark(gid) != (value, text):
                self.world.strangers[gid] = self.world.mark(gid)

    @rule(kind=MARKED, pick=PICK, other=PICK)
    def mark_moves_to_another_record(self, kind, pick, other):
        one, two = self.world.a_remote(kind, pick), self.world.a_remote(kind, other)
        if one and one != two:
            with self.world.merchant(f"marks of {one} and {two} exchanged"):
                first, second = self.world.mark(one), self.world.mark(two)
                for gid in (one, two):
                    self._put(gid, None, None)
                self._put(one, *second)
                self._put(two, *first)

    @rule(pick=PICK, other=PICK)
    def an_old_mark_comes_back(self, pick, other):
        """From a backup app, say."""
        if self.world.old_marks:
            kind, mark = self.world.old_marks[pick % len(self.world.old_marks)]
            gid = self.world.a_remote(kind, other)
            if gid:
                with self.world.merchant(f"old mark of ID {mark[0]} put on {gid}"):
                    self._put(gid, *mark)


class OdooSide:
    """What users do in Odoo."""

    @rule(sku=SKU)
    def product_is_made_in_odoo(self, sku):
        with self.world.person(f"Odoo: product {sku}"):
            self.case.odoo_product(sku=sku)

    @rule(sku=SKU, other=SKU)
    def product_of_two_variants_is_made_in_odoo(self, sku, other):
        with self.world.person(f"Odoo: product {sku}, {other}"):
            self._product_of_two(sku, other)

    def _product_of_two(self, *skus):
        values = [Command.create({"name": name}) for name in ("S", "L")]
        sizes = self.env["product.attribute"].create(
            {"name": "Size", "value_ids": values}
        )
        line = {
            "attribute_id": sizes.id,
            "value_ids": [Command.set(sizes.value_ids.ids)],
        }
        product = self.env["product.template"].create(
            {
                "name": "Ours",
                "is_storable": True,
                "attribute_line_ids": [Command.create(line)],
            }
        )
        for variant, sku in zip(product.product_variant_ids, skus, strict=True):
            variant.default_code = sku

    @rule(pick=PICK, barcode=BARCODE)
    def barcode_changes_in_odoo(self, pick, barcode):
        record = self.world.a_record("ProductVariant", pick)
        if record:
            with self.world.person(f"Odoo: {record} gets barcode {barcode}"):
                record.barcode = barcode

    @rule(email=EMAIL)
    def contact_is_made_in_odoo(self, email):
        with self.world.person(f"Odoo: contact {email}"):
            self.env["res.partner"].create({"name": "Ours", "email": email})

    @rule(pick=PICK, sku=SKU)
    def sku_changes_in_odoo(self, pick, sku):
        record = self.world.a_record("ProductVariant", pick)
        if record:
            with self.world.person(f"Odoo: {record} gets SKU {sku}"):
                record.default_code = sku

    @rule(kind=st.sampled_from(["Product", "Customer"]), pick=PICK)
    def record_is_renamed_in_odoo(self, kind, pick):
        record = self.world.a_record(kind, pick)
        if record:
            with self.world.person(f"Odoo: {record} renamed"):
                record.name = f"Name {pick}"

    @rule(pick=PICK, email=EMAIL)
    def email_changes_in_odoo(self, pick, email):
        record = self.world.a_record("Customer", pick)
        if record:
            with self.world.person(f"Odoo: {record} gets {email}"):
                record.email = email

    @rule(
        kind=st.sampled_from(["Product", "ProductVariant", "Customer"]),
        pick=PICK,
        active=st.booleans(),
    )
    def record_is_archived_or_restored_in_odoo(self, kind, pick, active):
        record = self.world.a_record(kind, pick)
        if record:
            with self.world.person(f"Odoo: {record} active: {active}"):
                record.active = active

    @rule(kind=MARKED, pick=PICK)
    def record_is_deleted_in_odoo(self, kind, pick):
        record = self.world.a_record(kind, pick)
        if record:
            with self.world.person(f"Odoo: {record} deleted"):
                record.unlink()

    @rule(kind=st.sampled_from(["Product", "Customer", "Order"]), pick=PICK)
    def record_is_copied_in_odoo(self, kind, pick):
        record = self.world.a_record(kind, pick)
        if record:
            with self.world.person(f"Odoo: {record} copied"):
                record.copy()

    @rule(pick=PICK, other=PICK, one_person=st.booleans())
    def contacts_are_merged_in_odoo(self, pick, other, one_person):
        kept = self.world.a_record("Customer", pick)
        lost = self.world.a_record("Customer", other)
        if not kept or not lost or kept == lost:
            return
        # Odoo overlooks that an archived contact is a child, and recurses for ever.
        everybody = self.env["res.partner"].with_context(active_test=False)
        if kept in everybody.search([("id", "child_of", lost.id)]):
            return
        with self.world.person(
            f"Odoo: {lost} merged into {kept}, one person: {one_person}"
        ):
            wizard = (
                self.env["base.partner.merge.automatic.wizard"]
                .with_context(active_model="res.partner", active_ids=(kept | lost).ids)
                .create(
                    {
                        "dst_partner_id": kept.id,
                        "shopify_keep_aliases": one_person,
                    }
                )
            )
            if one_person:
                self.world.aliases_allowed |= {
                    link["gid"]
                    for link in self.world.links()
                    if link["kind"] == "Customer"
                    and link["record"] in (kept.id, lost.id)
                }
            wizard.partner_ids = [Command.set((kept | lost).ids)]
            wizard.action_merge()

    @rule(pick=PICK)
    def product_is_declared_shared(self, pick):
        record = self.world.a_record("ProductVariant", pick)
        if record:
            with self.world.person(f"Odoo: {record} is declared shared"):
                self.env["shopify.shared.product"]._declare(
                    self.world.backend, record, WHY
                )
                self.world.shared |= {
                    ("ProductVariant", record.id),
                    ("Product", record.product_tmpl_id.id),
                }

    @rule(pick=PICK, other=PICK, pieces=st.integers(1, 3))
    def variant_becomes_a_pack(self, pick, other, pieces):
        link = self.world.a_link("ProductVariant", pick)
        part = self.world.a_record("ProductVariant", other)
        if link and part:
            with self.world.person(f"Odoo: {link.shopify_gid} holds {part} too"):
                link._set_contents(1, [(part, pieces)], WHY)


class Mixups:
    """What takes several acts to come about, and would seldom by chance."""

    @rule(number=PICK)
    def one_product_here_is_two_in_shopify(self, number):
        skus = [f"TWO-{number}-S", f"TWO-{number}-L"]
        with self.world.person(f"Odoo: one product {skus}, two in Shopify"):
            self._product_of_two(*skus)
            for sku in skus:
                self.shop.create_product(sku, [{"sku": sku}])

    @rule(number=PICK, barcode=BARCODE)
    def sku_of_one_and_barcode_of_another(self, number, barcode):
        sku = f"KEY-{number}"
        with self.world.person(f"Odoo: {sku}, {barcode}, two variants in Shopify"):
            self.case.odoo_product(sku=sku, barcode=barcode)
            self.shop.create_product("By SKU", [{"sku": sku}])
            self.shop.create_product("By barcode", [{"sku": "", "barcode": barcode}])

    @rule(kind=st.sampled_from(["Product", "Customer", "Order"]), pick=PICK)
    def new_record_takes_the_mark_of_a_linked_one(self, kind, pick):
        link = self.world.a_link(kind, pick)
        gid = link and link.shopify_gid
        if not gid or self.shop.get(gid) is None or not self.world.mark(gid)[0]:
            return
        with self.world.merchant(f"a new {kind} takes the mark of {gid}"):
            mark = self.world.mark(gid)
            match kind:
                case "Product":
                    new = self.shop.create_product("New", [{"sku": f"NEW-{pick}"}])
                case "Customer":
                    new = self.shop.create_customer(email=f"new{pick}@x.org")
                case "Order":
                    variant = self.world.a_remote("ProductVariant", pick)
                    new = self.case.order([{"variant": variant, "quantity": 1}])
            self._put(gid, None, None)
            self._put(new["id"], *mark)
            self.world.done[-1] += f": {new['id']}"


class Decisions:
    """What people decide about links."""

    def _pair(self, kind, pick, other):
        return self.world.a_remote(kind, pick), self.world.a_record(kind, other)

    @rule(kind=MARKED, pick=PICK, other=PICK)
    def person_links(self, kind, pick, other):
        gid, record = self._pair(kind, pick, other)
        if gid and record and kind != "Order":
            with self.world.person(f"link {gid} to {record}"):
                self.env[LINK_MODELS[kind]]._link_chosen(
                    self.world.backend, gid, record, WHY
                )

    @rule(kind=MARKED, pick=PICK, other=PICK)
    def person_relinks(self, kind, pick, other):
        link = self.world.a_link(kind, pick)
        record = self.world.a_record(kind, other)
        if link and record:
            with self.world.person(f"relink {link.shopify_gid} to {record}"):
                link._relink(record, WHY)

    @rule(kind=MARKED, pick=PICK)
    def person_unlinks(self, kind, pick):
        link = self.world.a_link(kind, pick)
        if link:
            gid = link.shopify_gid
            together = {
                row["gid"] for row in self.world.links() if gid == row["parent"]
            }
            with self.world.person(f"unlink {gid}"):
                link._unlink_chosen(WHY)
                self.world.apart |= together | {gid}

    @rule(kind=MARKED, pick=PICK)
    def person_splits(self, kind, pick):
        link = self.world.a_link(kind, pick)
        if link:
            with self.world.person(f"split {link.shopify_gid}"):
                link._split(self.env[ODOO_MODELS[kind]], WHY)

    @rule(kind=st.sampled_from(["Product", "Customer"]), pick=PICK)
    def person_treats_as_new(self, kind, pick):
        gid = self.world.a_remote(kind, pick)
        if gid:
            with self.world.person(f"treat {gid} as new"):
                with self.world.backend._client() as client:
                    self.env[LINK_MODELS[kind]]._treat_as_new(
                        self.world.backend, client, gid, WHY
                    )
                # One more may be made for each: a person wants it.
                for each in (gid, *(self.shop.get(gid).get("variants") or ())):
                    self.world.strangers.pop(each, None)
                    self.world.apart.discard(each)
                    count = self.world.allowance.get(each, 0)
                    self.world.allowance[each] = count + 1

    @rule(pick=PICK)
    def person_retries(self, pick):
        row = self.world.a_row(pick)
        if row:
            with self.world.person(f"retry {row.subject_key}"):
                row.action_retry()


class Engine:
    """The connector at work, and what gets in its way."""

    @rule(jobs=st.integers(1, 4))
    def some_jobs_run(self, jobs):
        with self.world.step(f"{jobs} jobs"):
            self.world.work(jobs)

    @rule()
    def all_jobs_run(self):
        with self.world.step("all jobs"):
            self.world.work()

    def _everyday(self):
        with self.world.step("webhooks arrive, all jobs run"):
            self.world.deliver()
            self.world.work()

    # What happens most is drawn more often than any one mishap.
    an_hour_passes = rule()(_everyday)
    another_hour_passes = rule()(_everyday)
    a_third_hour_passes = rule()(_everyday)

    @rule(crash=st.integers(0, 2))
    def worker_dies(self, crash):
        with self.world.step(f"the worker dies in job {crash + 1}"):
            self.world.work(crash + 1, crash=crash)

    @rule(kind=st.sampled_from(FAULTS), skip=st.integers(0, 2), lasts=st.integers(1, 2))
    def network_fails(self, kind, skip, lasts):
        with self.world.step(f"fault {kind} after {skip} requests, {lasts} times"):
            self.shop.fault(kind, skip=skip, times=lasts)
            self.world.work()
            self.case.emulator.faults.clear()

    @rule()
    def webhooks_arrive(self):
        with self.world.step("webhooks arrive"):
            self.world.deliver()

    @rule()
    def webhooks_are_lost(self):
        with self.world.step("webhooks are lost"):
            self.world.lose_webhooks()

    @rule(pick=PICK)
    def webhook_arrives_again(self, pick):
        with self.world.step("an old webhook arrives again"):
            self.world.deliver_again(pick)

    @rule(kind=MARKED, pick=PICK)
    def record_is_read(self, kind, pick):
        gid = self.world.a_remote(kind, pick)
        if gid and kind != "ProductVariant":
            with self.world.step(f"{gid} read"):
                self.case.ask(FLOWS[kind], gid)
                self.world.work()

    @rule()
    def everything_is_compared(self):
        with self.world.step("reconcile and weekly comparison"):
            self.world.compare()
            self.world.work()

    @rule()
    def time_passes(self):
        with self.world.step("time passes"):
            self.world.time_passes()
            self.world.work()


class IdentityMachine(
    ShopifySide,
    MarksChanged,
    OdooSide,
    Mixups,
    Decisions,
    Engine,
    RuleBasedStateMachine,
):
    """`case`: the Odoo test case; set by `machine_of`."""

    case = None
    world_type = World

    def __init__(self):
        super().__init__()
        self.savepoint = None

    @property
    def env(self):
        return self.case.env

    @property
    def shop(self):
        return self.case.shop

    @initialize()
    def begin(self):
        self.saved = self.shop.save()
        self.savepoint = self.env.cr.savepoint()
        self.world = self.world_type(self.case)
        with self.world.step("a store at work", by="merchant"):
            for sku in SKUS[:3:2]:
                row = {"sku": sku, "price": "5.00"}
                self.shop.create_product(f"{sku} at first", [row])
            buyer = self.shop.create_customer(email=EMAILS[0], first_name="Ada")
            self.case.order([("HAT", 1)], customer=buyer["id"])
            self.world.deliver()
            self.world.work()

    def teardown(self):
        """The end: all has settled, and a second sync finds nothing to do."""
        if self.savepoint is None:
            return
        try:
            self.world.end()
            self.case.count(self.world)
        finally:
            self.put_back()

    def put_back(self):
        """Undo the whole story, on both sides."""
        self.env.cr.clear()
        self.savepoint.close(rollback=True)
        self.world.lose_webhooks()
        self.shop.restore(self.saved)
        self.case.emulator.faults.clear()
        self.env.registry.clear_all_caches()


def machine_of(test_case, kind=IdentityMachine):
    """The machine on this test case's store and shop."""
    return type("Machine", (kind,), {"case": test_case})
