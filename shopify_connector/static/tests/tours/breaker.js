import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("shopify_resume", {
    url: "/odoo/shopify-overview",
    steps: () => [
        {
            content: "The banner says what is paused, why, since when and what waits",
            trigger:
                ".o_kanban_view .alert-danger:contains('Orders paused'):contains('loyalty_card')",
        },
        {
            trigger:
                ".o_kanban_view .alert-danger:contains('Since'):contains('records that wait: 5')",
        },
        {
            content: "What stopped for it",
            trigger: ".o_kanban_view .alert-danger a:contains('What stopped')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row",
        },
        {
            trigger: ".o_menu_sections a:contains('Overview'), .o_menu_sections button:contains('Overview')",
            run: "click",
        },
        {
            content: "One click goes on",
            trigger:
                ".o_kanban_view .alert-danger button[name=action_resume_flows]:contains('Resume')",
            run: "click",
        },
        {
            trigger: ".o_kanban_view:not(:has(.alert-danger))",
        },
    ],
});
