"""Certificates that tests make with the openssl command: authorities, and leaves that are right or wrong in one way."""

import shutil
import subprocess
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_LOOPBACK = "DNS:localhost,IP:127.0.0.1"


class Authority:
    """A certificate authority of its own folder. `crt`: its own certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self.crt, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        _openssl("req", "-x509", *_KEY, "-keyout", self._key, "-out", self.crt, "-days", 2, "-subj", f"/CN={name}")

    def leaf(self, name: str, names: str = _LOOPBACK, *, expired: bool = False) -> tuple[Path, Path]:
        """(certificate, key) for the subject's alternative names."""
        crt, key, request, extension = (self._folder / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
        extension.write_text(f"subjectAltName={names}\n")
        _openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        days = "-1" if expired else "2"
        signing = ("-CA", self.crt, "-CAkey", self._key, "-CAcreateserial", "-extfile", extension, "-days", days)
        _openssl("x509", "-req", "-in", request, "-out", crt, *signing)
        return crt, key


def _openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def authority() -> type[Authority]:
    """Makes certificate authorities in a folder; skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command")
    return Authority
