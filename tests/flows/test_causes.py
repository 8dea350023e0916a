"""To review by cause: one row for all that one fix releases, and what was done about it."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user

from .order_case import OrderCase
from .sync_case import SyncHelpers


class CauseCase(SyncHelpers, OrderCase):
    """Orders that wait for a variant that isn't linked, and an operator."""

    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        self.operator = new_test_user(
            self.env,
            "shopify_operator",
            "shopify_connector.group_operator,sales_team.group_sale_manager",
        )
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        self.belt = self.variants["BELT"] = belt["variants"][0]
        self.belt_gid = belt["id"]

    def wait_for_belts(self, count=2):
        orders = [self.order([("BELT", 1)]) for _each in range(count)]
        self.sync(*orders)
        return orders

    def cause(self, code="variant_unmapped"):
        cause = self.env["shopify.cause"].search(
            [("backend_id", "=", self.backend.id), ("reason_code", "=", code)]
        )
        return cause.with_user(self.operator)

    def odoo_belt(self):
        return self.env["product.product"].create(
            {"name": "Leather belt", "default_code": "LB-1", "is_storable": True}
        )

    def link_belt(self):
        """In the wizard that the cause's fix opens; returns the toast."""
        action = self.cause().action_fix()
        self.assertEqual(action["res_model"], "shopify.link.wizard")
        form = Form(
            self.env[action["res_model"]]
            .with_user(self.operator)
            .with_context(**action["context"])
        )
        with form.line_ids.edit(0) as line:
            line.product_id = self.odoo_belt()
        return form.save().action_link()

    def act(self, act, cause=None, user=None, **values):
        action = (cause or self.cause()).with_context(act=act).action_ask()
        wizard = self.env[action["res_model"]].with_user(user or self.operator)
        wizard = wizard.with_context(**action["context"]).create(values)
        answer = wizard.action_apply()
        self.env.invalidate_all()
        return answer

    def activities(self):
        kind = self.env.ref("shopify_connector.activity_to_review")
        return self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])


class TestCause(CauseCase):
    def test_many_orders_of_one_variant_are_one_cause(self):
        self.wait_for_belts(3)

        cause = self.cause()

        self.assertEqual(len(cause), 1)
        self.assertEqual(cause.stage, "person")
        self.assertEqual(cause.item_count, 3)
        self.assertIn("is not linked to an Odoo product", cause.headline)
        self.assertEqual(cause.waits_text, "3 orders · 51.75 USD")
        self.assertEqual(cause.nature, "data")
        self.assertEqual(cause.owner_label, "Nobody")
        self.assertEqual(cause.fix_label, "Link product")
        self.assertEqual((cause.flow, cause.flows), ("orders", "orders"))
        self.assertTrue(cause.first_at)

    def test_most_harmful_cause_comes_first(self):
        self.wait_for_belts(1)
        self.read_again("products", self.belt_gid)

        causes = self.env["shopify.cause"].search([("stage", "=", "person")])

        self.assertGreater(len(causes), 1)
        weights = causes.mapped("weight")
        self.assertEqual(weights, sorted(weights, reverse=True))
        self.assertEqual(causes[0].reason_code, "variant_unmapped")

    def test_fix_frees_all_and_the_toast_leads_to_them(self):
        orders = self.wait_for_belts(3)
        cause = self.cause()

        answer = self.link_belt()

        params = answer["params"]
        self.assertEqual(params["message"], "3 records are being synced. %s")
        self.assertEqual(
            params["links"][0]["url"],
            f"/odoo/shopify-review/{cause.id}/shopify-review-items",
        )
        self.run_syncs()
        for order in orders:
            self.assertDone(order["id"])
        self.assertEqual((cause.stage, cause.item_count), ("solved", 0))

    def test_solved_cause_stays_with_its_count_and_what_was_done(self):
        orders = self.wait_for_belts(3)
        cause = self.cause()
        self.link_belt()
        self.run_syncs()
        self.wake()

        self.assertIn(
            cause, self.env["shopify.cause"].search([("stage", "=", "solved")])
        )
        self.assertTrue(cause.solved_at)
        self.assertFalse(cause.fix_label)
        self.assertEqual(cause.all_count, 3)
        items = self.env["shopify.sync"].search(cause.action_open_items()["domain"])
        self.assertEqual(
            set(items.mapped("subject_key")), {order["id"] for order in orders}
        )
        self.assertEqual(cause.event_ids.mapped("outcome"), ["solved", "released"])
        released = cause.event_ids[1]
        self.assertEqual(released.caused_by_id, self.operator)
        self.assertIn("3 items go on: the variant", released.message)
        self.assertIn("Leather belt", released.message)

    def test_what_stops_again_later_is_the_same_cause_since_then(self):
        self.wait_for_belts(1)
        cause = self.cause()
        self.act("close", reason="Sold by phone")
        self.wake()
        self.assertTrue(cause.solved_at)
        first = fields.Datetime.now() - timedelta(days=9)
        cause.sudo().first_at = first

        self.wait_for_belts(1)

        self.assertEqual(self.cause(), cause)
        self.assertFalse(cause.solved_at)
        self.assertEqual((cause.stage, cause.item_count), ("person", 1))
        self.assertGreater(cause.first_at, first + timedelta(days=8))

    def test_cause_that_its_worker_could_not_note_is_completed_by_the_cron(self):
        self.wait_for_belts(2)
        self.cause().sudo().unlink()

        self.wake()

        cause = self.cause()
        self.assertEqual((cause.item_count, cause.flows), (2, "orders"))
        self.assertIn("is not linked to an Odoo product", cause.name)
        self.assertGreater(cause.weight, 0)

    def test_waiting_by_itself_is_apart_and_says_when(self):
        self.wait_for_belts(2)

        self.act("postpone", hours=3)

        cause = self.cause()
        self.assertEqual(cause.stage, "itself")
        self.assertTrue(cause.next_attempt_at)
        causes = self.env["shopify.cause"]
        self.assertNotIn(cause, causes.search([("stage", "=", "person")]))
        self.assertIn(cause, causes.search([("stage", "=", "itself")]))

    def test_any_id_of_an_item_finds_its_cause(self):
        (order,) = self.wait_for_belts(1)
        number = order["id"].rsplit("/", 1)[1]
        handle = self.shop.domain.split(".")[0]
        for text in (
            order["id"],
            order["name"],
            number,
            f"https://admin.shopify.com/store/{handle}/orders/{number}",
            self.belt,
        ):
            found = self.env["shopify.cause"].search([("anything", "ilike", text)])
            self.assertIn(self.cause(), found, text)
        found = self.env["shopify.cause"].search([("anything", "ilike", "zzz-nothing")])
        self.assertFalse(found)

    def test_cause_names_the_stop_that_it_waits_for(self):
        self.wait_for_belts(1)
        product = self.row(self.belt_gid)
        self.assertEqual(product.state, "review")

        cause = self.cause()

        self.assertEqual(cause.blocker_count, 1)
        self.assertEqual(cause.action_open_blocker()["res_id"], product.id)

    def test_item_names_its_cause(self):
        (order,) = self.wait_for_belts(1)

        self.assertEqual(self.row(order["id"]).cause_id, self.cause())
        action = self.row(order["id"]).action_open_cause()
        self.assertEqual(action["res_id"], self.cause().id)

    def test_list_takes_as_many_queries_for_many_causes_as_for_one(self):
        self.wait_for_belts(1)
        for number in range(5):
            sku = f"CAP{number}"
            cap = self.shop.create_product(sku, [{"sku": sku, "price": "5.00"}])
            self.variants[sku] = cap["variants"][0]
            self.sync(self.order([(sku, 1)]))
        names = [
            "headline",
            "waits_text",
            "stage",
            "owner_label",
            "fix_label",
            "nature",
        ]

        def queries(causes):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            causes.read(names)
            return self.env.cr.sql_log_count - before

        causes = self.env["shopify.cause"].search([])
        self.assertGreater(len(causes), 5)
        queries(causes[:1])  # what is cached for good
        self.assertEqual(queries(causes), queries(causes[:1]))


class TestAnswers(CauseCase):
    """One answer for all items of a cause."""

    def test_retry_all_says_first_what_it_would_do(self):
        orders = self.wait_for_belts(2)
        action = self.cause().with_context(act="retry").action_ask()
        wizard = self.env[action["res_model"]].with_user(self.operator)
        wizard = wizard.with_context(**action["context"]).create({})

        self.assertEqual(
            wizard.forecast, "creates sales orders, of which none exists yet: 2"
        )

        answer = wizard.action_apply()

        self.assertIn("2 records are being synced", answer["params"]["message"])
        triggers = self.env["shopify.trigger"].search([("cause", "=", "retry")])
        self.assertEqual(
            set(triggers.mapped("subject_key")), {order["id"] for order in orders}
        )
        self.assertEqual(self.cause().event_ids.outcome_label, "Retried")
        self.assertEqual(self.cause().event_ids.caused_by_id, self.operator)

    def test_retry_says_what_stands_in_its_way(self):
        self.wait_for_belts(1)
        self.set_policy("orders", "off")
        action = self.cause().action_ask()
        wizard = self.env[action["res_model"]].with_user(self.operator)

        wizard = wizard.with_context(**action["context"]).create({})

        self.assertIn("the flow Orders is off", wizard.idle)

    def test_closing_ends_all_items_and_says_why_once(self):
        orders = self.wait_for_belts(2)
        with self.assertRaisesRegex(UserError, "Say why"):
            self.act("close")

        self.act("close", reason="Sold by phone")

        for order in orders:
            row = self.row(order["id"])
            self.assertEqual(
                (row.state, row.close_reason), ("cancelled", "Sold by phone")
            )
            self.assertEqual(row.event_ids[0].message, "Sold by phone")
        self.assertEqual(self.cause().stage, "solved")
        self.assertEqual(self.cause().event_ids.mapped("message"), ["Sold by phone"])

    def test_user_may_retry_and_decide_nothing(self):
        self.wait_for_belts(1)
        user = new_test_user(self.env, "shopify_looker", "shopify_connector.group_user")
        cause = self.cause().with_user(user)

        self.assertFalse(cause.fix_label)
        self.act("retry", cause, user)
        for act in ("postpone", "hand_over", "close"):
            with self.assertRaises(AccessError):
                self.act(act, cause, user)

    def test_missing_tax_and_location_are_one_press_from_the_cause(self):
        order = self.order([("SHIRT", 1)], taxes=[{"title": "GST", "rate": "0.05"}])
        self.sync(order)
        manager = new_test_user(
            self.env, "shopify_manager", "shopify_connector.group_manager"
        )
        cause = self.cause("tax_unmapped").with_user(manager)

        action = cause.action_fix()

        self.assertEqual(action["res_model"], "shopify.mapping.tax")
        missing = self.env["shopify.mapping.tax"].search([("tax_id", "=", False)])
        missing.tax_id = self.make_tax("GST 5", 5.0)
        self.run_syncs()
        self.assertDone(order["id"])
        released = self.events(order["id"])[-1]
        self.assertIn("an Odoo tax for GST 5 %", released.cause_label)


class TestForecast(CauseCase):
    """What a retry would do, from the links as they are; and that it looks again."""

    def test_order_that_is_nowhere_is_created_once(self):
        (order,) = self.wait_for_belts(1)
        row = self.row(order["id"]).with_user(self.operator)

        self.assertEqual(
            row.forecast, "Creates one sales order: nothing exists in Odoo yet."
        )

    def test_linked_order_is_updated(self):
        order = self.order([("SHIRT", 1)])
        self.sync(order)
        row = self.row(order["id"]).with_user(self.operator)
        self.assertFalse(row.forecast, "nothing is stopped")

        row.sudo().state = "review"
        self.env.invalidate_all()

        name = self.sale_order(order).name
        self.assertEqual(row.forecast, f"Updates {name}; creates nothing.")

    def test_retry_after_the_link_was_changed_by_hand_stops_and_writes_nothing(self):
        one, two = self.order([("SHIRT", 1)]), self.order([("SOCKS", 1)])
        self.sync(one, two)
        ours, theirs = self.sale_order(one), self.sale_order(two)
        before = self.records()
        amounts = ours.amount_total, theirs.amount_total
        proof = self.proof(one["id"]) | {"ids": [theirs.id]}
        self.mark(one["id"], str(theirs.id), proof)
        self.start_counting()

        self.row(one["id"]).action_retry()
        self.run_syncs()

        row = self.assertReview(one["id"], "identity_conflict")
        self.assertEqual(self.events(one["id"])[-1].cause, "retry")
        self.assertEqual(row.cause_id, self.cause("identity_conflict"))
        self.assertEqual(self.records(), before)
        self.assertEqual((ours.amount_total, theirs.amount_total), amounts)
        self.assertFalse(self.written())


class TestActivities(CauseCase):
    """One activity a cause, its owner's."""

    def setUp(self):
        super().setUp()
        self.flow("orders").owner_id = self.operator

    def test_thirty_orders_of_one_variant_are_one_activity_done_by_the_fix(self):
        self.wait_for_belts(30)

        self.wake()
        self.wake()

        activity = self.activities()
        cause = self.cause()
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.operator)
        self.assertEqual(activity.summary, cause.headline)
        self.assertEqual((activity.res_model, activity.res_id), (cause._name, cause.id))

        self.link_belt()
        self.run_syncs()
        self.wake()

        self.assertFalse(self.activities())
        self.assertFalse(activity.active, "kept as done")

    def test_new_owner_takes_the_activity(self):
        self.wait_for_belts(1)
        self.wake()
        helper = new_test_user(self.env, "helper", "shopify_connector.group_operator")

        self.act("hand_over", user_id=helper.id)
        self.wake()

        self.assertEqual(self.activities().user_id, helper)

    def test_cause_of_nobody_asks_nobody(self):
        self.flow("orders").owner_id = False
        self.wait_for_belts(1)

        self.wake()

        self.assertFalse(self.activities())

    def test_owner_who_may_not_see_it_gets_no_activity(self):
        self.flow("orders").owner_id = new_test_user(
            self.env, "outsider", "base.group_user"
        )
        self.wait_for_belts(1)

        self.wake()

        self.assertFalse(self.activities())

    def test_postponed_cause_takes_its_activity_back(self):
        self.wait_for_belts(1)
        self.wake()

        self.act("postpone", hours=3)
        self.wake()

        self.assertFalse(self.activities())

    def test_what_its_owner_marked_done_is_not_asked_again(self):
        self.wait_for_belts(1)
        # An activity's date is that of the transaction, here the whole test class.
        self.cause().sudo().first_at -= timedelta(hours=1)
        self.wake()

        self.activities().with_user(self.operator).action_feedback("On it")
        self.wake()

        self.assertFalse(self.activities())
