"""Every linked record carries its Odoo ID in Shopify, protected, proven and read back."""

import re
from threading import Thread

from odoo.exceptions import UserError

from .sync_case import SyncCase

OWNER_TYPES = (
    "PRODUCT",
    "PRODUCTVARIANT",
    "COLLECTION",
    "CUSTOMER",
    "ORDER",
    "LOCATION",
)
FOREIGN = {
    "database": "00000000-0000-0000-0000-000000000000",
    "model": "product.template",
    "ids": [7],
    "birth": "2020-01-01 00:00:00.000000",
    "token": "somebody else's",
}


class MarkCase(SyncCase):
    def database(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    def customers(self, count):
        return [
            self.shop.create_customer(email=f"buyer{n}@example.com", first_name=f"B{n}")
            for n in range(count)
        ]

    def writes(self):
        return self.env["shopify.mutation"].search(
            [
                ("backend_ref", "=", self.backend.id),
                ("operation", "=", "metafields/set"),
            ],
            order="id",
        )

    def while_held(self, operation, act):
        """Let `act` happen in Shopify after our request left and before it arrives."""
        gate = self.shop.hold(operation, point="before")

        def go():
            gate.wait_reached(10)
            act()
            gate.release()

        thread = Thread(target=go)
        thread.start()
        self.addCleanup(thread.join)


class TestMarks(MarkCase):
    def test_every_record_type_is_marked_and_read_back(self):
        mug = self.mug()
        customer = self.customers(1)[0]
        order = self.order([(mug["variants"][0], 1)], customer=customer["id"], taxes=[])
        self.sync(order)
        place = self.backend.location_ids

        marked = {
            mug["id"]: (self.product_link(mug), "product.template"),
            mug["variants"][0]: (self.variant_link(mug), "product.product"),
            customer["id"]: (self.customer_link(customer), "res.partner"),
            order["id"]: (self.link(order), "sale.order"),
            place.shopify_gid: (place, "stock.location"),
        }
        for gid, (link, model) in marked.items():
            record = link._marked_records()[link]
            self.assertEqual(record._name, model)
            self.assertEqual(self.marked(gid), str(record.id), model)
            self.env.cr.execute(
                "SELECT to_char(create_date, 'YYYY-MM-DD HH24:MI:SS.US')"
                f" FROM {record._table} WHERE id = %s",
                [record.id],
            )
            self.assertEqual(
                self.proof(gid),
                {
                    "database": self.database(),
                    "model": model,
                    "ids": [record.id],
                    "birth": self.env.cr.fetchone()[0],
                    "token": link.token,
                },
            )
            self.assertTrue(re.fullmatch(r".*\.\d{6}", self.proof(gid)["birth"]))
            self.assertTrue(link.verified_at, model)
            self.assertDone(gid, direction="mark")

    def test_variant_carries_its_own_id_and_never_the_templates(self):
        shirt = self.shop.create_product(
            title="Shirt",
            options=["Size"],
            variants=[{"options": ["S"], "sku": "A"}, {"options": ["M"], "sku": "B"}],
        )
        self.read_again("products", shirt["id"])

        self.assertEqual(
            [self.marked(gid) for gid in shirt["variants"]],
            [
                str(link.odoo_id.id)
                for link in self.variant_link(shirt).sorted("shopify_gid")
            ],
        )
        self.assertEqual(
            self.marked(shirt["id"]), str(self.product_link(shirt).odoo_id.id)
        )

    def test_merchant_cannot_edit_a_mark(self):
        mug = self.mug()
        self.read_again("products", mug["id"])

        for key in ("id", "proof"):
            with self.assertRaises(PermissionError):
                self.shop.merchant_edit_metafield(
                    mug["id"], self._namespace(), key, "7"
                )

    def test_twenty_four_records_take_two_calls(self):
        customers = self.customers(24)
        self.ask("customers", *[customer["id"] for customer in customers])
        self.drain("records")
        before = len(self.shop.requests)

        self.run_syncs()

        self.assertEqual(self.written(), {"metafieldsSet": 2})
        self.assertEqual(
            [
                len(request.variables["metafields"])
                for request in self.shop.request_log("MetafieldsSet", since=before)
            ],
            [24, 24],
        )
        for customer in customers:
            self.assertEqual(
                self.marked(customer["id"]),
                str(self.customer_link(customer).odoo_id.id),
            )

    def test_second_run_reads_and_writes_nothing(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.start_counting()

        self.read_again("products", mug["id"], direction="mark")

        self.assertDone(mug["id"], "unchanged", direction="mark")
        self.assertEqual(self.written(), {})


class TestMarkTrouble(MarkCase):
    def setUp(self):
        super().setUp()
        self.item = self.mug()
        self.ask("products", self.item["id"])
        self.drain("records")
        self.start_counting()
        self.gid = self.item["id"]
        self.made = self.product_link(self.item).odoo_id

    def mark_row(self):
        return self.row(self.gid, "mark")

    def test_id_that_another_record_holds_is_refused_and_both_are_named(self):
        for code in ("TAKEN", "CAPABILITY_VIOLATION"):
            self.shop.switch(duplicate_id_code=code)
            other = self.mug(sku="CUP", title="Cup")
            self.mark(other["id"], str(self.made.id), FOREIGN)
            proof = self.proof(other["id"])

            self.run_syncs()

            row = self.assertStopped("mark_refused")
            self.assertIn("Mug", row.message)
            self.assertIn(other["id"].rpartition("/")[2], row.message)
            self.assertIn(str(self.made.id), row.message)
            self.assertEqual(self.proof(other["id"]), proof)
            self.assertIsNone(self.marked(self.gid))
            # The variant of the same call isn't held up.
            self.assertDone(self.item["variants"][0], direction="mark")
            self.shop.delete_product(other["id"])
            row.action_retry()

    def assertStopped(self, code):
        row = self.mark_row()
        self.assertEqual((row.state, row.reason_code), ("review", code))
        return row

    def test_foreign_value_is_a_conflict_and_is_left(self):
        self.mark(self.gid, "4711", FOREIGN | {"ids": [4711]})

        self.run_syncs()

        row = self.assertStopped("identity_foreign_database")
        self.assertEqual(row.reason_params["database"], FOREIGN["database"])
        self.assertEqual(self.marked(self.gid), "4711")
        self.assertFalse(self.product_link(self.item).verified_at)

    def test_value_without_a_proof_is_left_too(self):
        self.mark(self.gid, "4711", None)

        self.run_syncs()

        self.assertStopped("identity_conflict")
        self.assertEqual(self.marked(self.gid), "4711")
        self.assertIsNone(self.proof(self.gid))

    def test_value_that_appears_between_reading_and_writing_is_not_overwritten(self):
        self.while_held("MetafieldsSet", lambda: self.mark(self.gid, "4711", FOREIGN))

        self.run_syncs()

        row = self.mark_row()
        self.assertEqual((row.state, row.reason_code), ("waiting", "changed_meanwhile"))
        self.assertEqual(self.marked(self.gid), "4711")
        self.assertDone(self.item["variants"][0], direction="mark")

        self.time_passes(row)
        self.wake()
        self.run_syncs()

        self.assertStopped("identity_foreign_database")
        self.assertEqual(self.marked(self.gid), "4711")

    def test_product_deleted_between_reading_and_writing_stops_alone(self):
        other = self.mug(sku="CUP", title="Cup")
        self.ask("products", other["id"])
        self.drain("records")
        self.while_held("MetafieldsSet", lambda: self.shop.delete_product(self.gid))

        self.run_syncs()

        row = self.mark_row()
        self.assertEqual((row.state, row.reason_code), ("waiting", "changed_meanwhile"))
        self.assertDone(other["id"], direction="mark")
        self.time_passes(row)
        self.wake()
        self.run_syncs()

        self.assertStopped("shopify_record_gone")
        self.assertTrue(self.made.exists())

    def test_lost_answer_is_settled_by_reading_and_nothing_is_written_twice(self):
        self.shop.fault("reset_after", operation="MetafieldsSet")

        self.run_syncs()

        row = self.mark_row()
        self.assertEqual((row.state, row.reason_code), ("waiting", "outcome_unknown"))
        self.assertEqual(self.writes()[-1].state, "unknown")
        self.assertEqual(self.written(), {"metafieldsSet": 1})
        self.assertFalse(self.product_link(self.item).verified_at)

        self.time_passes(self.syncs(direction="mark", state="waiting"))
        self.wake()
        self.run_syncs()

        self.assertDone(self.gid, "unchanged", direction="mark")
        self.assertEqual(self.written(), {"metafieldsSet": 1})
        self.assertEqual(set(self.writes().mapped("state")), {"settled"})
        self.assertTrue(self.product_link(self.item).verified_at)

    def test_request_that_never_arrived_is_sent_once_more(self):
        self.shop.fault("reset_before", operation="MetafieldsSet")

        self.run_syncs()
        self.time_passes(self.syncs(direction="mark", state="waiting"))
        self.wake()
        self.run_syncs()

        self.assertDone(self.gid, direction="mark")
        self.assertEqual(self.written(), {"metafieldsSet": 1})
        self.assertEqual(self.marked(self.gid), str(self.made.id))

    def test_write_is_noted_before_it_is_sent_with_its_exact_variables(self):
        self.run_syncs()

        write = self.writes()[-1]
        sent = self.shop.request_log("MetafieldsSet")[-1]
        self.assertEqual(write.variables, sent.variables)
        self.assertEqual(write.state, "settled")
        self.assertIn(f"mark/Product/{self.gid}", write.subjects)

    def test_missing_scope_of_one_type_stops_that_type_only(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        customer = self.customers(1)[0]
        self.ask("customers", customer["id"])
        self.drain("records")
        self.shop.set_scopes([s for s in granted if s != "write_customers"])

        self.run_syncs()

        row = self.row(customer["id"], "mark")
        self.assertEqual(row.reason_code, "scope_missing")
        self.assertIsNone(self.marked(customer["id"]))
        self.assertDone(self.gid, direction="mark")

    def test_record_that_may_not_be_read_is_never_called_gone(self):
        granted = sorted(self.shop.app.scopes)
        self.addCleanup(self.shop.set_scopes, granted)
        customer = self.customers(1)[0]
        self.ask("customers", customer["id"])
        self.drain("records")
        self.shop.set_scopes([s for s in granted if "customers" not in s])

        self.run_syncs()

        row = self.row(customer["id"], "mark")
        self.assertEqual(row.reason_code, "scope_missing")
        self.assertFalse(self.customer_link(customer).gone_at)
        self.assertDone(self.gid, direction="mark")

    def test_mark_that_somebody_removed_is_written_again_and_said(self):
        self.run_syncs()
        customer = self.customers(1)[0]
        order = self.order([("SHIRT", 1)], customer=customer["id"])
        self.sync(order)
        cases = {
            "products": self.gid,
            "customers": customer["id"],
            "orders": order["id"],
        }
        for flow, gid in cases.items():
            value = self.marked(gid)
            self.mark(gid)
            self.assertIsNone(self.marked(gid))

            self.read_again(flow, gid)

            self.assertEqual(self.marked(gid), value)
            self.assertIn("had been removed", self.row(gid).note or "", flow)
            event = self.events(gid, "mark")[-1]
            self.assertEqual(event.changes, [["Odoo ID in Shopify", None, value]])

    def linked_ones(self):
        """{GID: (flow, Odoo ID that it carries)} of one record of each type read."""
        self.run_syncs()
        customer = self.customers(1)[0]
        order = self.order([("SHIRT", 1)], customer=customer["id"])
        self.sync(order)
        return {
            gid: (flow, self.marked(gid))
            for flow, gid in (
                ("products", self.gid),
                ("customers", customer["id"]),
                ("orders", order["id"]),
            )
        }

    def compare(self):
        with self.backend._client() as client:
            counts = self.backend._compare_linked(client)
        self.run_syncs()
        return sum(each["unmarked"] for each in counts.values())

    def test_mark_cleared_by_another_route_is_found_by_the_comparison_alone(self):
        marks = self.linked_ones()
        for gid in marks:
            self.mark(gid)

        self.assertEqual(self.compare(), len(marks))

        for gid, (_flow, value) in marks.items():
            self.assertEqual(self.marked(gid), value)
            event = self.events(gid, "mark")[-1]
            self.assertEqual(event.changes, [["Odoo ID in Shopify", None, value]])
        self.assertEqual(self.compare(), 0)

    def test_value_that_is_not_its_proofs_is_found_and_reported(self):
        marks = self.linked_ones()
        for gid, (_flow, value) in marks.items():
            self.mark(gid, "9" + value, self.proof(gid))

        self.assertEqual(self.compare(), len(marks))

        for gid, (_flow, value) in marks.items():
            self.assertEqual(self.row(gid, "mark").reason_code, "identity_conflict")
            self.assertEqual(self.marked(gid), "9" + value, "overwritten")

    def test_mark_changed_to_another_record_is_found_and_reported(self):
        marks = self.linked_ones()
        for gid, (_flow, value) in marks.items():
            other = int("9" + value)
            self.mark(gid, str(other), self.proof(gid) | {"ids": [other]})

        self.assertEqual(self.compare(), len(marks))

        for gid, (flow, value) in marks.items():
            row = self.row(gid, "mark")
            self.assertEqual(
                (row.state, row.reason_code), ("review", "identity_conflict")
            )
            self.assertRegex(row.message, rf" .*{value}\) here, .* 9{value}\b")
            self.read_again(flow, gid)
            self.assertEqual(self.row(gid).reason_code, "identity_conflict")
            self.assertEqual(self.marked(gid), "9" + value, "overwritten")


class TestDefinitions(MarkCase):
    def definitions(self):
        return {
            (owner, key): (made["_type"], made["access"]["admin"])
            for (owner, namespace, key), made in self.shop.definitions.items()
            if namespace == self._namespace()
        }

    def wanted(self):
        return {
            (owner, key): (kind, "MERCHANT_READ")
            for owner in OWNER_TYPES
            for key, kind in (("id", "id"), ("proof", "json"))
        }

    def test_connecting_made_them_read_only_for_merchants(self):
        self.assertEqual(self.definitions(), self.wanted())

    def test_altered_and_deleted_ones_are_repaired(self):
        self.shop.alter_definition("ORDER", "$app:odoo", "id", "MERCHANT_READ_WRITE")
        self.shop.delete_definition("PRODUCT", "$app:odoo", "proof")
        self.assertNotEqual(self.definitions(), self.wanted())

        self.env["shopify.backend"]._cron_heal()

        self.assertEqual(self.definitions(), self.wanted())
        self.assertEqual(
            self.written(),
            {"metafieldDefinitionUpdate": 1, "metafieldDefinitionCreate": 1},
        )

    def test_definition_of_another_type_pauses_the_store_until_it_is_mended(self):
        namespace = self._namespace()
        altered = self.shop.definitions["ORDER", namespace, "id"]
        altered.update(_type="single_line_text_field")
        altered["type"] = altered["type"] | {"name": "single_line_text_field"}

        self.env["shopify.backend"]._cron_heal()

        self.env.invalidate_all()
        for flow in self.backend.flow_ids:
            self.assertEqual(flow.paused_reason, "mark_definition_altered")
            self.assertIn("ORDER", flow.paused_message)
            self.assertIn("single_line_text_field", flow.paused_message)

        self.shop.delete_definition("ORDER", "$app:odoo", "id")
        self.env["shopify.backend"]._cron_heal()

        self.env.invalidate_all()
        self.assertEqual(self.definitions(), self.wanted())
        self.assertFalse(any(self.backend.flow_ids.mapped("paused_at")))

    def test_connecting_again_repairs_them_too(self):
        self.shop.alter_definition("ORDER", "$app:odoo", "id", "MERCHANT_READ_WRITE")
        self.shop.delete_definition("CUSTOMER", "$app:odoo", "proof")

        self.backend.action_connect()

        self.assertEqual(self.definitions(), self.wanted())
        self.assertEqual(self.written()["metafieldDefinitionUpdate"], 1)
        self.assertEqual(self.written()["metafieldDefinitionCreate"], 1)

    def test_connecting_says_which_definition_is_of_another_type(self):
        namespace = self._namespace()
        altered = self.shop.definitions["ORDER", namespace, "id"]
        altered.update(_type="single_line_text_field")
        altered["type"] = altered["type"] | {"name": "single_line_text_field"}

        with self.assertRaisesRegex(UserError, "ORDER.*single_line_text_field"):
            self.backend.action_connect()

        self.assertNotIn("metafieldDefinitionUpdate", self.written())

    def test_whole_definitions_are_left_alone(self):
        self.env["shopify.backend"]._cron_heal()

        self.assertEqual(self.written(), {})

    def test_marks_lost_with_their_definition_come_back_by_the_comparison(self):
        mug = self.mug()
        self.read_again("products", mug["id"])
        self.shop.delete_definition("PRODUCT", "$app:odoo", "id")
        self.env["shopify.backend"]._cron_heal()
        self.assertIsNone(self.marked(mug["id"]))

        self.env["shopify.backend"]._cron_compare_linked()
        self.run_syncs()

        self.assertEqual(self.marked(mug["id"]), str(self.product_link(mug).odoo_id.id))
