{
    "name": "Shopify Connector",
    "summary": "Shopify and Odoo in step: linked by IDs on both sides, "
    "retries that never duplicate, stops that explain themselves",
    "version": "19.0.1.0.0",
    "category": "Sales/Sales",
    "author": "Shopify Connector contributors",
    "website": "https://github.com/shopify-connector/shopify-connector",
    "license": "LGPL-3",
    "application": True,
    "depends": ["sale_management", "sale_stock", "stock_delivery", "queue_job"],
    "external_dependencies": {"python": ["requests", "ShopifyAPI"]},
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/users.xml",
        "data/queue_job.xml",
        "data/crons.xml",
    ],
    "pre_init_hook": "pre_init_hook",
    "post_init_hook": "post_init_hook",
}
