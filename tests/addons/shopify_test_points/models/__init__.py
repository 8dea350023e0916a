from . import shopify_backend
from . import shopify_mark
from . import shopify_mutation
from . import shopify_trigger
