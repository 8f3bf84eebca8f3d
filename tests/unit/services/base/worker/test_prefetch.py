"""A shard's inputs come in order, and the next one may be looked at before its turn."""

import threading
import time

import pytest

from services.base.errors import BadConfig, BadInput, Transient
from services.base.media.clip import Media
from services.base.run.manifest import ClipRow
from services.base.store.open import open_store
from services.base.store.picture_folders import with_picture_folders
from services.base.worker.prefetch import ClipInputs, ClipsAhead, ReadClip


def row(key: str) -> ClipRow:
    return ClipRow(key, key, "", key, "train", 0, 0, 0, 1, "v", ())


def read(one: ClipRow) -> ReadClip:
    if one.key == "bad":
        return ReadClip(one, error=BadInput("NOT_READABLE", "it cannot be read"))
    return ReadClip(one, Media.of_bytes(one.key, one.key.encode()))


def ahead(*keys: str, reads=read, check=lambda: None) -> ClipsAhead:
    return ClipsAhead(reads, [row(key) for key in keys], check)


def seen(clips: ClipsAhead) -> ReadClip | None:
    """What is there to be looked at, once there has been time to read it."""
    until_s = time.monotonic() + 60
    while (clip := clips.peek()) is None and time.monotonic() < until_s:
        time.sleep(0.01)
    return clip


def test_what_was_looked_at_comes_next_and_its_job_is_the_same_object():
    clips, last = ahead("a", "b", "c", "d"), None
    keys = []
    for clip in clips:
        assert last is None or clip is last
        assert last is None or clip.job is last.job
        keys.append(clip.row.key)
        if clip.row.key == "d":
            break
        last = seen(clips)
        assert last is not None
        assert last.job.clip.key == last.row.key
        assert clips.peek() is last
    assert keys == ["a", "b", "c", "d"]


def test_what_cannot_be_worked_on_and_the_end_are_not_shown_and_come_at_their_turn():
    keys = []
    clips = ahead("a", "bad", "c")
    for clip in clips:
        keys.append(clip.row.key)
        if clip.row.key != "bad":
            time.sleep(0.05)
            assert clips.peek() is None
        else:
            after = seen(clips)
            assert after is not None and after.row.key == "c"
            with pytest.raises(BadInput, match="NOT_READABLE"):
                _ = clip.job
    assert keys == ["a", "bad", "c"]


def test_nobody_waits_for_what_is_not_read_yet():
    go = threading.Event()

    def slowly(one: ClipRow) -> ReadClip:
        assert one.key == "a" or go.wait(10)
        return read(one)

    clips = ahead("a", "b", reads=slowly)
    for clip in clips:
        if clip.row.key == "a":
            # Had it waited for what is read next, it would have come back with it.
            assert clips.peek() is None
            go.set()


def test_what_goes_wrong_in_reading_comes_up_at_its_turn():
    def gone(one: ClipRow) -> ReadClip:
        if one.key == "b":
            raise Transient("STORE_AWAY", "it is away")
        return read(one)

    keys = []
    clips = ahead("a", "b", reads=gone)
    with pytest.raises(Transient, match="STORE_AWAY"):
        for clip in clips:
            keys.append(clip.row.key)
            time.sleep(0.05)
            assert clips.peek() is None
    assert keys == ["a"]


def test_a_wait_is_ended_by_whoever_checks():
    def stop() -> None:
        raise Transient("STOPPED", "asked to stop")

    with pytest.raises(Transient, match="STOPPED"):
        list(ahead("a", check=stop))


def test_a_row_that_makes_no_clip_costs_that_clip_alone(tmp_path):
    (tmp_path / "ok.mp4").write_bytes(b"ok")
    store = open_store(str(tmp_path))
    entry = store.stat("ok.mp4")
    rows = [
        ClipRow(key, utterance_id, "", "ok.mp4", "train", 0, position, position, entry.size_bytes, entry.version, ())
        for position, (key, utterance_id) in enumerate([(".mp4", ""), ("ok.mp4", "ok")])
    ]
    nameless, fine = ClipInputs(store, (), {}).ahead(rows, lambda: None)
    with pytest.raises(BadInput, match="rename its file") as caught:
        _ = nameless.job
    assert caught.value.reason == "BAD_CLIP"
    assert fine.job.media.data == b"ok"


def test_a_folder_of_pictures_is_read_and_compared_as_one_file(tmp_path, jpegs) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for i, data in enumerate(jpegs):
        (folder / f"{i}.jpg").write_bytes(data)
    store = open_store(tmp_path)
    (listed,) = with_picture_folders(store.list())
    planned = row("a")._replace(media="a/", size_bytes=listed.size_bytes, version=listed.version)
    media = ClipInputs(store, (), {}).read(planned).job.media
    assert (media.name, media.data) == ("a/", b"".join(jpegs))

    (folder / "3.jpg").write_bytes(jpegs[4])
    with pytest.raises(BadConfig, match="INPUT_CHANGED: a/ has changed since the run was planned"):
        _ = ClipInputs(store, (), {}).read(planned).job
    inputs = ClipInputs(store, ("a",), {})
    assert inputs.read(planned).job.media.data == b"".join([*jpegs[:3], jpegs[4], *jpegs[4:]])
    assert set(inputs.fixed) == {"a/"}

    (folder / "5.jpg").unlink()
    with pytest.raises(BadInput, match="PICTURES_MISSING: a/: 1 pictures are missing, of numbers 5,"):
        _ = inputs.read(planned).job
