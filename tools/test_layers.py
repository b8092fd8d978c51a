"""The layer guard finds what it is there to find."""

from __future__ import annotations

import subprocess
from pathlib import Path

import layers
import pytest

TABLE = layers.read_table(
    "engine/base:\n"
    "engine/json: # comment\n"
    "engine/hub: engine/json\n"
    "server/net: engine/hub\n"
    "server/main: *\n"
    "<string.h> <stdio.h>: *\n"
    "<time.h>: server/*\n"
    "<uv.h>: server/net\n"
)


def test_uses_reaches_down_through_other_layers() -> None:
    assert TABLE.uses("server/net") == {"engine/hub", "engine/json", "engine/base"}
    assert TABLE.uses("engine/base") == set()
    assert "server/net" in TABLE.uses("server/main")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("engine/base\n", "no colon"),
        ("engine/base:\nengine/base:\n", "appears twice"),
        ("engine/base: engine/nothing\n", "no layer"),
        ("engine/a: engine/b\nengine/b:\n", "stands above"),
    ],
)
def test_a_table_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layers.read_table(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("engine/json/a.c", '#include "engine/base/buf.h"\n#include <string.h>\n'),
        ("engine/hub/a.c", '#include "engine/hub/a.h"\n#include "engine/json/json.h"\n'),
        ("engine/hub/a_test.c", '#include "testing/heap.h"\n#include <time.h>\nfree(x);\n'),
        ("engine/base/mem.c", "void *p = malloc(3); free(p);\n"),
        ("engine/hub/a.c", '/* malloc(3) */ // time()\nputs_x("free(p)"); h->free(p); tg_free(p);'),
        ("server/net/a.c", "#include <uv.h>\n#include <time.h>\nfree(p);\n"),
        ("server/main/a.c", '#include "server/net/net.h"\n'),
    ],
)
def test_what_is_allowed_passes(name: str, text: str) -> None:
    assert layers.check_file(TABLE, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("engine/json/a.c", '\n#include "engine/hub/hub.h"\n', "a.c:2: engine/json may not use"),
        ("engine/hub/a.h", '#include "server/net/net.h"\n', "may not use server/net"),
        ("engine/hub/a_test.c", '#include "server/net/net.h"\n', "may not use server/net"),
        ("engine/json/a.c", '#include "testing/heap.h"\n', "may not use testing"),
        ("engine/json/a.c", '#include "buf.h"\n', "in no layer"),
        ("engine/hub/a.c", "#include <time.h>\n", "may not include <time.h>"),
        ("engine/hub/a.c", "#include <pthread.h>\n", "may not include <pthread.h>"),
        ("server/main/a.c", "#include <uv.h>\n", "may not include <uv.h>"),
        ("engine/hub/a.c", "\n\nx = malloc(3);\n", "a.c:3: malloc() in engine/"),
        ("engine/base/map.c", "free (x);\n", "free() in engine/"),
        ("engine/base/mem.c", "now = time(NULL);\n", "time() in engine/"),
    ],
)
def test_what_is_not_allowed_is_found(name: str, text: str, words: str) -> None:
    assert any(words in line for line in layers.check_file(TABLE, name, text))


def make_tree(tmp_path: Path) -> Path:
    gateway = tmp_path / "gateway"
    for layer in ("engine/base", "engine/json", "engine/hub"):
        (gateway / layer).mkdir(parents=True)
        (gateway / layer / "a.c").write_text("\n")
    (gateway / "LAYERS").write_text("engine/base:\nengine/json:\nengine/hub: engine/json\n")
    return gateway


def test_a_folder_without_an_entry_and_an_entry_without_a_folder(tmp_path: Path) -> None:
    gateway = make_tree(tmp_path)
    assert layers.check(gateway) == []
    (gateway / "engine/new").mkdir()
    (gateway / "engine/new/a.c").write_text("\n")
    (gateway / "engine/json/a.c").unlink()
    assert layers.check(gateway) == [
        "gateway/engine/new is not in gateway/LAYERS",
        "gateway/LAYERS: there is no gateway/engine/json",
    ]


def compile_layers(gateway: Path, build: Path, sources: dict[str, str]) -> None:
    for layer, source in sources.items():
        (build / layer).mkdir(parents=True)
        code = gateway / layer / "a.c"
        code.write_text(source)
        unit = build / layer / "a.o"
        subprocess.run(["cc", "-c", str(code), "-o", str(unit)], check=True)
        library = build / layer / f"libtg_{layer.split('/')[1]}.a"
        subprocess.run(["ar", "rcs", str(library), str(unit)], check=True)


def test_linking_finds_an_upward_call_that_no_include_betrays(tmp_path: Path) -> None:
    gateway, build = make_tree(tmp_path), tmp_path / "build"
    down = {
        "engine/base": "int base(void) { return 1; }",
        "engine/json": "int base(void); int json(void) { return base(); }",
        "engine/hub": "int json(void); int hub(void) { return json(); }",
    }
    compile_layers(gateway, build, down)
    assert layers.link(gateway, build, ["cc"]) == (3, [])

    up = {**down, "engine/json": "int hub(void); int json(void) { return hub(); }"}
    compile_layers(gateway, tmp_path / "bad", up)
    linked, wrong = layers.link(gateway, tmp_path / "bad", ["cc"])
    assert linked == 3
    assert wrong == ["gateway/engine/json calls what it may not use: hub"]
