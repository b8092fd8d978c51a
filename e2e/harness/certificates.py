"""Certificates for one test run, made by the openssl program: an authority, and what it signs."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*arguments: str, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], input=input, capture_output=True, timeout=30)


@dataclass(frozen=True)
class Certificate:
    """Two files that a gateway is given. They may be written anew."""

    file: Path
    key: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"certificate": str(self.file), "certificate_key": str(self.key)}


class Authority:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "authority.pem"
        self.key = folder / "authority.key"
        self._make(self.file, self.key, "/CN=authority", ["-x509", "-days", "2"])

    def _make(
        self, file: Path, key: Path, subject: str, how: list[str], algorithm: str = "ec"
    ) -> None:
        options = ["-newkey", algorithm, "-nodes", "-subj", subject]
        if algorithm == "ec":
            options += ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
        made = openssl("req", *how, *options, "-out", str(file), "-keyout", str(key))
        assert made.returncode == 0, made.stderr.decode()

    def issue(
        self, subject: str, name: str = "gateway", algorithm: str = "ec", days: int = 30
    ) -> Certificate:
        """For localhost, in files of this name; those of before are replaced."""
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        how = ["-x509", "-days", str(days), "-CA", str(self.file), "-CAkey", str(self.key)]
        how += ["-addext", NAMES, "-addext", "basicConstraints=CA:FALSE"]
        self._make(made.file, made.key, f"/CN={subject}", how, algorithm)
        return made

    def trust(self) -> ssl.SSLContext:
        """What a client of Python's needs to trust the gateway."""
        return ssl.create_default_context(cafile=str(self.file))
