"""A head is opened where its settings say; what is missing there is said with the remedy."""

import sys
from pathlib import Path

import numpy as np
import pytest
from head_bundle import write_bundle

from services.base.errors import BadConfig
from services.talker.bundle_files import checked_card
from services.talker.opening import open_paint
from services.talker.spec import HeadConfig


def test_without_a_server_it_paints_here(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "head")
    paint = open_paint(HeadConfig(bundle=str(bundle), num_threads=1), checked_card(bundle))
    faces = np.zeros((1, 160, 160, 3), np.uint8)
    assert paint(faces, faces, np.full((1, 32, 16, 16), 0.2, np.float32))[0, 0, 0, 0] == 51


def test_a_missing_library_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = write_bundle(tmp_path / "head")
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", None)
    for name in ("services.triton.client", "services.talker.triton.network"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(BadConfig, match=r"LIBRARY_MISSING: tritonclient.*visemill\[triton\]"):
        open_paint(HeadConfig(bundle=str(bundle), triton="127.0.0.1:1"), checked_card(bundle))
