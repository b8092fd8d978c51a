from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_gateway import FakeGateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[FakeGateway]:
    with FakeGateway(tmp_path) as running:
        yield running
