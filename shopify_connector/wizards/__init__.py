from . import shopify_connect_wizard, shopify_link_wizard, shopify_sync_act
from . import base_partner_merge
from . import base_partner_merge_company
from . import shopify_readiness_item
from . import shopify_relink_wizard
from . import shopify_pack_wizard
from . import shopify_copy_wizard
from . import shopify_gate_wizard
from . import shopify_remark_wizard
from . import shopify_match_wizard
from . import shopify_duplicate_wizard
from . import shopify_dry_run
from . import shopify_cause_act
from . import shopify_away
