"""Headless Chromium, driven by playwright-core in a Node program beside the tests."""

from pathlib import Path
from typing import Any

from .node import NodeProgram


class Browser(NodeProgram):
    def __init__(self, log: Path) -> None:
        super().__init__("browser.mjs", log)

    def open(self, url: str | None = None, **options: Any) -> "Page":
        """A page in a context of its own: no cookies, an empty cache."""
        page = Page(self, self.ask(None, "open", options))
        if url:
            page.goto(url)
        return page


class Page:
    """One page. JavaScript is given as the text of a function, with one argument."""

    def __init__(self, browser: Browser, number: int) -> None:
        self._browser = browser
        self._number = number

    def _ask(self, do: str, *values: Any) -> Any:
        return self._browser.ask(self._number, do, *values)

    def beside(self, url: str) -> "Page":
        """Another tab: it shares the cookies, and ends with this one."""
        tab = Page(self._browser, self._ask("beside"))
        tab.goto(url)
        return tab

    def cookie(self, name: str) -> dict[str, Any] | None:
        """As the browser has it: `value`, `expires` (seconds), `sameSite`, `secure`, …"""
        return next((one for one in self._ask("cookies") if one["name"] == name), None)

    def goto(self, url: str) -> None:
        self._ask("goto", url)

    def fill(self, selector: str, text: str) -> None:
        self._ask("fill", selector, text)

    def select(self, selector: str, value: str) -> None:
        self._ask("selectOption", selector, value)

    def click(self, selector: str) -> None:
        self._ask("click", selector)

    def text(self, selector: str) -> str:
        return self._ask("innerText", selector)

    def evaluate(self, function: str, argument: Any = None) -> Any:
        return self._ask("evaluate", function, argument)

    def wait_for(self, function: str, argument: Any = None, timeout_s: float = 20) -> Any:
        """Until `function` gives something true; returns that."""
        return self._ask("waitFor", function, argument, timeout_s * 1000)

    def screenshot(self, path: Path, **options: Any) -> None:
        self._ask("screenshot", {"path": str(path), **options})

    def words(self) -> list[str]:
        """What came to the console, and errors that nobody caught."""
        return self._ask("words")

    def close(self) -> None:
        self._ask("close")
