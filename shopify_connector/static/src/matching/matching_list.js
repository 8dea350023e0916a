import {Component, onPatched, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {KanbanRenderer} from "@web/views/kanban/kanban_renderer";
import {ListRenderer} from "@web/views/list/list_renderer";
import {cardsView} from "../cards";
import {listView} from "@web/views/list/list_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

// How often the header looks while something is at work.
const LOOK_EVERY = 2000;

/** What was read, how far it is, and what to know before deciding. */
export class MatchingHeader extends Component {
    static template = "shopify_connector.MatchingHeader";
    static props = {reload: Function, keys: {type: Boolean, optional: true}};

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

// What a key does to the row that has the focus, or to the chosen rows.
const ACTS = {a: "action_accept", n: "action_never"};
const CHOOSE = "c";

export class MatchingRenderer extends ListRenderer {
    static template = "shopify_connector.MatchingRenderer";
    static components = {...ListRenderer.components, MatchingHeader};

    setup() {
        super.setup();
        this.actions = useService("action");
        this.reloadRows = () => this.props.list.model.load();
        this.focusNext = -1;
        onPatched(() => this.focusRow());
    }

    onCellKeydownReadOnlyMode(hotkey, cell, group, record) {
        if (record && hotkey === CHOOSE) {
            const several = record.data.verdict === "ambiguous";
            this.press(several ? "action_open" : "action_choose_other", [record], cell);
            return true;
        }
        if (record && hotkey in ACTS) {
            const chosen = this.props.list.selection;
            this.press(ACTS[hotkey], chosen.length ? chosen : [record], cell);
            return true;
        }
        return super.onCellKeydownReadOnlyMode(hotkey, cell, group, record);
    }

    press(name, records, cell) {
        const row = cell ? this.rows.indexOf(cell.closest("tr")) : -1;
        return this.actions.doActionButton({
            type: "object",
            name,
            resModel: this.props.list.resModel,
            resIds: records.map((record) => record.resId),
            context: this.props.list.context,
            onClose: () => {
                this.focusNext = row;
                return this.reloadRows();
            },
        });
    }

    get rows() {
        return [...this.tableRef.el.querySelectorAll(".o_data_row")];
    }

    /** The row that took the place of the one that is decided. */
    focusRow() {
        if (this.focusNext < 0) {
            return;
        }
        const row = this.rows[Math.min(this.focusNext, this.rows.length - 1)];
        this.focusNext = -1;
        row?.querySelector(".o_data_cell")?.focus();
    }
}

registry.category("views").add("shopify_matching", {
    ...listView,
    Renderer: MatchingRenderer,
});

export class MatchingCards extends KanbanRenderer {
    static template = "shopify_connector.MatchingCards";
    static components = {...KanbanRenderer.components, MatchingHeader};

    setup() {
        super.setup();
        this.reloadRows = () => this.props.list.model.load();
    }
}

registry.category("views").add("shopify_matching_cards", {
    ...cardsView,
    Renderer: MatchingCards,
});
