"""Open questions of the platform, each with both answers.

The numbers in the comments are those of the project's list of questions that only a
development store can settle; README.md has them as a table, which a test compares.
"""

from dataclasses import dataclass, fields


@dataclass
class Switches:
    """Defaults are the answers thought likely; `unfavourable()` the other ones."""

    # 1: does an upsert by a custom ID that nobody holds write that ID?
    upsert_writes_custom_id: bool = True
    # 1: does customerSet create at all?
    customer_set_creates: bool = True
    # 2: code for a duplicate `id` value: TAKEN | CAPABILITY_VIOLATION
    duplicate_id_code: str = "TAKEN"
    # 2: is uniqueness per owner type (True), or over all types of a namespace + key?
    id_unique_per_owner_type: bool = True
    # 2: is a value free again when its owner was deleted?
    deleted_owner_frees_id: bool = True
    # 3: do …ByIdentifier look-ups read live data, or the lagging index?
    by_identifier_live: bool = True
    # 4: is Σ of the sales equal to currentTotalPriceSet?
    agreements_sum_to_current_total: bool = True
    # 4: does totalPriceSet grow with lines added by an edit?
    total_price_follows_edits: bool = True
    # 4: does a refund without lines or shipping lower currentTotalPriceSet?
    goodwill_lowers_current_total: bool = False
    # 4: do units removed by an order edit also show up as a Refund?
    edit_removal_shows_refund: bool = True
    # 5: does a mutation whose connection was cut before it ran still run later?
    cut_request_applies_late: bool = False
    # 6: one stale row of inventorySetQuantities: does the whole call fail?
    stale_row_fails_all: bool = True
    # 6: is a key burnt by a user error (IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED)?
    failed_key_is_burnt: bool = True
    # 6: does the order of JSON keys count as a change of the parameters?
    key_order_counts: bool = False
    # 7: does productSet.metafields delete those of all namespaces (other apps' too),
    # or only within the namespaces it lists?
    product_set_drops_all_metafields: bool = False
    # 8: whose identity metafield does a merged customer have: survivor | loser
    merge_keeps_identity_of: str = "survivor"
    # 8: does the GID of the customer merged away lead to the survivor, or to null?
    merged_customer_redirects: bool = False
    # 9: does a metafield write change the owner's updatedAt and send its webhook?
    metafield_write_touches_owner: bool = True
    # 10: may the lines of a bulk mutation carry `@idempotent(key: $key)`?
    bulk_takes_idempotency_keys: bool = True
    # 10: do result lines stand in the order of the file?
    bulk_lines_in_order: bool = True
    # 10: is a sixth operation taken and waits, or refused?
    sixth_bulk_waits: bool = False
    # 11: are value objects (MoneyBag, addresses …) free (low) or counted (high)?
    value_objects: str = "low"
    # 12: does the filter payments_transfer_id take the payout's GID, or its number?
    payout_filter_takes_gid: bool = False
    # 12: do refunds and fees show as negative amounts?
    payment_refunds_are_negative: bool = True
    payment_fees_are_negative: bool = False
    # 12: do payouts need read_shopify_payments_payouts beside the account's scope?
    payouts_need_own_scope: bool = False
    # 13: does a new client-credentials token end the one before?
    new_token_ends_old: bool = False
    # 13: customer data: full | level1 (no names, addresses …) | none
    protected_customer_data: str = "full"
    # 14: is X-Shopify-Webhook-Id equal across retries?
    webhook_id_stable_across_retries: bool = True
    # 14: what deletes a subscription: a delivery that failed with all its retries
    # ("delivery"), or eight failed attempts in a row over all of them ("attempts")?
    webhook_dies_by: str = "delivery"
    # 14: are redirects of the receiver followed?
    webhook_follows_redirects: bool = False
    # 15: is a repeated orderCancel refused, or answered like the first?
    repeated_cancel_is_refused: bool = True
    # 15: can the staff note of an order edit be read in the order's timeline?
    edit_note_shows_in_timeline: bool = False
    # 16: do metafields and definitions survive uninstalling and reinstalling?
    reinstall_keeps_app_data: bool = True
    # Throttle answers: 200 with errors (documented by samples) or 429
    throttle_status: int = 200
    # HTTP state of the shop: 200 | 402 (frozen) | 403 | 423 (locked)
    shop_status: int = 200

    @classmethod
    def unfavourable(cls) -> "Switches":
        """The answer that makes life harder, wherever the two can be ranked."""
        return cls(
            upsert_writes_custom_id=False,
            customer_set_creates=False,
            duplicate_id_code="CAPABILITY_VIOLATION",
            id_unique_per_owner_type=False,
            deleted_owner_frees_id=False,
            by_identifier_live=False,
            agreements_sum_to_current_total=False,
            cut_request_applies_late=True,
            stale_row_fails_all=False,
            failed_key_is_burnt=True,
            key_order_counts=True,
            product_set_drops_all_metafields=True,
            merge_keeps_identity_of="loser",
            merged_customer_redirects=True,
            metafield_write_touches_owner=True,
            bulk_takes_idempotency_keys=False,
            bulk_lines_in_order=False,
            value_objects="high",
            payout_filter_takes_gid=True,
            payment_refunds_are_negative=False,
            payment_fees_are_negative=True,
            payouts_need_own_scope=True,
            new_token_ends_old=True,
            webhook_id_stable_across_retries=False,
            webhook_dies_by="attempts",
            repeated_cancel_is_refused=True,
            edit_note_shows_in_timeline=False,
            reinstall_keeps_app_data=False,
        )

    def set(self, **values) -> None:
        """Change switches by name; an unknown name is an error."""
        known = {item.name for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no switch {name!r}")
            setattr(self, name, value)
