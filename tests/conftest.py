"""What tests share: where real media lies."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real media and models; skips where there is none."""
    path = Path(os.environ.get("VISEMILL_TESTDATA", ROOT / ".." / "shared")).resolve()
    if not (path / "data").is_dir():
        pytest.skip(f"no real media: set VISEMILL_TESTDATA to a folder that holds data/ (looked in {path})")
    return path
