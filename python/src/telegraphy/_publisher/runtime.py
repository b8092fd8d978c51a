from __future__ import annotations

import os


def runtime_directory() -> str:
    """Where the gateway puts its local sockets (INGEST.md 2)."""
    # Mode 0700 and ours, or the gateway refuses it: a shared /tmp is no danger.
    default = f"/tmp/telegraphy-{os.getuid()}"  # noqa: S108
    return os.environ.get("TELEGRAPHY_RUNTIME_DIR") or default


def default_endpoint(ingest_port: int = 1845) -> str:
    return f"ipc://{runtime_directory()}/ingest-{ingest_port}.ipc"
