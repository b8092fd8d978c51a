"""What `manage.py telegraphy` hands to the gateway's program in files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .conf import conf

CATALOGUE_FILE: Final = "catalogue.json"
CONFIG_FILE: Final = "gateway.json"


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    catalogue: Path
    config: Path | None
    """Where no other is named."""


@contextmanager
def gateway_files(document: Mapping[str, Any]) -> Iterator[GatewayFiles]:
    """Nobody else can read them, and they are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="telegraphy-") as directory:
        catalogue = Path(directory, CATALOGUE_FILE)
        catalogue.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        config = _config()
        if not config:
            yield GatewayFiles(catalogue, None)
            return
        path = Path(directory, CONFIG_FILE)
        path.touch(mode=0o600)
        path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        yield GatewayFiles(catalogue, path)


def _config() -> dict[str, Any]:
    """What there are no flags for: keys, as every user can read a command line."""
    if conf.tickets != "signed":
        return {}
    key = conf.signing_key
    tokens: dict[str, Any] = {
        "keys": [
            {
                "app": key.app,
                "kid": key.kid,
                "algorithm": key.algorithm,
                "key": key.public_key,
            }
        ]
    }
    if conf.endpoint.startswith("ipc://"):
        # Of one machine, so with one clock: none has to wait for what another may say.
        tokens["skew_ms"] = 0
    return {"tokens": tokens}
