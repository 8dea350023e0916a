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
from . import shopify_pause
from . import shopify_queue
from . import shopify_waits
from . import shopify_webhooks
from . import shopify_sync_people
from . import shopify_sync_record
from . import shopify_sync_run
from . import shopify_mapping_tax
from . import shopify_sale_order
from . import shopify_sale_order_line
from . import sale_order
from . import shopify_sync_text
from . import shopify_product_template
from . import shopify_product_product
from . import shopify_res_partner
from . import shopify_order_buyer
from . import product
from . import res_partner
from . import shopify_stock_level
from . import shopify_line_place
from . import stock_move
from . import stock_quant
from . import order_fulfillments
from . import shopify_stock_picking
from . import stock_picking
from . import shopify_sync_search
from . import shopify_sync_fix
from . import shopify_book_text
from . import shopify_overview
from . import shopify_record
from . import res_config_settings
