"""docs/guide/security.md says that each threat has a test with its number: it must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "docs/guide/security.md").read_text(encoding="utf-8")


def test_every_threat_of_the_guide_has_a_test_with_its_number() -> None:
    told = [int(number) for number in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)]
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "e2e").glob("test_*.py"))
    assert len(told) > 10, "numbers that are not read prove nothing"
    assert [n for n in told if f"def test_threat_{n:02}_" not in tests] == []
