import {RelationalModel} from "@web/model/relational_model/relational_model";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";

/** One column of cards, whatever the list beside it is grouped by. */
export class FlatModel extends RelationalModel {
    load(params = {}) {
        return super.load({...params, groupBy: []});
    }
}

export const cardsView = {...kanbanView, Model: FlatModel};

registry.category("views").add("shopify_cards", cardsView);
