"""Pictures of every screen, as each role sees it: `make screenshots`.

Opens the pages of a running demo (`make demo`) in Chromium and writes one PNG a page.
A console error, a failed request or a page that doesn't come up fails the run, so it is
also a check that the screens work in a browser.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
SETTLE = 700  # ms, for pictures and fonts
# Leaving a page cuts its requests off.
CUT_OFF = "net::ERR_ABORTED"
LIST, FORM, KANBAN = ".o_list_view", ".o_form_view", ".o_kanban_view"
# name: (address below /odoo, what must appear, what to press then)
PAGES = {
    "overview": ("shopify-overview", KANBAN, None),
    "review": ("shopify-review", LIST, None),
    "review-open": ("shopify-review", LIST, ".o_group_header"),
    "orders": ("shopify-orders", LIST, None),
    "products": ("shopify-products", LIST, None),
    "customers": ("shopify-customers", LIST, None),
    "stock": ("shopify-stock", LIST, None),
    "history": ("shopify-history", LIST, None),
    "stores": ("shopify-stores", LIST, None),
    "flows": ("shopify-flows", LIST, None),
    "locations": ("shopify-locations", LIST, None),
    "taxes": ("shopify-taxes", LIST, None),
    "store": ("shopify-stores/1", FORM, None),
}
OPERATORS = {"writes": ("shopify-writes", LIST, None)}
MANAGERS = {
    "settings": ("settings#shopify_connector", ".o_setting_container", None),
    "connect": ("action-shopify_connector.action_connect_wizard", ".modal", None),
}


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


def tour(browser: Browser, login: str, pages: dict) -> None:
    browser.log_in(login, login)
    for name, (path, appears, press) in pages.items():
        browser.shoot(name, path, appears, press)
        if name == "review-open":
            browser.press_and_shoot("review-item", ".o_data_row .o_data_cell", FORM)
        if name == "orders":
            browser.press_and_shoot("order", ".o_data_row .o_data_cell", FORM)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--address", default="http://127.0.0.1:8069")
    parser.add_argument("--width", type=int, default=1400, help="400: as on a phone")
    parser.add_argument("--folder", type=Path, default=Path(".local/screenshots"))
    return parser.parse_args()


def main() -> int:
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = Browser(playwright, options.address, options.folder, options.width)
        tour(browser, "admin", PAGES | OPERATORS | MANAGERS)
        tour(browser, "operator", PAGES | OPERATORS)
    for problem in browser.problems:
        print(f"screenshots: {problem}", file=sys.stderr)
    count = len(list(options.folder.glob("*.png")))
    print(f"screenshots: {count} pictures in {options.folder}")
    return 1 if browser.problems else 0


if __name__ == "__main__":
    sys.exit(main())
