from . import shopify_connect_wizard, shopify_link_wizard, shopify_sync_act
from . import base_partner_merge
