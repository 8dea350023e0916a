import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {ListRenderer} from "@web/views/list/list_renderer";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

// How often the header looks while something is at work.
const LOOK_EVERY = 2000;

/** What was read, how far it is, and what to know before deciding. */
export class MatchingHeader extends Component {
    static template = "shopify_connector.MatchingHeader";
    static props = {reload: Function};

    setup() {
        this.orm = useService("orm");
        this.state = useState({header: {stores: []}});
        onWillStart(() => this.look());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    get isBusy() {
        return this.state.header.stores.some(
            (store) => store.scan_id || store.runs.some((run) => !run.failed)
        );
    }

    async look() {
        const wasBusy = this.isBusy;
        clearTimeout(this.timer);
        this.state.header = await this.orm.silent.call("shopify.match", "get_header", []);
        if (this.isBusy) {
            this.timer = setTimeout(() => this.look(), LOOK_EVERY);
        } else if (wasBusy) {
            this.props.reload();
        }
    }

    async read(store) {
        await this.orm.call("shopify.backend", "action_scan", [[store.id]]);
        await this.look();
    }

    async cancel(store) {
        await this.orm.call("shopify.scan", "action_cancel", [[store.scan_id]]);
        await this.look();
    }

    async ofRun(method, run) {
        await this.orm.call("shopify.match.run", method, [[run.id]]);
        await this.look();
    }

    percent(done, total) {
        return total ? Math.round((100 * done) / total) : 0;
    }
}

export class MatchingRenderer extends ListRenderer {
    static template = "shopify_connector.MatchingRenderer";
    static components = {...ListRenderer.components, MatchingHeader};

    setup() {
        super.setup();
        this.reloadRows = () => this.props.list.model.load();
    }
}

registry.category("views").add("shopify_matching", {
    ...listView,
    Renderer: MatchingRenderer,
});
