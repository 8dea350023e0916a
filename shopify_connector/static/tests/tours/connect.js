import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("shopify_connect_store", {
    url: "/odoo/shopify-stores",
    steps: () => [
        {
            content: "An empty list says how to begin",
            trigger: ".o_list_view button[name=action_connect_wizard]",
            run: "click",
        },
        {
            content: "The domain is completed as it is typed",
            trigger: ".modal div[name=shop_domain] input",
            run: "edit testshop && press Tab",
        },
        {
            trigger:
                ".modal div[name=shop_domain] input:value(testshop.myshopify.com)",
        },
        {
            trigger: ".modal div[name=client_id] input",
            run: "edit test-client",
        },
        {
            trigger: ".modal div[name=client_secret] input",
            run: "edit test-secret",
        },
        {
            trigger: ".modal button[name=action_next]:contains('Test')",
            run: "click",
        },
        {
            content: "What was found is listed",
            trigger: ".modal td[name=label]:contains('Signed in')",
        },
        {
            trigger: ".modal button[name=action_next]:contains('Connect')",
            run: "click",
        },
        {
            content: "Shopify's locations are there to be mapped",
            trigger: ".modal div[name=location_ids] .o_data_row",
        },
        {
            trigger: ".modal button[name=action_next]:contains('Next')",
            run: "click",
        },
        {
            trigger: ".modal div[name=flow_ids] .o_data_row td[name=policy]",
        },
        {
            trigger: ".modal button[name=action_next]:contains('Next')",
            run: "click",
        },
        {
            content: "What is missing is said, flow by flow",
            trigger: ".modal div[name=readiness]:contains('nobody looks after')",
        },
        {
            trigger: ".modal button[name=action_done]",
            run: "click",
        },
        {
            content: "The store stands",
            trigger: ".o_form_view .o_statusbar_status:contains('Connected')",
        },
    ],
});
