{
    "name": "Shopify Connector: Test Points",
    "summary": "Places where a test stops or kills a worker of the connector",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "Shopify Connector contributors",
    "website": "https://github.com/shopify-connector/shopify-connector",
    "license": "LGPL-3",
    "depends": ["shopify_connector"],
}
