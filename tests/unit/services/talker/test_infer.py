"""`visemill infer talker`: who speaks, by which head, and the film of it."""

import os
import wave
from pathlib import Path

import numpy as np
import pytest
from head_bundle import write_bundle, write_person
from signing_chain import write_chain

from services.base.errors import BadConfig
from services.base.run.progress_lines import FramesDone, Phase, parsed_line
from services.containers.marks.written import credentials_of, film_metadata
from services.formats.talker.head import HeadCard
from services.formats.talker.mark import mark_in
from services.talker.infer import bundle_of, features_of, infer, person_of
from services.talker.infer_options import InferOptions


def options(tmp_path: Path, **given: object) -> InferOptions:
    consent = tmp_path / "consent.json"
    consent.write_text('{"who": ["anna"], "what_for": "a test", "when": "2026-01-02"}')
    usual = {"audio_path": str(tmp_path / "says.wav"), "dataset_dir": str(tmp_path / "set"), "name": "anna"}
    return InferOptions(**{**usual, "consent": str(consent), **given})


def test_a_person_is_a_folder_below_the_base_or_the_folder_that_is_given(tmp_path: Path) -> None:
    folder = str(write_person(tmp_path / "set" / "anna"))
    assert person_of(options(tmp_path)) == folder
    assert person_of(options(tmp_path, dataset_dir=folder)) == folder
    assert person_of(options(tmp_path, dataset_dir=folder, name="")) == folder
    for wrong in ({"name": "bert"}, {"dataset_dir": folder, "name": "bert"}):
        with pytest.raises(BadConfig) as found:
            person_of(options(tmp_path, **wrong))
        assert found.value.reason == "NO_PERSON"


def test_a_bundle_is_taken_as_it_is_and_nothing_is_no_checkpoint(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "head")
    with bundle_of(options(tmp_path, checkpoint=str(bundle)), "anna") as found:
        assert found == bundle
    other = options(tmp_path, checkpoint=str(bundle), asr="hubert")
    with pytest.raises(BadConfig, match=r"OTHER_ASR: .* follows features of .*, not hubert"), bundle_of(other, "anna"):
        pass
    with pytest.raises(BadConfig) as refused, bundle_of(options(tmp_path, checkpoint_dir=str(tmp_path)), "anna"):
        pass
    assert refused.value.reason == "NO_CHECKPOINT"
    (tmp_path / "best_model.pt").touch()
    asked = options(tmp_path, checkpoint_dir=str(tmp_path), triton="127.0.0.1:8001")
    with pytest.raises(BadConfig, match="give --triton-model NAME"), bundle_of(asked, "anna"):
        pass


@pytest.mark.parametrize(
    ("asr", "given", "expected"),
    [
        ("ave", {}, {}),
        ("ave", {"asr_weights": "/w.pth"}, {"weights": "/w.pth"}),
        ("ave", {"asr_weights": "/w.onnx"}, {"weights": "/w.onnx", "backend": "onnxruntime"}),
        (
            "ave",
            {"asr_weights": "/w.pth", "triton": "a:1"},
            {"weights": "/w.pth", "backend": "triton", "triton": "a:1"},
        ),
        ("mel", {"triton": "a:1"}, {}),
    ],
)
def test_features_are_computed_where_the_flags_say(
    tmp_path: Path, asr: str, given: dict[str, str], expected: dict[str, str]
) -> None:
    card = HeadCard("talker-unet", asr, "160", 0.25, {"model": "0" * 64, "checkpoint": "0" * 64})
    assert features_of(options(tmp_path, **given), card) == expected


def test_a_film_is_written(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_person(tmp_path / "set" / "anna")
    with wave.open(str(tmp_path / "says.wav"), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes((9000 * np.sin(np.arange(22_050) / 5)).astype("<i2").tobytes())
    out = tmp_path / "films" / "anna.mp4"
    certificate, key = write_chain(tmp_path)
    asked = {"checkpoint": str(write_bundle(tmp_path / "head")), "certificate": certificate, "certificate_key": key}
    found = infer(options(tmp_path, **asked, visible_mark="made", out=str(out)))
    reported = [one for one in map(parsed_line, capfd.readouterr().err.splitlines()) if one]
    assert Phase("signing") in reported and [one for one in reported if isinstance(one, FramesDone)][-1] == FramesDone(
        25, 25
    )
    assert out.stat().st_size > 1000 and found["num_frames"] == 25
    assert found["text"].startswith(f"{out}: 25 frames, 1.00 s")
    assert [path.name for path in out.parent.iterdir()] == ["anna.mp4"]
    mark, credentials = mark_in(film_metadata(out)), credentials_of(out)
    assert mark is not None and len(mark.consent) == 64
    assert credentials is not None and (credentials["state"], credentials["signer"]) == ("Valid", "a studio")


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_painted(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    for out in (tmp_path, tmp_path / "pipe", tmp_path / "file" / "x.mp4", Path("/proc/x/y.mp4")):
        with pytest.raises(BadConfig, match=f"--out {out} ") as refused:
            infer(options(tmp_path, out=str(out)))
        assert refused.value.reason == "NOT_SAVED"
    with pytest.raises(BadConfig, match="NO_PERSON"):
        infer(options(tmp_path, out=str(tmp_path / "new" / "x.mp4")))
    assert not (tmp_path / "new").exists()
