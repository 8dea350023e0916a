import {registry} from "@web/core/registry";

const tab = (name) => `.o_search_panel_category_value header:contains('${name}')`;

registry.category("web_tour.tours").add("shopify_orders", {
    url: "/odoo/shopify-orders",
    steps: () => [
        {
            content: "Every order stands there, the one that came in with its sales order",
            trigger: ".o_data_row:contains('#1001') .o_data_cell[name=order_label]:contains('S')",
        },
        {
            content: "The tabs say how many are in them",
            trigger: `${tab("Synced")}:contains('1')`,
        },
        {
            content: "None of the old ones is there yet",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('#0950')))",
        },
        {
            content: "Ask for the older ones",
            trigger: "button[name=action_list_older_orders]",
            run: "click",
        },
        {
            content: "It says that it goes on by itself",
            trigger: ".modal:contains('it goes on by itself') button:contains('Close')",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});

registry.category("web_tour.tours").add("shopify_older_orders", {
    url: "/odoo/shopify-orders",
    steps: () => [
        {
            content: "Only what a rule leaves out",
            trigger: tab("Excluded"),
            run: "click",
        },
        {
            content: "With the rule",
            trigger: ".o_data_row:contains('#0950'):contains('only orders from then on')",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains('#1001')))",
        },
        {
            content: "Choose it",
            trigger: ".o_data_row:contains('#0950') .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: "button[name=action_sync_orders]",
            run: "click",
        },
        {
            content: "It says that the rule still decides",
            trigger: ".o_notification:contains('the rule still decides')",
        },
    ],
});
