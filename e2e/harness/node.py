"""A Node program that answers requests: one a line on stdin, one answer a line on stdout."""

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


class NodeError(AssertionError):
    """What the program says when something cannot be done, or did not happen in time."""


class NodeProgram:
    """`ask` may be called from several threads; requests run side by side."""

    def __init__(self, script: str, log: Path) -> None:
        self.log = log
        with log.open("ab") as words:
            self.process = subprocess.Popen(
                ["node", str(HERE / script)],
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
        self.hello = self._wait(0)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            self._answers[message["id"]].put(message)
        ended = {"error": f"the program ended: {self.log.read_text()[-2000:]}"}
        for waiting in list(self._answers.values()):
            waiting.put(ended)

    def _wait(self, id: int) -> Any:
        try:
            answer = self._answers[id].get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise NodeError("no answer in time") from None
        finally:
            del self._answers[id]
        if "error" in answer:
            raise NodeError(answer["error"])
        return answer.get("value")

    def ask(self, target: int | None, do: str, *values: Any) -> Any:
        id = next(self._ids)
        self._answers[id] = queue.Queue()
        request = {"id": id, "target": target, "do": do, "with": values}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._wait(id)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
