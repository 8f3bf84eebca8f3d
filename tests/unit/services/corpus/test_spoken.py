"""Recordings for text-to-speech: a manifest and its files, the same bytes every time."""

import io
import json
import wave

from services.corpus.spoken import MANIFEST, NUM_SPEAKERS, SENTENCES, recordings, spoken_files


def corpus(*, broken):
    return {path: (make, fault, reason) for path, make, fault, reason in spoken_files(0, broken=broken)}


def samples_of(data):
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 44_100)
        return file.getnframes()


def test_each_language_has_its_sentences_of_several_speakers_in_its_own_script():
    made = recordings(0)
    assert len(made) == sum(map(len, SENTENCES.values())) == 24
    assert {one.speaker for one in made} == {f"{name}_{i + 1}" for name in SENTENCES for i in range(NUM_SPEAKERS)}
    assert len({one.text for one in made}) == len(made)
    assert any("\u1200" <= c <= "\u137f" for c in SENTENCES["am"][0])
    assert any("\u3040" <= c <= "\u30ff" for c in SENTENCES["ja"][0])


def test_the_manifest_names_every_recording_with_its_duration():
    files = corpus(broken=False)
    lines = [json.loads(line) for line in files[MANIFEST][0]().decode().splitlines()]
    assert {line["audio"] for line in lines} | {MANIFEST} == set(files)
    assert len({line["id"] for line in lines}) == len(lines)
    first = lines[0]
    assert abs(samples_of(files[first["audio"]][0]()) / 44_100 - first["duration"]) < 0.001
    assert 1 < first["duration"] < 6


def test_a_recording_is_the_same_bytes_every_time_and_two_differ():
    one, other = recordings(0)[:2]
    assert (one.samples() == one.samples()).all()
    assert len(one.samples()) != len(other.samples())
    assert len(recordings(1)[0].samples()) != len(one.samples())


def test_broken_adds_files_and_lines_that_a_run_leaves_out():
    whole, broken = corpus(broken=False), corpus(broken=True)
    added = {path: reason for path, (_, fault, reason) in broken.items() if fault}
    assert added == {
        "wav/odd/empty.wav": "AUDIO_UNREADABLE",
        "wav/odd/note.wav": "AUDIO_UNREADABLE",
        "wav/odd/short.wav": "TOO_SHORT",
        MANIFEST: "BAD_JSON",
    }
    lines = broken[MANIFEST][0]().decode().splitlines()
    assert lines[: len(whole) - 1] == whole[MANIFEST][0]().decode().splitlines()
    named = [json.loads(line)["id"] for line in lines[len(whole) - 1 : -1]]
    assert named == [
        "odd/empty", "odd/note", "odd/short", "odd/loud", "odd/silent", "odd/gone", "odd/mute", "am/000", "../odd",
    ]  # fmt: skip
    assert broken["wav/odd/empty.wav"][0]() == b""
    assert samples_of(broken["wav/odd/short.wav"][0]()) == 1200
