"""tidy.py finds what it is there to find, and nothing in what is in order."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import tidy


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.c", "x" * 91 + "\n", "a.c:1: 91 columns, 90 are the limit"),
        ("a.py", "\n" + "x" * 101 + "\n", "a.py:2: 101 columns"),
        ("a.ts", "\tx\n", "a tab"),
        ("a.md", "x \n", "white space at the end"),
        ("a.h", "/* " + "TO" + "DO: later */\n", "unfinished work"),
        ("a.md", "see /wor" + "k/main/x\n", "somebody's machine"),
        ("a.json", '"https://registry.npmjs.org/x"\n', "package registry"),
        ("a.c", "<" * 7 + " HEAD\n", "a merge that was not finished"),
        ("a.c", "x", "no line end"),
        ("a.c", "x\n" * 901, "901 lines"),
    ],
)
def test_text_that_is_not_in_order_is_found(name: str, text: str, words: str) -> None:
    assert any(words in line for line in tidy.check_text(name, text))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.c", "x" * 90 + "\n"),
        ("a.md", "x" * 300 + "\n"),
        ("Makefile", "all:\n\tcc\n"),
        ("package-lock.json", "{}\n" * 1000),
        ("a.md", "the network/root/of, TODOS and /work\n"),
        ("empty.py", ""),
    ],
)
def test_text_that_is_in_order_passes(name: str, text: str) -> None:
    assert tidy.check_text(name, text) == []


FILES = {
    "gateway/engine/a/a.h": '#ifndef TG_A_H\n#include "engine/b/b.h"\nvoid tg_a(void);\n',
    "gateway/engine/a/a.c": '#include "engine/a/a.h"\n#include "engine/b/b.h"\nint x = TG_B_MAX;\n',
    "gateway/engine/b/b.h": "#define TG_B_MAX 3\n",
}


def test_headers_in_order_pass() -> None:
    assert tidy.check_headers(FILES) == []


def test_a_header_of_no_use_is_found() -> None:
    source = '#include "engine/a/a.h"\n#include "engine/b/b.h"\n/* TG_B_MAX */\n'
    assert tidy.check_headers({**FILES, "gateway/engine/a/a.c": source}) == [
        "gateway/engine/a/a.c: uses nothing of engine/b/b.h"
    ]


def test_own_header_must_come_first() -> None:
    source = '#include "engine/b/b.h"\n#include "engine/a/a.h"\nint x = TG_B_MAX;\n'
    wrong = tidy.check_headers({**FILES, "gateway/engine/a/a.c": source})
    assert wrong == [
        "gateway/engine/a/a.c: its own header, engine/a/a.h, is not the first that it includes"
    ]


def test_a_header_that_nobody_includes_is_found() -> None:
    wrong = tidy.check_headers({**FILES, "gateway/engine/c.h": "int tg_c;\n"})
    assert wrong == ["gateway/engine/c.h: nobody includes it"]


def test_a_folder_of_vectors_needs_runners() -> None:
    files = {"protocol/vectors/reject/http/a.json": "{}", "e2e/test_x.py": "vectors reject http"}
    runners = {"reject/http": ["e2e/"]}
    assert tidy.check_vectors(files, runners) == []
    assert tidy.check_vectors(files, {"reject/http": ["e2e/", "js/"]}) == [
        "protocol/vectors/reject/http: no test in js/ walks it"
    ]
    assert "no runner is known" in tidy.check_vectors(files, {})[0]
    odd = {"protocol/vectors/README.md": "", "protocol/vectors/types/a.d.ts": ""}
    assert tidy.check_vectors(odd, {}) == [
        "protocol/vectors/types: no runner is known (tools/tidy.py)"
    ]
    assert "there is no" in tidy.check_vectors({}, runners)[0]


def test_a_lock_file_must_not_name_its_registry() -> None:
    good = '{"packages": {"": {}, "node_modules/ws": {"version": "1"}}}'
    bad = '{"packages": {"node_modules/ws": {"resolved": "somewhere"}}}'
    assert tidy.check_lockfiles({"js/package-lock.json": good}) == []
    assert tidy.check_lockfiles({"js/package-lock.json": bad}) == [
        "js/package-lock.json: node_modules/ws: has `resolved`"
    ]


def test_links_lead_somewhere() -> None:
    names = ["docs/a.md", "README.md", "protocol/schema/x.json"]
    good = "[a](../README.md) [b](../protocol/schema) [c](a.md#part) [d](https://x.example/)"
    assert tidy.check_links({"docs/a.md": good}, names) == []
    assert tidy.check_links({"docs/a.md": "x\n[b](b.md)"}, names) == [
        "docs/a.md:2: leads to docs/b.md, which is not there"
    ]


def test_new_files_are_looked_at_and_ignored_ones_not(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text("build\n")
    (tmp_path / "new.py").write_text("\n")
    (tmp_path / "build").write_text("\n")
    assert tidy.tracked(tmp_path) == [".gitignore", "new.py"]
