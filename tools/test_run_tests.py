"""The counting of tests counts right; a green result that is none would hide everything."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_tests
from run_tests import Result

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] one
[       OK ] one
[ RUN      ] two
[  FAILED  ] two
[ RUN      ] three
[  SKIPPED ] three
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] two
"""


def junit(tmp_path: Path, cases: str) -> Result:
    path = tmp_path / "junit.xml"
    path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return run_tests.read_junit(path)


def test_cmocka_is_counted_by_its_own_tests() -> None:
    result = run_tests.read_cmocka("x", CMOCKA)
    assert (result.passed, result.failed) == (1, ["x: two"])
    assert [name for name, _ in result.skipped] == ["x: three"]


def test_a_program_is_one_test_if_it_says_nothing(tmp_path: Path) -> None:
    result = junit(tmp_path, '<testcase name="a"/><testcase name="b"><failure/></testcase>')
    assert (result.passed, result.failed) == (1, ["b"])


def test_errors_count_as_failures(tmp_path: Path) -> None:
    assert junit(tmp_path, '<testcase name="a"><error/></testcase>').failed == ["a"]


def test_a_leak_after_good_tests_is_a_failure(tmp_path: Path) -> None:
    good = "[       OK ] one"
    result = junit(
        tmp_path,
        f'<testcase name="a"><failure/><system-out>{good}</system-out></testcase>',
    )
    assert result.passed == 1
    assert result.failed == ["a: failed as a whole (crash, leak or sanitizer)"]


def test_skipped_tests_keep_their_reason(tmp_path: Path) -> None:
    result = junit(
        tmp_path,
        '<testcase classname="k" name="a"><skipped message="no browser"/></testcase>'
        '<testcase name="b"><skipped/></testcase>',
    )
    assert result.skipped == [("k: a", "no browser"), ("b", "no reason given")]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["false"], "exit 1 though no test failed"),
        (["no-such-program"], "exit 127"),
    ],
)
def test_a_runner_that_fails_without_a_report_is_a_failure(
    tmp_path: Path, command: list[str], words: str
) -> None:
    result = run_tests.reported(command, tmp_path / "report.xml")
    assert words in result.failed[0]


def test_an_old_report_is_not_counted_again(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testcase name="old"/></testsuites>')
    assert run_tests.reported(["true"], report).passed == 0


def test_a_part_that_ran_no_test_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(run_tests.PARTS, "empty", lambda arguments: Result())
    assert run_tests.run_part("empty", []).failed == ["ran no test"]


def test_a_part_with_only_skipped_tests_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    only = Result(skipped=[("a", "no browser")])
    monkeypatch.setitem(run_tests.PARTS, "skipping", lambda arguments: only)
    assert run_tests.run_part("skipping", []).failed == ["ran no test"]


def test_the_last_line_is_the_count() -> None:
    lines, well = run_tests.summary(
        {"c": Result(passed=3, skipped=[("a", "no redis")]), "py": Result(passed=2, failed=["b"])}
    )
    assert lines[-1] == "5 passed, 1 failed"
    assert "skipped: c: a: no redis" in lines
    assert "failed: py: b" in lines
    assert not well


def test_a_flood_of_failures_is_cut_but_counted() -> None:
    lines, _ = run_tests.summary({"e2e": Result(failed=[f"t{n}" for n in range(1000)])})
    assert lines[-1] == "0 passed, 1000 failed"
    assert lines[-2] == "failed: e2e: and 960 more; see above"
    assert len(lines) < 50


def test_nothing_at_all_is_not_well() -> None:
    assert run_tests.summary({})[1] is False


def test_unknown_parts_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_tests.main(["pepitos"]) == 2
    assert "pepitos" in capsys.readouterr().err
