"""The one door to Shopify: nothing else in the add-on sends it a request."""
