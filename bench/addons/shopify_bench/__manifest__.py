{
    "name": "Shopify Connector Bench",
    "summary": "Floors that the connector is measured against; never for production",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Shopify Connector contributors",
    "license": "LGPL-3",
    "depends": ["shopify_connector"],
}
