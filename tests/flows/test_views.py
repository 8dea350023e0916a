"""Every screen opens for everyone who has its menu, with all that stands on it."""

from lxml import etree

from odoo import Command
from odoo.tests import Form, new_test_user
from odoo.tools.safe_eval import safe_eval

from ..common import ShopifyCase
from .order_case import OrderCase

ROLES = ("user", "operator", "manager")
LINKED_FORMS = (
    "product.template",
    "product.product",
    "res.partner",
    "sale.order",
    "stock.picking",
    "stock.warehouse",
    "stock.location",
)


class RoleUsers:
    """One user a role, who also sells and ships as people in a shop do."""

    def setUp(self):
        super().setUp()
        self.users = {
            role: new_test_user(
                self.env,
                f"shopify_{role}",
                f"shopify_connector.group_{role},sales_team.group_sale_salesman,"
                "stock.group_stock_user",
            )
            for role in ROLES
        }

    def menus(self, user):
        """Our menus as this user sees them, those with an action."""
        menus = self.env["ir.ui.menu"].with_user(user)
        root = self.env.ref("shopify_connector.menu_root")
        shown = menus.browse(menus._visible_menu_ids()) & menus.search(
            [("id", "child_of", root.id)]
        )
        return shown.filtered("action")


class TestViews(RoleUsers, OrderCase):
    """With one order brought in and one stopped for an unlinked variant."""

    store_values = {"product_policy": "link_only"}

    def setUp(self):
        super().setUp()
        belt = self.shop.create_product("Belt", [{"sku": "BELT", "price": "15.00"}])
        self.variants["BELT"] = belt["variants"][0]
        self.good = self.order([("SHIRT", 1)])
        self.stopped = self.order([("BELT", 1)])
        self.sync(self.good, self.stopped)

    def open(self, user, action):
        """What the web client asks for: views, then the rows with all fields shown."""
        model = self.env[action.res_model].with_user(user)
        kinds = action.view_mode.split(",")
        first = action.view_id.id
        views = [(first if n == 0 else False, kind) for n, kind in enumerate(kinds)]
        if len(kinds) > 1 or kinds[0] != "form":
            views.append((False, "search"))
        archs = model.get_views(views, {"load_filters": True})["views"]
        for kind, view in archs.items():
            if kind != "search":
                self.read(model, view["arch"], action)
        return archs

    def read(self, model, arch, action):
        specification = _specification(etree.fromstring(arch))
        if model._transient:
            return model.onchange({}, [], specification)
        return model.web_search_read(self.eval(action.domain or "[]"), specification)

    def eval(self, text):
        return safe_eval(text, {"uid": self.env.uid})

    def test_every_menu_opens_for_everyone_who_has_it(self):
        opened = {}
        for role, user in self.users.items():
            for menu in self.menus(user):
                with self.subTest(role=role, menu=menu.name):
                    self.open(user, menu.action.sudo())
                    opened.setdefault(role, set()).add(menu.name)

        self.assertLess(opened["user"], opened["operator"])
        self.assertLess(opened["operator"], opened["manager"])
        self.assertIn("To Review", opened["user"])
        self.assertIn("Shopify Writes", opened["operator"] - opened["user"])
        self.assertIn("Connect a Store", opened["manager"] - opened["operator"])

    def test_forms_of_odoo_records_show_their_links_to_shopify_users(self):
        order = self.sale_order(self.good)
        records = {
            "product.template": order.order_line.product_id[:1].product_tmpl_id,
            "product.product": order.order_line.product_id[:1],
            "res.partner": order.partner_id,
            "sale.order": order,
            "stock.picking": order.picking_ids[:1],
            "stock.warehouse": self.warehouse,
            "stock.location": self.warehouse.lot_stock_id,
        }
        user = self.users["user"]
        for model in LINKED_FORMS:
            with self.subTest(model):
                record = records[model].with_user(user)
                self.assertTrue(record)
                with_user = self.env[model].with_user(user)
                arch = with_user.get_views([(False, "form")])["views"]["form"]["arch"]
                tree = etree.fromstring(arch)
                self.assertTrue(tree.xpath("//field[@name='shopify_binding_ids']"))
                self.assertTrue(tree.xpath("//button[@name='action_shopify_syncs']"))
                record.web_read(_specification(tree))
                record.action_shopify_history()

    def test_sale_order_form_names_the_order_of_shopify(self):
        order = self.sale_order(self.good).with_user(self.users["user"])

        self.assertEqual(order.shopify_state, "done")
        self.assertEqual(order.shopify_order_name, self.good["name"])
        self.assertEqual(order.shopify_binding_ids.shopify_gid, self.good["id"])
        syncs = self.env["shopify.sync"].search(order.action_shopify_syncs()["domain"])
        self.assertIn(self.good["id"], syncs.mapped("subject_key"))

    def test_history_of_an_order_tells_what_happened(self):
        order = self.sale_order(self.good).with_user(self.users["user"])

        events = self.env["shopify.event"].search(
            order.action_shopify_history()["domain"]
        )

        self.assertEqual(set(events.mapped("subject_key")), {self.good["id"]})
        self.assertIn("Synced", events.mapped("outcome_label"))

    def test_overview_counts_are_the_rows_behind_them(self):
        backend = self.backend.with_user(self.users["user"])

        self.assertEqual(backend.orders_today_count, 1)
        # The order that waits, and the product that it waits for.
        self.assertEqual(backend.review_count, 2)
        self.assertEqual(backend.cause_count, 2)
        self.assertEqual(self.rows_behind(backend.action_open_orders_today()), 1)
        self.assertEqual(self.rows_behind(backend.action_open_review()), 2)
        self.assertEqual(
            self.rows_behind(backend.action_open_waiting()), backend.waiting_count
        )
        self.assertEqual(
            self.rows_behind(backend.action_open_variants()), backend.variant_link_count
        )

    def rows_behind(self, action):
        """How many rows an action opens, its filters applied as the web client does."""
        model = self.env[action["res_model"]]
        search = model.get_views([(False, "search")])["views"]["search"]["arch"]
        filters = {
            node.get("name"): node.get("domain")
            for node in etree.fromstring(search).iter("filter")
        }
        domain = list(self.eval(action["domain"] or "[]"))
        for key, value in action["context"].items():
            name = key.removeprefix("search_default_")
            if filters.get(name):
                domain += self.eval(filters[name])
            elif name in model._fields:
                domain += [(name, "=", value)]
        return model.search_count(domain)

    def test_clerk_works_on_an_order_that_came_from_shopify(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            "sales_team.group_sale_salesman_all_leads,stock.group_stock_user",
        )
        order = self.sale_order(self.good).with_user(clerk)

        order.read()
        order.note = "Call before noon"
        picking = order.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking.button_validate()

        self.assertEqual(picking.state, "done")
        triggers = self.env["shopify.trigger"].search(
            [("subject_type", "=", picking._name)]
        )
        self.assertEqual(triggers.mapped("subject_key"), [str(picking.id)])

    def test_readiness_counts_the_variants_that_orders_wait_for(self):
        self.backend.flow_ids.owner_id = self.users["operator"]

        ready = dict(self.backend._readiness())

        self.assertEqual(ready["Orders"], ["variants not linked: 1"])


class TestScreens(RoleUsers, ShopifyCase):
    def test_someone_without_a_shopify_role_has_no_menu(self):
        clerk = new_test_user(self.env, "clerk", "sales_team.group_sale_salesman")

        self.assertFalse(self.menus(clerk))

    def test_links_are_read_only_on_every_form(self):
        for model in LINKED_FORMS:
            views = self.env[model].get_views([(False, "form")])["views"]
            tree = etree.fromstring(views["form"]["arch"])
            for node in tree.xpath("//field[@name='shopify_binding_ids']"):
                self.assertEqual(node.get("readonly"), "1", model)
                inner = node.find("list")
                for right in ("create", "edit", "delete"):
                    self.assertEqual(inner.get(right), "false", (model, right))

    def test_secrets_are_shown_to_nobody_below_a_manager(self):
        for role in ("user", "operator"):
            views = self.env["shopify.backend"].with_user(self.users[role])
            arch = views.get_views([(False, "form")])["views"]["form"]["arch"]
            for name in ("client_secret", "access_token", "client_id", "webhook_key"):
                self.assertNotIn(f'name="{name}"', arch)

    def test_manager_sees_secrets_as_dots(self):
        views = self.env["shopify.backend"].with_user(self.users["manager"])
        arch = views.get_views([(False, "form")])["views"]["form"]["arch"]
        for name in ("client_secret", "access_token"):
            (node,) = etree.fromstring(arch).xpath(f"//field[@name='{name}']")
            self.assertEqual(node.get("password"), "True")

    def test_pause_is_shown_with_its_reason_and_resumed_by_an_operator(self):
        flow = self.backend.flow_ids.filtered(lambda row: row.flow == "orders")
        flow.write({"paused_at": "2026-01-01", "paused_message": "It is broken."})

        self.assertEqual(self.backend.paused_message, "Orders paused: It is broken.")
        self.backend.with_user(self.users["operator"]).action_resume_flows()

        self.assertFalse(flow.paused_at)
        self.assertFalse(self.backend.paused_message)

    def test_flow_that_lacks_nothing_is_ready(self):
        self.backend.flow_ids.owner_id = self.users["operator"]

        self.assertEqual(dict(self.backend._readiness())["Customers"], [])
        self.assertIn("<b>Customers</b>: ready", self.backend._readiness_html())

    def test_readiness_warns_where_odoo_mails_deliveries_too(self):
        self.backend.flow_ids.owner_id = self.env.user
        quiet = dict(self.backend._readiness())["Fulfilments"]
        self.company.stock_move_email_validation = True

        loud = dict(self.backend._readiness())["Fulfilments"]

        self.assertEqual(len(loud), len(quiet) + 1)
        self.assertIn("Odoo mails the customer at each delivery", loud[-1])

    def test_readiness_names_the_owner_the_scope_and_the_location_that_are_missing(
        self,
    ):
        locations = self.backend.location_ids
        locations[:1].warehouse_id = False
        self.backend.granted_scopes = "read_products,read_inventory,write_products"

        ready = dict(self.backend._readiness())

        self.assertIn("nobody looks after its stops yet", ready["Customers"])
        self.assertIn("permission missing in Shopify: read_orders", ready["Orders"])
        self.assertIn(f"no warehouse for {locations[:1].name}", ready["Stock"])

    def test_banner_says_when_another_address_stands_in_for_shopify(self):
        self.assertEqual(self.backend.api_url_override, self.emulator.url_template)

    def test_settings_count_stores_and_keep_retention(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.shopify_store_count, 1)
        self.assertEqual(settings.shopify_connected_count, 1)
        self.assertEqual(settings.shopify_history_days, 180)

        with Form(settings) as form:
            form.shopify_history_days = 30
        settings.execute()

        self.assertEqual(self.backend._parameter("history_days"), 30.0)

    def test_retention_is_never_shorter_than_a_day(self):
        settings = self.env["res.config.settings"].create({"shopify_history_days": 0})
        settings.execute()

        self.assertEqual(self.backend._parameter("history_days"), 1.0)

    def test_empty_list_says_what_went_well(self):
        review = self.env["shopify.sync"].with_context(shopify_review=True)

        text = review.get_empty_list_help("")

        done = self.env["shopify.sync"].search_count([("state", "=", "done")])
        self.assertIn("Nothing to review.", text)
        self.assertIn(f"{done} records were synced since yesterday.", text)

    def test_clerk_without_a_shopify_role_works_as_before(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            "sales_team.group_sale_manager,stock.group_stock_manager,"
            "product.group_product_manager,base.group_partner_manager",
        )
        env = self.env(user=clerk)
        product = env["product.product"].create(
            {"name": "Plain", "is_storable": True, "list_price": 5.0}
        )
        partner = env["res.partner"].create({"name": "Walk-in"})
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [Command.create({"product_id": product.id})],
            }
        )
        order.action_confirm()
        picking = order.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(picking.state, "done")

        for record in (product, product.product_tmpl_id, partner, order, picking):
            self.assertTrue(record.read(), record._name)
            arch = record.get_views([(False, "form")])["views"]["form"]["arch"]
            self.assertNotIn("shopify", arch, record._name)
        draft = order.copy()
        draft.unlink()
        self.assertFalse(draft.exists())


def _specification(tree):
    """{field: spec} of a form or list, sub-views included, as web_read takes it."""
    found = {}
    for node in tree.iterdescendants("field"):
        parents = [up for up in node.iterancestors("field") if up in tree.iter()]
        if any(up is not tree for up in parents):
            continue
        inner = node.find("list")
        spec = {}
        if inner is not None:
            spec = {"fields": _specification(inner)}
        found[node.get("name")] = spec
    return found
