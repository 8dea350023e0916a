from . import shopify_link_wizard
from . import shopify_sync_act
from . import shopify_connect_wizard
