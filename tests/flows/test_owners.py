"""Who looks after a stop: owner, whom it was handed to, the manager meanwhile, nobody."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user

from .test_causes import CauseCase


class TestOwners(CauseCase):
    def setUp(self):
        super().setUp()
        self.owner, self.manager, self.helper = (
            new_test_user(self.env, name, "shopify_connector.group_operator")
            for name in ("flow_owner", "store_manager", "helper")
        )
        self.flow("orders").owner_id = self.owner
        self.backend.manager_id = self.manager

    def owners(self):
        """The cause's and its items'."""
        self.env.invalidate_all()
        rows = self.cause().sudo()._items()
        return self.cause().owner_id, rows.owner_id

    def assertOwner(self, user):
        self.assertEqual(self.owners(), (user, user))

    def goes_away(self, user, days=3):
        user.shopify_away_until = fields.Date.today() + timedelta(days=days)

    def test_flows_owner_looks_after_its_stops(self):
        self.wait_for_belts(2)

        self.assertOwner(self.owner)

    def test_manager_stands_in_while_the_owner_is_away_and_no_longer(self):
        self.wait_for_belts(2)
        self.goes_away(self.owner)

        self.wake()
        self.assertOwner(self.manager)
        self.assertEqual(self.flow("orders").acting_owner_id, self.manager)

        self.owner.shopify_away_until = fields.Date.today() - timedelta(days=1)
        self.wake()
        self.assertOwner(self.owner)

    def test_last_day_of_absence_counts_as_away(self):
        self.goes_away(self.owner, days=0)
        self.wait_for_belts(1)

        self.assertOwner(self.manager)

    def test_archived_owner_falls_to_the_manager(self):
        self.wait_for_belts(1)
        self.wake()
        self.owner.active = False

        self.wake()

        self.assertOwner(self.manager)

    def test_new_owner_of_a_flow_gets_what_stands(self):
        self.wait_for_belts(2)
        self.wake()
        self.flow("orders").owner_id = self.helper

        self.wake()

        self.assertOwner(self.helper)

    def test_without_owner_and_manager_it_is_nobodys_and_found_as_such(self):
        self.flow("orders").owner_id = self.backend.manager_id = False
        self.wait_for_belts(1)

        self.assertFalse(self.cause().owner_id)
        self.assertEqual(self.cause().owner_label, "Nobody")
        nobodys = self.env["shopify.cause"].search([("owner_id", "=", False)])
        self.assertIn(self.cause(), nobodys)

    def test_cause_handed_over_takes_its_items_and_the_later_ones(self):
        self.wait_for_belts(2)

        self.act("hand_over", user_id=self.helper.id)
        self.wait_for_belts(1)
        self.wake()

        self.assertEqual(self.cause().item_count, 3)
        self.assertOwner(self.helper)
        self.assertEqual(self.cause().event_ids.mapped("outcome"), ["handed over"])

    def test_item_handed_over_alone_stays_with_whom_it_was_given_to(self):
        one, _two = self.wait_for_belts(2)
        self.row(one["id"]).with_user(self.operator).action_hand_over(self.helper)

        self.row(one["id"]).action_retry()
        self.run_syncs()
        self.wake()

        self.assertEqual(self.row(one["id"]).owner_id, self.helper)
        self.assertEqual(self.cause().owner_id, self.owner)

    def test_manager_stands_in_for_whom_it_was_handed_to(self):
        self.wait_for_belts(1)
        self.act("hand_over", user_id=self.helper.id)

        self.goes_away(self.helper)
        self.wake()
        self.assertOwner(self.manager)

        self.helper.shopify_away_until = False
        self.wake()
        self.assertOwner(self.helper)

    def test_solved_cause_is_given_to_nobody_any_more(self):
        self.wait_for_belts(1)
        self.act("hand_over", user_id=self.helper.id)
        self.act("close", reason="Sold by phone")
        self.wake()

        self.wait_for_belts(1)

        self.assertOwner(self.owner)

    def test_one_says_oneself_that_one_is_away_and_a_manager_for_others(self):
        boss = new_test_user(self.env, "boss", "shopify_connector.group_manager")
        day = fields.Date.today() + timedelta(days=7)
        absence = {"user_id": self.owner.id, "until": day}

        with self.assertRaises(AccessError):
            self.env["shopify.away"].with_user(self.helper).create(
                absence
            ).action_apply()
        self.assertFalse(self.owner.shopify_away_until)

        self.env["shopify.away"].with_user(boss).create(absence).action_apply()
        self.assertEqual(self.owner.shopify_away_until, day)

        self.env["shopify.away"].with_user(self.helper).create(
            {"until": day}
        ).action_apply()
        self.assertEqual(self.helper.shopify_away_until, day)
        self.helper.with_user(self.helper).shopify_away_until = False
        self.assertFalse(self.helper.shopify_away_until)

    def test_store_manager_is_somebody_who_sees_its_company(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "base.group_user",
            company_id=elsewhere.id,
            company_ids=[elsewhere.id],
        )

        with self.assertRaisesRegex(ValidationError, "can't see"):
            self.backend.manager_id = stranger
