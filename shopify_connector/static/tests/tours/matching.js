import {registry} from "@web/core/registry";

const toggleFilter = (name) => [
    {
        trigger: ".o_searchview_dropdown_toggler",
        run: "click",
    },
    {
        trigger: `.o_search_bar_menu .o-dropdown-item:contains(/^${name}$/)`,
        run: "click",
    },
    {
        trigger: `.o_searchview_facet:contains(${name})`,
    },
    {
        trigger: ".o_searchview_dropdown_toggler",
        run: "click",
    },
    {
        trigger: "body:not(:has(.o_search_bar_menu))",
    },
];

const removeFacet = (name) => [
    {
        trigger: `.o_searchview_facet:contains(${name}) .o_facet_remove`,
        run: "click",
    },
    {
        trigger: `.o_searchview:not(:has(.o_searchview_facet:contains(${name})))`,
    },
];

registry.category("web_tour.tours").add("shopify_matching", {
    url: "/odoo/shopify-matching",
    steps: () => [
        {
            content: "The header counts, and warns of keys",
            trigger: ".o_shopify_matching:contains('to decide')",
        },
        {
            trigger: ".o_shopify_key_warning:contains('SKU')",
        },
        {
            content: "Several candidates, side by side",
            trigger: ".o_group_header:contains('Several Candidates')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Twin') button[name=action_open]",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_kanban_record:contains('Right twin')",
        },
        {
            trigger:
                ".o_form_view .o_kanban_record:contains('Right twin') button[name=action_choose]",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('Nothing else was changed')",
        },
        {
            trigger: ".o_form_view .o_statusbar_status, .o_form_view .badge:contains('Linked')",
        },
        {
            trigger: ".breadcrumb-item a:contains('Matching')",
            run: "click",
        },
        {
            content: "One that is never linked, with its reason",
            trigger: ".o_group_header:contains('Only in Shopify')",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Sample (S)') .o_data_cell[name=name]",
            run() {
                this.anchor.focus();
            },
        },
        {
            content: "By its key: the row that has the focus",
            trigger: ".o_data_row:contains('Sample (S)') .o_data_cell:focus",
            run: "press n",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit a sample",
        },
        {
            trigger: ".modal button[name=action_apply]:contains('Never link')",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('Rows decided: 1')",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
        ...removeFacet("Verdict"),
        ...toggleFilter("Proposed"),
        {
            content: "All of them at once",
            trigger: ".o_data_row:contains('equal: SKU')",
        },
        {
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            trigger: ".o_select_domain",
            run: "click",
        },
        {
            trigger: ".o_control_panel button[name=action_accept]",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('being worked on')",
        },
        {
            trigger: ".o_shopify_matching:contains('rows worked on')",
        },
    ],
});
