import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("shopify_link_from_review", {
    url: "/odoo/shopify-review",
    steps: () => [
        {
            content: "Open the cause",
            trigger: ".o_group_header:contains('Variant BELT is not linked')",
            run: "click",
        },
        {
            content: "Open the item",
            trigger: ".o_data_row .o_data_cell[name=message]",
            run: "click",
        },
        {
            content: "The fix comes first",
            trigger: ".o_form_view button[name=action_fix]:contains('Link product')",
            run: "click",
        },
        {
            content: "One line for what is missing",
            trigger: ".modal .o_data_row td[name=product_id]",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row td[name=product_id] input",
            run: "edit Leather belt",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Leather belt')",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_link]",
            run: "click",
        },
        {
            content: "It says what goes on",
            trigger: ".o_notification:contains('being synced')",
        },
    ],
});
