"""What the guides show of queries, and what they say that the gateway says, is so."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.gateway import ROOT, binary, event_type, field, plain_binary

QUERIES = (ROOT / "docs/guide/queries.md").read_text("utf-8")
COMMAND = (ROOT / "docs/reference/command.md").read_text("utf-8")
PROTOCOL = (ROOT / "protocol/QUERY.md").read_text("utf-8")

ORDER = event_type(
    "shop.Order",
    operations=["create", "update", "delete"],
    key=["id"],
    fields=[
        field("id", "int"),
        field("number", "string"),
        field("status", "string", nullable=True),
        field("total", "decimal", nullable=True),
        field("limit", "decimal"),
        field("region", "string"),
        field("room", "int"),
        field("tags", "list", items="string"),
        field("created", "timestamp"),
        field("due", "date"),
        field("took", "duration"),
        field("payload", "json"),
        *(field(name, "json") for name in "ab"),
        field("customer_id", "int", hidden=True),
    ],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.json").write_text(json.dumps({"app": "shop", "types": [ORDER]}))
    paid = {"op": "create", "data": {"id": 1, "status": "paid"}}
    (tmp_path / "paid.json").write_text(json.dumps(paid))
    return tmp_path


def said(folder: Path, *arguments: str) -> str:
    """All that it writes, in whatever way it ends."""
    done = subprocess.run(
        [str(binary()), "query", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=30,
    )
    return done.stdout


def steps(text: str) -> list[tuple[str, str]]:
    """Of a page's transcripts with queries: what is typed, and what follows."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    found = []
    for block in blocks:
        if "$ telegraphy query " in block:
            for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = step.partition("\n")
                found.append((command, output))
    return found


@pytest.mark.parametrize(("page", "count"), [(QUERIES, 4), (COMMAND, 6), (PROTOCOL, 3)])
def test_transcripts_are_what_the_program_says(page: str, count: int, folder: Path) -> None:
    shown = steps(page)
    for command, output in shown:
        program, *arguments = shlex.split(command)
        if program == "cat":
            (folder / arguments[0]).write_text(output)
        elif output:
            assert said(folder, *arguments[1:]) == output, command
        else:  # an example of how to call it
            assert "wants" not in said(folder, *arguments[1:]), command
    assert len(shown) == count, "transcripts that are not read prove nothing"


def check(folder: Path, query: str) -> str:
    return said(folder, "check", query, "--schema", "shop.json").splitlines()[0]


RIGHT = "telegraphy: the query is right"


def test_common_mistakes_are_told_word_for_word(folder: Path) -> None:
    table = QUERIES.split("## Common mistakes")[1]
    rows = re.findall(r"^\| `(.+?)`.* \| `(query_\w+)`: `(.+?)`.* \| (.+) \|$", table, re.MULTILINE)
    for wrong, code, message, right in rows:
        assert check(folder, wrong).startswith(f"telegraphy: {code}: {message} at line 1, ")
        if right.startswith("`"):
            assert check(folder, right.strip("`")) == RIGHT, right
    assert len(rows) == 27, "rows that are not read prove nothing"


def test_queries_of_the_guide_are_right(folder: Path) -> None:
    def part(heading: str) -> str:
        return QUERIES.split(f"\n## {heading}")[1].split("\n## ")[0]

    rows = re.findall(r"^\| [a-zA-Z ]+ \| (.+) \|$", part("The first query"), re.MULTILINE)
    shown = [
        *(query for row in rows for query in re.findall(r"`([^`]+)`", row)),
        *re.findall(r"where: '([^']+)'", QUERIES),
        *re.findall(r"^\| `([^`]+)` \| ", part("Null, absent"), re.MULTILINE),
    ]
    for query in shown:
        if "totl" not in query:
            assert check(folder, query.replace("\\|", "|")) == RIGHT, query
    assert len(shown) == 33, "queries that are not read prove nothing"


def test_the_example_in_c_is_built_as_it_says_and_says_what_it_shows(tmp_path: Path) -> None:
    example = shutil.copytree(
        ROOT / "examples/query", tmp_path / "examples/query", ignore=lambda *_: ["query"]
    )
    built = plain_binary().parent / "engine"
    make = ["make", "-C", str(example), f"ROOT={ROOT}", f"BUILT={built}"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, timeout=120)
    readme = (example / "README.md").read_text("utf-8")
    [transcript] = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    *_, last = transcript.split("$ ")
    command, _, output = last.partition("\n")
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=30
    )
    assert (done.stdout, done.stderr) == (output, "")
