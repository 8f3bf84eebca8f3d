"""One run of `tts` over sound of every kind and faults of a manifest: what comes out of each, or why nothing does.

The run takes most of a minute: a worker loads the libraries of every stage, and again those of children that clips end;
one of them is waited for, twice, for as long as a clip may take.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tts_corpus import tiny_config, tokenizer, write_manifest
from tts_media import NUM_S, RATE_HZ, SAID, claims, damaged_files, faulty_decoder, good_files, halved, odd_files

from orchestrator.cli.main import main
from services.features.speech.filterbank import num_frames

WITH_QUARANTINE = 3
# Hidden layers so wide that a frame of 20 ms takes 160 kB there: 36 s fit into what a clip may take, and 120 s do not.
WIDTH, CLIP_MEMORY_MIB = 40_000, 1024
CLIP_TIME_S = 10

# Codes of the speech that each good file holds, whatever it is kept as.
WHOLE = num_frames(int(NUM_S * RATE_HZ))

CODES = {
    "plain.wav": WHOLE,
    "layer3.mp3": WHOLE,
    "opus.ogg": WHOLE,
    "aac.m4a": WHOLE,
    "telephone.wav": WHOLE,
    "stereo.wav": WHOLE,
    "deep.wav": WHOLE,
    "float.wav": WHOLE,
    "lossless.flac": WHOLE,
    "film.mp4": WHOLE,
    # A header that claims two gigabytes, and one that claims less than there is.
    "claims_more.wav": WHOLE,
    "claims_less.wav": num_frames(8_000),
    # What there is of a file that was cut off.
    "half.wav": 36,
    "half.flac": 35,
    # Of what is odd and whole.
    "loud.wav": WHOLE,
    "silent.wav": num_frames(int((NUM_S + 3) * RATE_HZ)),
    "long.flac": num_frames(int(36.6 * RATE_HZ)),
}
FLAGS = {
    "loud.wav": {"CLIPPED"},
    "silent.wav": {"SILENT"},
    "long.flac": {"CODES_TOO_LONG"},
    "wordy": {"TEXT_TOO_LONG"},
    "7": {"DURATION_DIFFERS", "LANGUAGE_DIFFERS", "UNKNOWN_TOKENS"},
}
REASONS = {
    "empty.wav": "AUDIO_UNREADABLE",
    "picture.wav": "AUDIO_UNREADABLE",
    "words.wav": "AUDIO_UNREADABLE",
    "header.wav": "AUDIO_UNREADABLE",
    "cut.mp4": "AUDIO_UNREADABLE",
    "silent_film.mp4": "NO_AUDIO",
    "blip.wav": "TOO_SHORT",
    "ten_minutes.flac": "TOO_LONG",
    "nan.wav": "NOT_FINITE",
    "vast.wav": "FEATURES_NOT_FINITE",
    "longer.flac": "OUT_OF_MEMORY",
    "hang.wav": "TIMEOUT",
    "crash.wav": "CLIP_CRASHED",
    # Of the manifest, by id, or by its own name where there is none.
    "gone": "AUDIO_MISSING",
    "elsewhere": "AUDIO_OUTSIDE",
    "no text": "NO_TEXT",
    "only blanks": "NO_TEXT",
    "only a tag": "NO_TEXT",
    "../up": "BAD_ID",
}


@dataclass(frozen=True)
class Run:
    out: Path
    lines: list[Any]

    @property
    def quality(self) -> Mapping[str, dict[str, Any]]:
        return {one["key"]: one for one in map(json.loads, (self.out / "quality.jsonl").open())}

    @property
    def left_out(self) -> list[dict[str, Any]]:
        return list(map(json.loads, (self.out / "quarantine.jsonl").open()))

    def num_codes(self, key: str) -> int:
        codes_L = np.load(self.out / "codes" / f"{key}.npy")
        assert codes_L.dtype == np.int32 and codes_L.ndim == 1
        return len(codes_L)


@pytest.fixture(scope="module")
def corpus(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file of the two tables."""
    folder = tmp_path_factory.mktemp("corpus")
    good, damaged = good_files(testdata), damaged_files(testdata)
    made = {
        "claims_more.wav": claims(good["plain.wav"], 0x7FFF_FFF0),
        "claims_less.wav": claims(good["plain.wav"], 16_000),
        "half.wav": halved(good["plain.wav"]),
        "half.flac": halved(good["lossless.flac"]),
    }
    for name, data in {**good, **damaged, **made, **odd_files(testdata)}.items():
        (folder / name).write_bytes(data)
    outside = tmp_path_factory.mktemp("outside") / "plain.wav"
    outside.write_bytes(good["plain.wav"])
    (folder / "link.wav").symlink_to(outside)
    config = tiny_config(folder)
    config.write_text(config.read_text().replace("intermediate_size: 24", f"intermediate_size: {WIDTH}"))
    return folder


@pytest.fixture(scope="module")
def run(corpus: Path, testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The one run over them all."""
    names = [name for name in (*CODES, *REASONS) if (corpus / name).is_file()]
    lines: list[Any] = [{"id": name, "text": SAID, "audio": name, "speaker": "a", "language": "en"} for name in names]
    lines += [
        {"id": "gone", "text": SAID, "audio": "gone.wav"},
        {"id": "elsewhere", "text": SAID, "audio": "link.wav"},
        {"id": "no text", "audio": "plain.wav"},
        {"id": "only blanks", "text": "\u3000", "audio": "plain.wav"},
        {"id": "only a tag", "text": "Speaker 1:", "audio": "plain.wav"},
        {"id": "../up", "text": SAID, "audio": "plain.wav"},
        {"text": SAID, "audio": "plain.wav"},
        "{",
        {"id": "plain.wav", "text": SAID, "audio": "gone.wav"},
        {"id": 7, "text": "ሰላም", "audio": "plain.wav", "duration": 9, "language": "zh"},
        {"id": "wordy", "text": f"{SAID} " * 200, "audio": "plain.wav"},
    ]
    manifest = write_manifest(corpus / "manifest.jsonl", lines)
    out = tmp_path_factory.mktemp("run") / "out"
    words = ["run", "tts", "--manifest", manifest, "--tokenizer", tokenizer(testdata), "--output-dir", out, "--quiet"]
    words += ["--config", corpus / "config.yaml", "--num-shards", 2, "--val-ratio", 0, "--max-unk-share", 1]
    words += ["--workers", 2, "--clip-memory-mib", CLIP_MEMORY_MIB, "--clip-time-s", CLIP_TIME_S]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in faulty_decoder(tmp_path_factory.mktemp("faulty") / "decoder").items():
            patch.setenv(name, value)
        code = main([*map(str, words)])
    assert code == WITH_QUARANTINE
    return Run(out, lines)


def test_every_kind_of_file_has_the_codes_of_its_length(run: Run) -> None:
    assert {key: run.num_codes(key) for key in CODES} == CODES


def test_every_line_that_is_missing_has_its_reason(run: Run) -> None:
    found = {one["key"]: one["reason"] for one in run.left_out if one["key"] in REASONS}
    assert found == REASONS
    assert {one["reason"] for one in run.left_out} == {*REASONS.values(), "BAD_JSON", "NO_ID", "DUPLICATE_ID"}
    assert set(run.quality) == {*CODES, "7", "wordy"}, "every line is either there or told why not"


def test_a_limit_that_a_clip_is_over_is_named(run: Run) -> None:
    messages = {one["key"]: one["message"] for one in run.left_out}
    assert "--clip-memory-mib" in messages["longer.flac"]
    assert "--clip-time-s" in messages["hang.wav"]
    assert "SIGSEGV" in messages["crash.wav"]


def test_a_line_without_an_id_of_its_own_is_told_by_its_number(run: Run) -> None:
    places = {one["reason"]: one for one in run.left_out if one["reason"] in ("NO_ID", "BAD_JSON", "DUPLICATE_ID")}
    numbers = {reason: one["line"] for reason, one in places.items()}
    of_json = run.lines.index("{") + 1
    assert numbers == {"NO_ID": of_json - 1, "BAD_JSON": of_json, "DUPLICATE_ID": of_json + 1}
    assert "line 1 has the id 'plain.wav' already" in places["DUPLICATE_ID"]["message"]


def test_what_is_odd_is_kept_and_flagged(run: Run) -> None:
    flags = {key: set(one["flags"]) - {"RANDOM_WEIGHTS"} for key, one in run.quality.items()}
    assert {key: flags[key] for key in FLAGS} == FLAGS
    assert not any(flags[key] for key in good_names() if key not in FLAGS)
    assert all("RANDOM_WEIGHTS" in one["flags"] for one in run.quality.values())
    assert run.quality["7"]["unknown"] == "".join(sorted("ሰላም"))


def test_sound_that_breaks_off_is_told(run: Run) -> None:
    assert all(run.quality[key].get("ended_early") for key in ("half.wav", "claims_more.wav"))
    assert run.quality["half.flac"]["num_corrupt"] > 0
    assert not any(run.quality[key].get("ended_early") for key in good_names())


def test_what_loses_nothing_has_the_same_features(run: Run) -> None:
    """24 bit, 32 bit and FLAC hold the same samples as 16 bit."""
    for folder in ("codes", "condition", "emo_vec"):
        found = {(run.out / folder / f"{key}.npy").read_bytes() for key in ("plain.wav", "deep.wav", "lossless.flac")}
        assert len(found) == 1


def good_names() -> list[str]:
    return [name for name, num in CODES.items() if num == WHOLE and name != "claims_more.wav"]
