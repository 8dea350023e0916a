"""Pictures of every screen, as each role sees it: `make screenshots`.

Opens the pages of a running demo (`make demo`) in Chromium and writes one PNG a page.
The demo is brought into further states for it: scripts/screen_scenes.py. A console error,
a failed request or a page that doesn't come up fails the run, so it is also a check that
the screens work in a browser.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

from scripts.screen_scenes import Desk, actions, arrange

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
SETTLE = 700  # ms, for pictures and fonts
PATIENCE = 10_000  # ms
# The greeting of Odoo's chat covers a narrow window.
NO_CHAT = """addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("style");
    style.textContent = ".o-mail-ChatHub, .o-mail-ChatWindow { display: none; }";
    document.head.append(style);
})"""
# Leaving a page cuts its requests off.
CUT_OFF = "net::ERR_ABORTED"
FORM, KANBAN, DIALOG = ".o_form_view", ".o_kanban_view", ".modal .o_form_view"
# In a narrow window a list comes as cards.
LIST = ".o_list_view, .o_kanban_view"
CELL = ".o_data_row .o_data_cell, .o_kanban_record:not(.o_kanban_ghost)"
# name: (address below /odoo, what must appear, what to press then)
PAGES = {
    "overview": ("shopify-overview", KANBAN, None),
    "review": ("shopify-review", LIST, None),
    "review-open": ("shopify-stops", LIST, ".o_group_header"),
    "orders": ("shopify-orders", LIST, None),
    "products": ("shopify-products", LIST, None),
    "customers": ("shopify-customers", LIST, None),
    "stock": ("shopify-stock", LIST, None),
    "history": ("shopify-history", LIST, None),
    "explain": ("shopify-explain", FORM, None),
    "stores": ("shopify-stores", LIST, None),
    "flows": ("shopify-flows", LIST, None),
    "locations": ("shopify-locations", LIST, None),
    "taxes": ("shopify-taxes", LIST, None),
    "payment-gateways": ("shopify-payment-gateways", LIST, None),
    "ways-of-sending": ("shopify-ways-of-sending", LIST, None),
    "needed": ("shopify-stores/1", FORM, "button[name=action_readiness]"),
    "store": ("shopify-stores/1", FORM, None),
}
OPERATORS = {"writes": ("shopify-writes", LIST, None)}
MANAGERS = {
    "settings": ("settings#shopify_connector", ".o_setting_container", None),
    "connect": ("action-shopify_connector.action_connect_wizard", ".modal", None),
    "take-over-list": ("shopify-take-over", LIST, None),
    "matching": ("shopify-matching", LIST, None),
    "matching-open": ("shopify-matching", LIST, ".o_group_header:has-text('Several')"),
    "duplicates": ("shopify-duplicates", LIST, None),
    "audits": ("action-shopify_connector.action_scan", LIST, None),
    "variant-links": ("action-shopify_connector.action_variant_links", LIST, None),
    "shared-list": ("shopify-shared", LIST, None),
    "previews": ("shopify-stops", LIST, ".o_group_header:has-text('accept')"),
}
# Pages from which the first row is opened too, and what that picture is called.
ROWS = {
    "review": "cause",
    "review-open": "review-item",
    "orders": "order",
    "matching-open": "match",
    "duplicates": "duplicate",
    "take-over-list": "take-over",
}
TABS = ("lands", "choices", "locations", "match_keys", "taxes", "status", "recovery")


class Browser:
    """One person's browser; what goes wrong in it is collected."""

    def __init__(self, playwright, address: str, folder: Path, width: int):
        self.chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        self.address = address
        self.folder = folder
        self.size = {"width": width, "height": 900}
        self.problems = []

    def log_in(self, login: str, password: str) -> None:
        context = self.chromium.new_context(viewport=self.size)
        context.add_init_script(NO_CHAT)
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()
        self.login = login
        self.page.on("console", self._console)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)
        self.page.goto(f"{self.address}/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")

    def shoot(self, name: str, path: str, appears: str, press: str | None) -> None:
        try:
            self.page.goto(f"{self.address}/odoo/{path}")
            self.page.wait_for_selector(appears)
            if press:
                self.page.wait_for_timeout(SETTLE)
            if press and self.page.query_selector(press):
                self.page.click(press)
            self.picture(name)
        except Error as error:
            self._problem(f"{name}: {error}")

    def press_and_shoot(self, name: str, selector: str, appears: str) -> None:
        """Press what is on the present page; nothing there means no such picture."""
        if not self.page.query_selector(selector):
            return
        try:
            self.page.click(selector)
            self.page.wait_for_selector(appears)
            self.picture(name)
        except Error as error:
            self._problem(f"{name}: {error}")

    def open_and_shoot(self, name: str, action: dict) -> None:
        """Open what a button's action opens."""
        try:
            self.page.goto(f"{self.address}/odoo/shopify-overview")
            self.page.wait_for_selector(KANBAN)
            self.page.evaluate(
                "a => odoo.__WOWL_DEBUG__.root.env.services.action.doAction(a).then(() => 0)",
                action,
            )
            self.page.wait_for_selector(
                DIALOG if action.get("target") == "new" else f"{LIST}, {FORM}"
            )
            self.picture(name)
        except Error as error:
            self._problem(f"{name}: {error}")

    def picture(self, name: str) -> None:
        self.page.wait_for_timeout(SETTLE)
        self.page.screenshot(path=self.folder / f"{self.login}-{name}.png")

    def _console(self, message) -> None:
        if message.type == "error":
            self._problem(f"console: {message.text[:300]}")

    def _failed(self, request) -> None:
        if request.failure != CUT_OFF:
            self._problem(f"failed: {request.url}")

    def _answered(self, response) -> None:
        if response.status >= 400:
            self._problem(f"{response.status}: {response.url}")

    def _problem(self, text: str) -> None:
        self.problems.append(f"{self.login}: {text}")


def tour(browser: Browser, pages: dict) -> None:
    for name, (path, appears, press) in pages.items():
        browser.shoot(name, path, appears, press)
        if name in ROWS:
            browser.press_and_shoot(ROWS[name], CELL, FORM)
        if name == "store":
            for tab in TABS:
                browser.press_and_shoot(f"store-{tab}", f"a[name={tab}]", FORM)


def tour_manager(browser: Browser) -> None:
    browser.log_in("admin", "admin")
    tour(browser, PAGES)
    desk = Desk(browser.page, browser.address)
    arrange(desk)
    tour(browser, OPERATORS | MANAGERS)
    for name, action in actions(desk).items():
        browser.open_and_shoot(name, action)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--address", default="http://127.0.0.1:8069")
    parser.add_argument("--width", type=int, default=1400, help="390: as on a phone")
    parser.add_argument("--folder", type=Path, default=Path(".local/screenshots"))
    return parser.parse_args()


def main() -> int:
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = Browser(playwright, options.address, options.folder, options.width)
        tour_manager(browser)
        browser.log_in("operator", "operator")
        tour(browser, PAGES | OPERATORS)
    for problem in browser.problems:
        print(f"screenshots: {problem}", file=sys.stderr)
    count = len(list(options.folder.glob("*.png")))
    print(f"screenshots: {count} pictures in {options.folder}")
    return 1 if browser.problems else 0


if __name__ == "__main__":
    sys.exit(main())
