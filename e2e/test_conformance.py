"""The Autobahn testsuite's 517 cases against the gateway's conformance profile.

By default cases that send one message a thousand times send it less often; `AUTOBAHN=whole` runs
them as they are."""

import os
from collections.abc import Callable

import pytest

from harness import autobahn
from harness.gateway import Gateway

REPEATED = None if os.environ.get("AUTOBAHN") == "whole" else 12

CATEGORIES = {
    "1": "framing",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "opcodes",
    "5": "fragmentation",
    "6": "UTF-8",
    "7": "closing",
    "9": "limits",
    "10": "automatic fragmentation",
    "12": "compression of different payloads",
    "13": "compression with different parameters",
}


@pytest.fixture(scope="module")
def conformance_port(new_gateway_anywhere: Callable[..., Gateway]) -> int:
    gateway = new_gateway_anywhere(conformance=True)
    return gateway.conformance_port


@pytest.fixture(scope="module")
def cases() -> dict[str, list[type]]:
    by_category: dict[str, list[type]] = {}
    for case in autobahn.load_cases():
        if REPEATED and hasattr(case, "COUNT"):
            case.COUNT = REPEATED
        by_category.setdefault(autobahn.case_id(case).split(".")[0], []).append(case)
    return by_category


def test_the_suite_is_whole(cases: dict[str, list[type]]) -> None:
    assert set(cases) == set(CATEGORIES)
    assert sum(map(len, cases.values())) == 517


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda number: CATEGORIES[number])
def test_every_case_is_well(
    category: str, cases: dict[str, list[type]], conformance_port: int
) -> None:
    outcomes = autobahn.run(cases[category], conformance_port)
    assert len(outcomes) == len(cases[category])
    bad = [str(outcome) for outcome in outcomes if not outcome.good]
    assert not bad, "\n".join(bad)
