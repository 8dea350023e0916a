"""Identity holds whatever people do on both sides, in any order, through every mishap.

After each step of a random story: no Shopify record is linked twice, no Odoo record is
linked twice in a store unless declared shared, IDs in Shopify are unique, nothing was made
twice, and both sides agree or the difference waits or is in review. At the end everything
settles and a second sync writes nothing.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ..common import ShopifyHttpCase
from .identity_machine import IdentityMachine, machine_of
from .identity_wider import WiderMachine
from .sync_case import SyncCase


class IdentityProperty(SyncCase, ShopifyHttpCase):
    """IDENTITY_SEED=… repeats a run, IDENTITY_STORIES=… tells so many stories."""

    machine = IdentityMachine

    def setUp(self):
        super().setUp()
        # Levels of stock are no identity; without them the stories are faster.
        self.set_policy("stock", "off")
        self.set_policy("fulfilments", "off")
        self.run_syncs()
        self.steps = self.refused = 0
        self.reasons = Counter()

    def count(self, world):
        self.steps += len(world.done)
        self.refused += world.refused
        self.reasons.update(world.reasons)

    def stories(self, number, steps, first_seed, at_least):
        """Tell so many stories of so many steps; at_least: steps that are to happen,
        unless another number of stories is asked for."""
        used = int(os.environ.get("IDENTITY_SEED", first_seed))
        wished = os.environ.get("IDENTITY_STORIES")
        number = int(wished or number)
        machine = seed(used)(machine_of(self, self.machine))
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=number,
                    stateful_step_count=steps,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate],
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except BaseException as error:
            error.add_note(
                f"Again: IDENTITY_SEED={used}; {self.steps} steps of whole stories before"
            )
            raise
        print(f"seed {used}: {self.steps} steps, {self.refused} of them refused")
        print(", ".join(f"{code} {n}" for code, n in sorted(self.reasons.items())))
        self.assertGreaterEqual(self.steps, 1 if wished else at_least)


class TestIdentityProperty(IdentityProperty):
    def test_identity_holds_through_a_short_random_story(self):
        self.stories(3, 25, first_seed=4, at_least=50)


class TestIdentityPropertyLong(IdentityProperty):
    @pytest.mark.long
    def test_identity_holds_through_thousands_of_random_steps(self):
        self.stories(55, 50, first_seed=44, at_least=2000)


class WiderProperty(IdentityProperty):
    """The same with the worksheet, review mode, stock, audits, and lost links."""

    machine = WiderMachine

    def setUp(self):
        super().setUp()
        self.set_policy("stock", "automatic")
        # Stock goes nowhere without them.
        self.set_policy("fulfilments", "automatic")
        self.run_syncs()


class TestIdentityWider(WiderProperty):
    def test_identity_holds_while_people_match_review_and_restore(self):
        self.stories(2, 25, first_seed=1, at_least=30)


class TestIdentityWiderLong(WiderProperty):
    @pytest.mark.long
    def test_identity_holds_through_thousands_of_steps_of_all_kinds(self):
        self.stories(55, 50, first_seed=2, at_least=2000)
