"""Noticing that the project's code changed, without restarting anything."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.apps import apps
from django.utils.autoreload import StatReloader

POLL_SECONDS: Final = 1.0


class CodeWatcher:
    """Calls `changed` in its own thread after Python files of the project changed, came
    or went: those that are loaded, and all in the directories of the apps."""

    def __init__(self, changed: Callable[[Path], None]) -> None:
        self._changed = changed
        self._stop = threading.Event()
        self._files = StatReloader()
        self._directories = [
            Path(config.path).absolute()
            for config in apps.get_app_configs()
            if "site-packages" not in Path(config.path).parts
        ]
        for directory in self._directories:
            self._files.watch_dir(directory, "*.py")
        self._seen = dict(self._files.snapshot_files())
        self._thread = threading.Thread(
            target=self._run, name="telegraphy-watcher", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def look(self) -> Path | None:
        """A file that changed since the last look."""
        now = dict(self._files.snapshot_files())
        before, self._seen = self._seen, now
        for path, modified in now.items():
            if path in before:
                if modified != before[path]:
                    return path
            elif path.parent in self._directories:  # else it was only loaded late
                return path
        return next((path for path in before if path not in now), None)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            path = self.look()
            if path is not None:
                self._changed(path)
