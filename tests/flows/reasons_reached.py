"""Which flow test reaches which reason of the catalogue: {code: "file.test"}, both without
"test_". `four_answers` has the test fail if it doesn't, or if an answer is missing."""

REACHED = {
    "throttled": "engine.throttled_batch_waits_whole_and_is_not_split",
    "shopify_down": "bad_input.unreadable_answers_are_read_again",
    "network_timeout": "every_reason.shop_that_is_out_of_reach_is_tried_again",
    "not_sent": "every_reason.what_was_held_up_is_not_sent",
    "outcome_unknown": "fulfillment.a_lost_answer_is_found_in_shopify_and_linked",
    "outcome_needs_person": "fulfillment.an_answer_that_nobody_can_tell_goes_to_a_person",
    "sign_in_failed": "engine.failed_sign_in_pauses_the_flow_once_and_resuming_goes_on",
    "scope_missing": "webhook.granted_scope_releases_what_waited_for_it",
    "company_access_missing": "every_reason.sync_user_without_the_company",
    "odoo_access_missing": "every_reason.sync_user_who_may_not_make_orders",
    "company_differs": "create_there.product_of_another_company_stops",
    "api_version_changed": "every_reason.shop_that_answers_in_another_version",
    "store_on_hold": "every_reason.store_that_another_database_took",
    "links_not_rebuilt": "every_reason.restored_backup_rests",
    "app_uninstalled": "every_reason.app_that_was_removed",
    "store_unreachable": "every_reason.shop_that_is_frozen",
    "request_too_expensive": "every_reason.request_larger_than_shopify_allows",
    "defect": "every_reason.unknown_error_is_plain_for_users_and_whole_for_support",
    "identity_conflict": "decision_tables.linked_order_with_another_links_token_stops",
    "identity_copied": "identity_flow.copy_of_a_linked_order_stops",
    "identity_original_gone": (
        "decision_tables.order_that_took_the_mark_of_a_gone_one_stops"
    ),
    "identity_claimed_twice": (
        "decision_tables.two_orders_with_one_mark_in_one_batch_stop_both"
    ),
    "identity_foreign_database": (
        "decision_tables.linked_order_marked_by_another_database_stops"
    ),
    "identity_foreign_company": ("identity_flow.mark_of_another_companys_record_stops"),
    "identity_record_gone": "decision_tables.order_marked_as_a_deleted_record_stops",
    "identity_birth_differs": "decision_tables.linked_order_with_another_birth_stops",
    "identity_unproven": "decision_tables.linked_order_with_its_id_but_no_proof_stops",
    "link_record_deleted": "decision_tables.linked_to_a_deleted_record_stops",
    "shopify_record_gone": "stock_push.a_deleted_item_stops",
    "ambiguous_match": "create_there.two_products_with_the_sku_stop",
    "match_taken": "decision_tables.outbound_only_candidate_is_linked_to_another",
    "unlinked_by_hand": "relink.unlink_removes_the_mark_and_stays_apart",
    "link_taken": "every_reason.link_that_an_index_refuses_each_time",
    "mark_refused": "marks.id_that_another_record_holds_is_refused_and_both_are_named",
    "mark_overwritten": "every_reason.mark_that_reads_otherwise_than_written",
    "mark_definition_altered": "every_reason.field_of_the_ids_that_was_altered",
    "to_accept": "engine.flow_in_review_writes_nothing_until_accepted_one_or_many",
    "variant_unmapped": "order_import.all_missing_mappings_are_named_at_once",
    "product_unmapped": "product_import.link_only_store_asks_instead_of_making",
    "company_not_imported": (
        "companies.location_waits_for_its_company_and_goes_on_with_it"
    ),
    "location_unknown": "engine.naming_the_warehouse_releases_what_waited_for_it",
    "tax_unmapped": "go_live.fails_on_purpose_because_the_tax_mapping_is_removed",
    "pricelist_missing": (
        "order_import.orders_in_several_currencies_wait_for_their_pricelists_and_come"
    ),
    "currency_inactive": "every_reason.order_in_a_currency_that_odoo_has_off",
    "delivery_product_missing": "every_reason.shipping_without_a_product",
    "tip_product_missing": "order_totals.tip_without_product_stops_and_names_the_amount",
    "fee_product_missing": "every_reason.duties_without_a_product",
    "custom_line_product_missing": "engine.setting_releases_what_waited_for_it",
    "country_unknown": "customer_import.country_unknown_to_odoo_stops_and_writes_nothing",
    "unit_differs": "stock_push.a_product_in_another_unit_stops",
    "odoo_refused": "collections.create_here_stops_where_a_tag_has_that_name",
    "shopify_refused": (
        "create_there.email_taken_where_customers_are_not_matched_by_it_stops"
    ),
    "changed_meanwhile": (
        "marks.value_that_appears_between_reading_and_writing_is_not_overwritten"
    ),
    "webhook_malformed": "every_reason.webhook_that_cannot_be_read",
    "total_differs": (
        "order_totals.total_off_by_one_cent_goes_to_review_and_writes_no_order"
    ),
    "tax_differs": "order_totals.tax_off_by_one_cent_goes_to_review_and_writes_no_order",
    "order_without_customer": "customer_import.order_without_any_buyer_stops",
    "order_not_confirmed": "order_import.unconfirmed_order_waits_and_then_comes",
    "order_not_paid": (
        "reconcile.order_that_was_paid_is_found_though_its_webhook_was_lost"
    ),
    "changed_in_shopify": "order_import.removed_unit_goes_to_review_and_odoo_stays",
    "refunded_before_import": "order_import.goodwill_refund_before_the_import_stops",
    "order_too_old": (
        "identity_flow.order_that_shopify_hides_for_its_age_is_not_called_gone"
    ),
    "line_product_deleted": (
        "order_import.line_whose_product_was_deleted_stops_its_order_only"
    ),
    "unexplained_stock_drop": (
        "stock_push.a_counter_sale_not_imported_yet_is_not_raised_over"
    ),
    "stock_first_push": "stock_push.a_new_variant_asks_before_its_first_raise",
    "stock_needs_fulfilments": "stock_push.stock_waits_while_fulfilments_are_off",
    "stock_item_rejected": (
        "stock_push.one_bad_item_stands_alone_and_the_others_are_written"
    ),
    "stock_changed_meanwhile": "every_reason.stock_that_changes_at_every_try",
    "stock_not_tracked": "every_reason.item_that_shopify_does_not_track",
    "fulfillment_order_held": "fulfillment.a_held_order_stops_and_goes_on_after_the_release",
    "fulfillment_order_closed": "fulfillment.an_order_cancelled_in_shopify_stops",
    "fulfillment_mismatch": "every_reason.delivery_of_more_than_shopify_has_open",
    "fulfillment_not_found": "fulfillment.an_order_moved_to_another_location_stops",
    "fulfillment_third_party": "every_reason.order_that_a_service_fulfils",
    "export_too_many_variants": "every_reason.more_variants_than_are_made_together",
    "export_too_many_options": "every_reason.more_attributes_than_shopify_holds",
    "export_attribute": "every_reason.attribute_that_makes_no_variants",
    "export_without_variants": "create_there.variant_on_demand_that_nobody_made_stops",
    "export_values_alike": "every_reason.values_that_read_alike",
    "export_currency_differs": "create_there.price_in_another_currency_stops",
    "export_kind": "every_reason.combo_has_no_counterpart",
    "export_without_email": "create_there.contact_without_email_stops",
    "export_half_linked": (
        "create_there.variant_that_stands_for_another_product_stops"
    ),
}
# Raised only by what is still to come, {code: what that is}; it may only shrink.
LATER = {
    "database_busy": "state of the machine on the overview",
    "backlog_high": "state of the machine on the overview",
    "odoo_down": "state of the machine on the overview",
    "host_blocked": "state of the machine on the overview",
    "schedule_stopped": "state of the machine on the overview",
    "setting_missing": "what a flow needs before it starts",
    "payment_unmapped": "payments",
    "copy_writes_nothing": "payments, whose writes a copy can't simulate",
    "rule_incomplete": "rules for orders",
    "order_currency_differs": "rules for orders",
    "link_record_archived": "rules for orders",
    "tax_counted_twice": "every kind of order",
    "gift_card_product_missing": "every kind of order",
    "company_unlinked": "every kind of order",
    "value_missing": "every kind of order",
    "value_unknown": "every kind of order",
    "order_not_imported": "refunds",
    "refund_line_missing": "refunds",
    "refund_pending": "refunds",
    "refund_restock_open": "refunds",
    "payout_differs": "payouts",
    "duplicate_record": "customers",
    "customer_unmapped": "customers",
    "state_unknown": "customers",
    "protected_data_withheld": "customers",
    "product_kind_differs": "products to Shopify",
    "variant_options_differ": "products to Shopify",
    "image_refused": "products to Shopify",
    "location_pooled": "several warehouses in one location",
    "tracking_missing": "tracking that comes late",
}


def codes_of(test: str) -> set[str]:
    """The reasons that a test ("test_file.name") is named for."""
    name = test.removeprefix("test_")
    return {code for code, reached_by in REACHED.items() if reached_by == name}
