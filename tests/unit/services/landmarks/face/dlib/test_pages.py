"""Large pages are asked for, never insisted on."""

import sys
from pathlib import Path

import pytest

from services.landmarks.face.dlib import pages


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells where the heap is")
def test_the_heap_is_where_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "00400000-00500000 r-xp 00000000 08:01 12 /bin/python\n"
        "01a2b000-01c00000 rw-p 00000000 0 [heap]\n"
        "01c00000-01d00000 rw-p 00000000 0 [heap]\n"
    )
    monkeypatch.setattr(pages, "_MAPS", maps)
    assert pages._heap() == [(0x01A2B000, 0x01C00000), (0x01C00000, 0x01D00000)]


def test_nothing_happens_where_there_is_no_heap_to_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "maps").write_text("00400000-00500000 r-xp 00000000 08:01 12 /bin/python\n")
    for place in (tmp_path / "maps", tmp_path / "none"):
        monkeypatch.setattr(pages, "_MAPS", place)
        assert pages.heap_onto_large_pages() is False


def test_contents_stay_what_they_were() -> None:
    before = [bytes([i % 256]) * 400 for i in range(20000)]
    pages.heap_onto_large_pages()
    assert all(kept == bytes([i % 256]) * 400 for i, kept in enumerate(before))
