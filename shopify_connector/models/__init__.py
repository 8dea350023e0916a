# ruff: noqa: I001 — a model comes before what extends it
from . import (
    shopify_backend,
    shopify_binding,
    shopify_bucket,
    shopify_claim,
    shopify_connection,
    shopify_event,
    shopify_flow,
    shopify_lease,
    shopify_mapping_location,
    shopify_mark,
    shopify_mutation,
    shopify_reconcile,
    shopify_sync,
    shopify_token,
    shopify_trigger,
)
from . import shopify_access
from . import shopify_queue
from . import shopify_waits
from . import shopify_webhooks
from . import shopify_webhook_drop
from . import shopify_api_version
from . import shopify_sync_people
from . import shopify_sync_record
from . import shopify_sync_run
from . import shopify_pause
from . import shopify_mapping_tax
from . import shopify_sale_order
from . import shopify_sale_order_line
from . import shopify_order_status
from . import sale_order
from . import account_move
from . import shopify_draft_order
from . import shopify_product_tag
from . import shopify_sync_names
from . import shopify_sync_text
from . import shopify_shared
from . import shopify_product_template
from . import shopify_product_product
from . import shopify_res_partner
from . import shopify_order_buyer
from . import shopify_company
from . import shopify_parted
from . import shopify_mark_clear
from . import shopify_alias
from . import product
from . import shopify_pack
from . import res_partner
from . import shopify_stock_level
from . import shopify_line_place
from . import shopify_line_total
from . import stock_move
from . import stock_quant
from . import order_fulfillments
from . import shopify_stock_picking
from . import stock_picking
from . import shopify_relink
from . import shopify_relink_order
from . import shopify_steps
from . import shopify_match_key
from . import shopify_match
from . import shopify_scan
from . import shopify_match_acts
from . import shopify_match_run
from . import shopify_match_sides
from . import shopify_export
from . import shopify_audit_finding
from . import shopify_audit
from . import shopify_rebuilt
from . import shopify_rebuild
from . import shopify_remark
from . import shopify_gate
from . import shopify_sync_search
from . import shopify_sync_fix
from . import shopify_preview
from . import shopify_dry_run
from . import shopify_order_table
from . import order_lister
from . import shopify_sync_page
from . import shopify_book_text
from . import shopify_owner
from . import shopify_cause
from . import shopify_forecast
from . import shopify_cause_acts
from . import shopify_cause_people
from . import shopify_pause_end
from . import shopify_pause_people
from . import shopify_job
from . import fulfillment_answer
from . import shopify_copy
from . import shopify_overview
from . import shopify_mapping_payment
from . import shopify_mapping_delivery
from . import shopify_readiness
from . import shopify_takeover
from . import shopify_takeover_source
from . import shopify_takeover_line
from . import shopify_takeover_file
from . import shopify_takeover_run
from . import shopify_duplicate
from . import shopify_health
from . import shopify_record
from . import shopify_explain
from . import shopify_kept_request
from . import shopify_support
from . import stock_location
from . import res_config_settings
