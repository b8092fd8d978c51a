"""What a type checker of a project sees."""

from __future__ import annotations

from pathlib import Path

from mypy import api

PROGRAM = """
from decimal import Decimal
import telegraphy

class PriceChanged(telegraphy.Event):
    symbol: str
    price: Decimal
    previous: Decimal | None = None

event = PriceChanged(symbol="TG", price=Decimal(1))
reveal_type(event.price)
event.publish()

PriceChanged(symbol=1, price=Decimal(1))
PriceChanged(symbol="TG")
PriceChanged("TG", Decimal(1))
event.symbol = "other"
event.prise
"""


def test_a_type_checker_knows_the_fields_of_an_event(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n")
    out, error, _ = api.run(
        [
            f"--config-file={tmp_path}/mypy.ini",
            f"--cache-dir={tmp_path}/cache",
            str(tmp_path / "program.py"),
        ]
    )
    assert error == ""
    wanted = [
        ("11", 'Revealed type is "decimal.Decimal"'),
        ("14", 'Argument "symbol" to "PriceChanged" has incompatible type "int"'),
        ("15", 'Missing named argument "price" for "PriceChanged"'),
        ("16", 'Too many positional arguments for "PriceChanged"'),
        ("17", 'Property "symbol" defined in "PriceChanged" is read-only'),
        ("18", '"PriceChanged" has no attribute "prise"'),
    ]
    lines = out.splitlines()[:-1]
    assert len(lines) == len(wanted), out
    for line, (number, message) in zip(lines, wanted, strict=True):
        assert f"program.py:{number}:" in line
        assert message in line
