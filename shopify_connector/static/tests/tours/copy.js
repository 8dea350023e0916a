import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("shopify_which_is_live", {
    url: "/odoo/shopify-stores",
    steps: () => [
        {
            content: "The store that is on hold",
            trigger: ".o_data_row td[name=name]",
            run: "click",
        },
        {
            trigger: ".alert-danger button[name=action_copy_wizard]",
            run: "click",
        },
        {
            content: "It says what was seen",
            trigger: ".modal div[name=signs]:contains('lives in another place')",
        },
        {
            trigger: ".modal div[name=answer] .o_radio_item:contains('copy') input",
            run: "click",
        },
        {
            trigger: ".modal div[name=copy_reads] input",
            run: "click",
        },
        {
            trigger: ".modal button:contains('This database is a copy')",
            run: "click",
        },
        {
            content: "The store's form says so",
            trigger: ".alert-warning:contains('nothing is written to Shopify')",
        },
        {
            content: "And the bar on every screen of the app",
            trigger: ".o_shopify_copy_bar:contains('nothing is written to Shopify')",
        },
        {
            trigger: ".o_menu_sections a:contains('Overview'), .o_menu_sections button:contains('Overview')",
            run: "click",
        },
        {
            trigger: ".o_kanban_view .alert-warning:contains('nothing is written')",
        },
        {
            trigger: ".o_shopify_copy_bar:contains('nothing is written to Shopify')",
        },
    ],
});
