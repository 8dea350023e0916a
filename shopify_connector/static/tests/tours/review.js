import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

/** Press an answer above the list, and confirm what the dialog asks. */
const choose = (cause, button) => [
    {
        trigger: `.o_data_row:contains(${cause}) .o_list_record_selector input`,
        run: "click",
    },
    {
        trigger: `.o_control_panel button[name=action_ask]:contains(${button})`,
        run: "click",
    },
    {
        trigger: ".modal .o_form_view",
    },
];
const noDialog = {trigger: "body:not(:has(.modal))"};

registry.category("web_tour.tours").add("shopify_link_from_review", {
    url: "/odoo/shopify-review",
    steps: () => [
        {
            content: "Open the cause",
            trigger: ".o_data_row .o_data_cell:contains('Variant BELT is not linked')",
            run: "click",
        },
        {
            content: "It says what waits",
            trigger: ".o_form_view .lead:contains('1 order')",
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

registry.category("web_tour.tours").add("shopify_answer_causes", {
    url: "/odoo/shopify-review",
    steps: () => [
        {
            content: "One row for three orders",
            trigger: ".o_data_row:contains('loyalty_card'):contains('3 orders')",
        },
        ...choose("loyalty_card", "Retry all"),
        {
            content: "What a retry would do is said before",
            trigger: ".modal div[name=forecast]",
        },
        {
            trigger: ".modal button[name=action_apply]:contains('Retry all')",
            run: "click",
        },
        {
            trigger: ".o_notification:contains('being synced')",
        },
        noDialog,
        {
            content: "The other cause goes to somebody else",
            trigger: ".o_data_row:contains('loyalty_card') .o_list_record_selector input",
            run: "click",
        },
        ...choose("BELT", "Hand over"),
        {
            trigger: ".modal div[name=user_id] input",
            run: "edit Colleague",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Colleague')",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_apply]:contains('Apply')",
            run: "click",
        },
        noDialog,
        {
            content: "The list says who has it now",
            trigger: ".o_data_row:contains('BELT'):contains('Colleague')",
        },
        {
            content: "And it is put aside, from its form",
            trigger: ".o_data_row .o_data_cell:contains('BELT')",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name=action_ask]:contains('Postpone')",
            run: "click",
        },
        {
            trigger: ".modal div[name=hours] input",
            run: "edit 5",
        },
        {
            trigger: ".modal button[name=action_apply]:contains('Apply')",
            run: "click",
        },
        noDialog,
        {
            trigger: ".o_form_view div[name=stage]:contains('Passes by itself')",
        },
    ],
});

/** The address that somebody copies from Shopify's admin: of the order that waits. */
const adminAddress = async () => {
    const [row] = await rpc("/web/dataset/call_kw/shopify.sync/search_read", {
        model: "shopify.sync",
        method: "search_read",
        args: [[["reason_code", "=", "variant_unmapped"]], ["subject_key"]],
        kwargs: {limit: 1},
    });
    const number = row.subject_key.split("/").pop();
    return `https://admin.shopify.com/store/testshop/orders/${number}`;
};

registry.category("web_tour.tours").add("shopify_find_by_address", {
    url: "/odoo/shopify-review",
    steps: () => [
        {
            content: "Two causes wait",
            trigger: ".o_data_row:contains('loyalty_card')",
        },
        {
            trigger: ".o_data_row:contains('BELT')",
        },
        {
            content: "Paste what the browser shows in Shopify's admin",
            trigger: ".o_searchview_input",
            async run(helpers) {
                await helpers.edit(await adminAddress());
            },
        },
        {
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains('admin URL')",
            run: "click",
        },
        {
            content: "Only its cause is left",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('loyalty_card')))",
        },
        {
            trigger: ".o_data_row:contains('BELT')",
        },
    ],
});

registry.category("web_tour.tours").add("shopify_preview_and_explain", {
    steps: () => [
        {
            content: "What a sync would do",
            trigger: ".o_form_view button[name=action_dry_run]",
            run: "click",
        },
        {
            trigger: ".modal .alert-info:contains('Nothing has been changed')",
        },
        {
            content: "It shows the sales order that there isn't yet",
            trigger: ".modal div[name=html]:contains('Sales Order')",
        },
        {
            trigger: ".modal .modal-footer button:contains('Cancel')",
            run: "click",
        },
        noDialog,
        {
            content: "What happened so far",
            trigger: ".o_form_view button[name=action_explain]",
            run: "click",
        },
        {
            trigger: ".o_form_view div[name=story]:contains('loyalty_card')",
        },
        {
            trigger: ".o_form_view div[name=now]:contains('What to do now')",
        },
    ],
});

registry.category("web_tour.tours").add("shopify_user_looks", {
    url: "/odoo/shopify-review",
    steps: () => [
        {
            content: "A user sees what stopped and why",
            trigger: ".o_data_row .o_data_cell:contains('Variant BELT is not linked')",
            run: "click",
        },
        {
            trigger: ".o_form_view .lead:contains('1 order')",
        },
        {
            content: "May retry, but neither fix, postpone, hand over nor close",
            trigger:
                ".o_form_view:has(button[name=action_ask]:contains('Retry all')):not(:has(button[name=action_fix], button[name=action_ask]:contains('Hand over'), button[name=action_ask]:contains('Postpone'), button[name=action_ask]:contains('Close')))",
        },
        {
            content: "Neither are there settings to change",
            trigger: ".o_menu_sections button:contains('Configuration')",
            run: "click",
        },
        {
            trigger:
                ".o-dropdown--menu:has(.dropdown-item:contains('Flows')):not(:has(.dropdown-item:contains('Connect')))",
        },
    ],
});
