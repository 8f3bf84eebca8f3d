"""Whether the media of a pinned run are as they were listed; of a listing little is held."""

import hashlib
import tracemalloc
from pathlib import Path

import pytest

from orchestrator.cli.runs.changed_inputs import _Listing, check_inputs
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, Extra, encode_clips
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.input_roots import open_inputs
from services.base.store.interface import Store
from services.base.store.open import open_store


@pytest.fixture
def pinned(tmp_path: Path) -> tuple[RunSpec, Store, Path]:
    """A run of two clips, one of which has an align and a picture, as a person's folder has."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "full_body_img").mkdir()
    for name in ("a.mpg", "b.mpg", "b.align", "full_body_img/0.jpg"):
        (root / name).write_bytes(name.encode())
    there = {entry.name: entry for entry in open_inputs((str(root),), must_exist=True).list()}

    def row(i: int, key: str, *extras: Extra) -> ClipRow:
        entry = there[f"{key}.mpg"]
        return ClipRow(key, key, "s", entry.name, "train", 0, i, i, entry.size_bytes, entry.version, extras)

    extras = [(there[name], kind) for name, kind in (("b.align", "align"), ("full_body_img/0.jpg", "picture"))]
    found = [Extra(kind, entry.name, entry.size_bytes, entry.version) for entry, kind in extras]
    rows = [row(0, "a"), row(1, "b", *found)]
    clips = encode_clips(rows, 1)
    state = open_store(str(tmp_path / "state"))
    sha256 = hashlib.sha256(clips).hexdigest()
    spec = RunSpec("r", "grid", "d" * 64, (PinnedStage("decode"),), str(root), str(tmp_path), 1, 2, sha256, {})
    state.put(paths.clips_file("r"), clips)
    state.put(paths.run_file("r"), spec.to_json())
    return spec, state, root


def test_media_that_are_as_they_were_are_no_error(pinned):
    spec, state, root = pinned
    (root / "new.mpg").write_bytes(b"of no clip of this run")
    check_inputs(spec, state)


@pytest.mark.parametrize("name", ["a.mpg", "b.align", "full_body_img/0.jpg"])
@pytest.mark.parametrize("change", ["gone", "longer"])
def test_what_is_gone_or_changed_is_named(pinned, name, change):
    spec, state, root = pinned
    if change == "gone":
        (root / name).unlink()
    else:
        (root / name).write_bytes(b"another content")
    with pytest.raises(BadConfig, match=f"INPUT_CHANGED: 1 input file changed or gone .* the first {name}"):
        check_inputs(spec, state)


def test_a_clip_in_quarantine_may_change(pinned):
    spec, state, root = pinned
    state.put(paths.quarantine_file("r", 0, 1), b'{"key": "b", "shard": 0}\n')
    (root / "b.align").unlink()
    check_inputs(spec, state)


def test_of_a_large_listing_few_bytes_a_file_are_held():
    num_files = 50_000
    tracemalloc.start()
    try:
        listing = _Listing((f"speaker{i % 7}/utterance{i:06d}.wav", i, "1700000000.0") for i in range(num_files))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = ("speaker1/utterance000001.wav", 1, "1700000000.0")
    assert listing.has([one, (one[0], 2, one[2]), (one[0], 1, "")]) == [True, False, False]
    assert peak_bytes < 80 * num_files, "a dictionary of them takes about 300"
