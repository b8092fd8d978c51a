"""Headless Chromium, driven by playwright-core in a Node process beside the tests."""

import itertools
import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 40.0


class BrowserError(AssertionError):
    """What Playwright says when something cannot be done, or did not happen in time."""


class Browser:
    def __init__(self, log: Path) -> None:
        self.log = log
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                ["node", str(HERE / "browser.mjs")],
                cwd=HERE.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
                env={**os.environ, "NODE_NO_WARNINGS": "1"},
            )
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {0: queue.Queue()}
        threading.Thread(target=self._read, daemon=True).start()
        self.version = self._wait(0)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            self._answers[message["id"]].put(message)
        for waiting in list(self._answers.values()):
            waiting.put({"error": f"the browser ended: {self.log.read_text()[-2000:]}"})

    def _wait(self, id: int) -> Any:
        try:
            answer = self._answers[id].get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise BrowserError("the browser did not answer in time") from None
        finally:
            del self._answers[id]
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    def ask(self, page: int | None, do: str, *values: Any) -> Any:
        id = next(self._ids)
        self._answers[id] = queue.Queue()
        request = {"id": id, "page": page, "do": do, "with": values}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._wait(id)

    def open(self, url: str | None = None, **options: Any) -> "Page":
        """A page in a context of its own: no cookies, an empty cache."""
        page = Page(self, self.ask(None, "open", options))
        if url:
            page.goto(url)
        return page

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Page:
    """One page. JavaScript is given as the text of a function, with one argument."""

    def __init__(self, browser: Browser, number: int) -> None:
        self._browser = browser
        self._number = number

    def _ask(self, do: str, *values: Any) -> Any:
        return self._browser.ask(self._number, do, *values)

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

    def screenshot(self, path: Path) -> None:
        self._ask("screenshot", {"path": str(path)})

    def words(self) -> list[str]:
        """What came to the console, and errors that nobody caught."""
        return self._ask("words")

    def close(self) -> None:
        self._ask("close")
