#!/usr/bin/env python3
"""Run the parts of the tests, all of them whatever fails, and count.

    tools/run_tests.py PART... [-- ARGUMENTS FOR THE PART'S RUNNER]

Parts: lint tools c threads py js e2e. The last line is `N passed, N failed`; skipped tests
are listed with their reasons. The exit code is 0 only if nothing failed and every part ran
at least one test: a part that could not even start counts as one failure.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
STEP = str(ROOT / "tools/step.sh")
# Of the failed tests of one part, in the closing lines.
NAMED_MAX = 40


# A finding ends the program, so that no test can pass over it.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


@dataclass
class Result:
    """What a part's tests came to."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Result) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


# ---- reading reports


CMOCKA_LINE = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] ([^\s:]+)$", re.MULTILINE)


def read_cmocka(name: str, output: str) -> Result:
    """The tests that one cmocka program reports in its output."""
    result = Result()
    for word, test in dict.fromkeys(CMOCKA_LINE.findall(output)):
        if word == "OK":
            result.passed += 1
        elif word == "FAILED":
            result.failed.append(f"{name}: {test}")
        else:
            result.skipped.append((f"{name}: {test}", "skipped by the test itself"))
    return result


def read_junit(path: Path) -> Result:
    """The tests of a JUnit file, as pytest, Vitest and Meson write it.

    Meson counts a program as one test; if the program is cmocka's, its output says more.
    """
    result = Result()
    for case in ET.parse(path).getroot().iter("testcase"):
        group = case.get("classname") or case.get("file") or ""
        name = str(case.get("name"))
        if group and not name.startswith(group):
            name = f"{group}: {name}"
        output = "\n".join(
            text for tag in ("system-out", "system-err") for text in [case.findtext(tag)] if text
        )
        bad = case.find("failure") is not None or case.find("error") is not None
        inner = read_cmocka(name, output)
        if inner.passed or inner.failed or inner.skipped:
            result.add(inner)
            if bad and not inner.failed:
                result.failed.append(f"{name}: failed as a whole (crash, leak or sanitizer)")
        elif bad:
            result.failed.append(name)
        elif (skipped := case.find("skipped")) is not None:
            reason = skipped.get("message") or (skipped.text or "").strip() or "no reason given"
            result.skipped.append((name, reason))
        else:
            result.passed += 1
    return result


# ---- running


def run(command: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> int:
    """Run with the output going to the terminal; the exit code."""
    sys.stdout.flush()
    try:
        return subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}).returncode
    except FileNotFoundError as error:
        print(f"cannot run {command[0]}: {error.strerror}")
        return 127


def reported(command: list[str], report: Path, **how) -> Result:
    """Run a command that leaves a JUnit report; both its words and its exit code count."""
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    status = run(command, **how)
    result = Result()
    if report.is_file():
        try:
            result = read_junit(report)
        except ET.ParseError as error:
            result.failed.append(f"{report.relative_to(ROOT)} is not readable: {error}")
    if status != 0 and not result.failed:
        result.failed.append(f"{' '.join(command)}: exit {status} though no test failed")
    return result


def targets(build: Path, suite: str) -> list[str]:
    """The programs that the tests of a suite run, as Ninja knows them; none: build all."""
    if not suite:
        return []
    # Configure anew if a meson.build has changed.
    subprocess.run(["ninja", "-C", str(build), "build.ninja"], capture_output=True, check=False)
    tests = json.loads((build / "meson-info/intro-tests.json").read_text(encoding="utf-8"))
    found = set()
    for test in tests:
        if any(name.split(":")[-1] == suite for name in test["suite"]):
            for word in test["cmd"]:
                if Path(word).is_absolute() and build in Path(word).parents:
                    found.add(str(Path(word).relative_to(build)))
    return sorted(found) or ["build.ninja"]


def meson(folder: str, options: list[str], suite: str, arguments: list[str]) -> Result:
    """Configure and compile build/FOLDER if need be, then `meson test`."""
    build = BUILD / folder
    if not (build / "build.ninja").is_file():
        setup = ["meson", "setup", str(build), "gateway", "-Db_lundef=false", *options]
        if run([STEP, f"configuring build/{folder}", *setup]) != 0:
            return Result(failed=[f"build/{folder} could not be configured"])
    if run([STEP, f"compiling build/{folder}", "ninja", "-C", str(build), *targets(build, suite)]):
        return Result(failed=[f"build/{folder} does not compile"])
    command = ["meson", "test", "-C", str(build), "--no-rebuild", "--print-errorlogs"]
    return reported(
        [*command, *(["--suite", suite] if suite else []), *arguments],
        build / "meson-logs/testlog.junit.xml",
        env=SANITIZERS,
    )


def part_c(arguments: list[str]) -> Result:
    return meson("asan", ["-Db_sanitize=address,undefined"], "", arguments)


def part_threads(arguments: list[str]) -> Result:
    return meson("tsan", ["-Db_sanitize=thread"], "threads", arguments)


def pytest(folder: str, arguments: list[str], env: dict[str, str] | None = None) -> Result:
    report = BUILD / f"reports/{folder}.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
    return reported(command, report, cwd=ROOT / folder, env=env)


def part_tools(arguments: list[str]) -> Result:
    return pytest("tools", ["-p", "no:cacheprovider", ".", *arguments])


def part_py(arguments: list[str]) -> Result:
    return pytest("python", arguments)


def part_e2e(arguments: list[str]) -> Result:
    """With the sanitized gateway if there is one, brought up to date first."""
    env = dict(SANITIZERS)
    if (BUILD / "asan/build.ninja").is_file():
        ninja = ["ninja", "-C", str(BUILD / "asan"), "telegraphy"]
        if run([STEP, "compiling build/asan", *ninja]) != 0:
            return Result(failed=["build/asan does not compile"])
        env["TELEGRAPHY_BINARY"] = str(BUILD / "asan/telegraphy")
    elif "TELEGRAPHY_BINARY" not in os.environ:
        env["TELEGRAPHY_BINARY"] = str(BUILD / "gateway/telegraphy")
    return pytest("e2e", arguments, env)


def part_js(arguments: list[str]) -> Result:
    report = BUILD / "reports/js.xml"
    vitest = ["npx", "--no-install", "vitest", "run", "--reporter=default", "--reporter=junit"]
    return reported([*vitest, f"--outputFile.junit={report}", *arguments], report, cwd=ROOT / "js")


def part_lint(arguments: list[str]) -> Result:
    """Each check is one test."""
    python = sys.executable
    ruff = str(Path(python).parent / "ruff")
    checks: list[tuple[str, list[str], Path]] = [
        ("generated files are up to date", [python, "tools/codegen.py", "--check"], ROOT),
        ("layers", [python, "tools/layers.py"], ROOT),
        ("tidy", [python, "tools/tidy.py"], ROOT),
        ("c format", ["tools/format.sh", "--check"], ROOT),
        ("ruff check", [ruff, "check", "--quiet", "."], ROOT),
        ("ruff format", [ruff, "format", "--quiet", "--check", "."], ROOT),
        ("python types", [python, "-m", "mypy"], ROOT / "python"),
        ("js types, lint and format", ["npm", "run", "--silent", "lint"], ROOT / "js"),
        ("js size", ["npm", "run", "--silent", "size"], ROOT / "js"),
    ]
    result = Result()
    for name, command, cwd in checks:
        if run([STEP, name, *command], cwd=cwd) == 0:
            print(f"  ok   {name}")
            result.passed += 1
        else:
            print(f"  FAIL {name}")
            result.failed.append(name)
    return result


PARTS: dict[str, Callable[[list[str]], Result]] = {
    "lint": part_lint,
    "tools": part_tools,
    "c": part_c,
    "threads": part_threads,
    "py": part_py,
    "js": part_js,
    "e2e": part_e2e,
}


def summary(results: dict[str, Result]) -> tuple[list[str], bool]:
    """The closing lines, the last of which is the count; and whether all is well."""
    lines = [f"{'part':<10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    for part, result in results.items():
        lines.append(
            f"{part:<10}{result.passed:>8}{len(result.failed):>8}"
            f"{len(result.skipped):>9}{result.seconds:>9.1f}"
        )
    for part, result in results.items():
        lines += [f"skipped: {part}: {name}: {why}" for name, why in result.skipped]
    for part, result in results.items():
        lines += [f"failed: {part}: {name}" for name in result.failed[:NAMED_MAX]]
        if len(result.failed) > NAMED_MAX:
            lines.append(f"failed: {part}: and {len(result.failed) - NAMED_MAX} more; see above")
    passed = sum(result.passed for result in results.values())
    failed = sum(len(result.failed) for result in results.values())
    lines.append(f"{passed} passed, {failed} failed")
    return lines, failed == 0 and bool(results)


def run_part(part: str, arguments: list[str]) -> Result:
    start = time.monotonic()
    result = PARTS[part](arguments)
    if not (result.passed or result.failed):
        result.failed.append("ran no test")
    result.seconds = time.monotonic() - start
    return result


def main(argv: list[str]) -> int:
    parts, arguments = argv, []
    if "--" in argv:
        cut = argv.index("--")
        parts, arguments = argv[:cut], argv[cut + 1 :]
    unknown = [part for part in parts if part not in PARTS]
    if unknown or not parts:
        print(f"which parts? {' '.join(PARTS)}; not {' '.join(unknown) or 'none'}", file=sys.stderr)
        return 2
    width = min(shutil.get_terminal_size().columns, 80)
    results = {}
    for part in parts:
        print(f"\n==== {part} ".ljust(width, "="), flush=True)
        results[part] = run_part(part, arguments)
    lines, well = summary(results)
    print()
    for line in lines:
        print(line)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
