from . import support, webhook
