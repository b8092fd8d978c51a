"""docs/reference/promises.md names the tests that hold its sentences: they must be there."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/reference/promises.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    """As a sentence and the name of a function have in common."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower().replace("'", "")).strip()


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return listed.stdout.splitlines()


def test_every_test_that_a_promise_names_is_there() -> None:
    sources = [
        (ROOT / name).read_text(encoding="utf-8")
        for name in tracked()
        if re.search(r"test[^/]*\.(c|py|ts)$", name)
    ]
    known = words("\n".join(sources))
    named = re.findall(r"\*([a-z][^*]+)\*", PAGE)
    assert len(named) > 15, "names that are not read prove nothing"
    assert [name for name in named if f" {words(name)} " not in known] == []


def test_every_file_that_a_promise_names_is_there() -> None:
    named = re.findall(r"`([\w./-]+\.(?:c|py|ts|json))`", PAGE)
    files = [f"/{name}" for name in tracked()]
    assert len(named) > 10, "files that are not read prove nothing"
    assert [name for name in named if not any(one.endswith(f"/{name}") for one in files)] == []
