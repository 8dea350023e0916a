import {Component, onWillStart, useState} from "@odoo/owl";
import {useBus, useService} from "@web/core/utils/hooks";
import {registry} from "@web/core/registry";

/** A bar on every screen of the Shopify app while a store is a copy. */
export class ShopifyCopyBar extends Component {
    static template = "shopify_connector.CopyBar";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.menus = useService("menu");
        this.state = useState({names: ""});
        onWillStart(() => this.look());
        useBus(this.env.bus, "ACTION_MANAGER:UI-UPDATED", () => this.look());
    }

    async look() {
        const app = this.menus.getCurrentApp();
        if (!app || app.xmlid !== "shopify_connector.menu_root") {
            this.state.names = "";
            return;
        }
        const stores = await this.orm.silent.searchRead(
            "shopify.backend",
            [["state", "=", "copy"]],
            ["name"]
        );
        this.state.names = stores.map((store) => store.name).join(", ");
    }
}

registry
    .category("main_components")
    .add("shopify_connector.copy_bar", {Component: ShopifyCopyBar});
