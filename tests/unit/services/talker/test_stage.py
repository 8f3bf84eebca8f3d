"""A sound's features in, a film out."""

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from head_bundle import write_bundle, write_person

from services.base.errors import BadConfig
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.stage.clip_pass import FinishingInSteps
from services.base.stage.product import Product
from services.base.stage.spec import ClipJob
from services.talker.spec import HeadConfig
from services.talker.stage import open_stage


def given(num_frames: int = 25, model: str = "mel", fps: float = 25.0, num_values: int = 512) -> dict[str, Any]:
    sound_T = (8000 * np.sin(np.arange(round(num_frames * 16_000 / fps)) / 4)).astype(np.int16)
    rows_TX = np.full((num_frames - 1, num_values), 0.6, np.float32)
    return {
        "aligned_sound": AlignedSound(sound_T, 16_000, num_frames, fps),
        "audio_features": AudioFeatures(model, "", rows_TX, fps, {}),
    }


def product(tmp_path: Path, what: dict[str, Any], **settings: Any) -> Product:
    folders = {"bundle": str(write_bundle(tmp_path / "head")), "person": str(write_person(tmp_path / "anna"))}
    stage = open_stage(HeadConfig(**folders, num_threads=1, **settings))
    job = ClipJob(Clip("says", "says", "", "says.wav"), Media.of_bytes("says.wav", b"x"))
    return stage(job, None).finish(what)


@pytest.mark.parametrize(("codec", "video"), [("h264", "h264"), ("vp9", "vp9")])
def test_a_film_is_as_long_as_its_sound(tmp_path: Path, codec: str, video: str) -> None:
    found = product(tmp_path, given(), codec=codec)
    (file,) = found.files
    data = b"".join(file.pieces)
    with av.open(io.BytesIO(data)) as container:
        (pictures,), (sound,) = container.streams.video, container.streams.audio
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(pictures)]
        assert pictures.codec_context.name.startswith(video)
        assert abs(float(sound.duration * sound.time_base) - 1.0) < 0.1
        assert "synthetic" in container.metadata["comment"]
    assert len(frames) == found.quality["num_frames"] == 25
    assert abs(int(frames[12][40, 40, 0]) - round(255 * 0.6)) < 12


def test_a_film_of_an_operator_who_marks_himself_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISEMILL_UNMARKED_FILMS", "true")
    found = product(tmp_path, given(3))
    with av.open(io.BytesIO(b"".join(found.files[0].pieces))) as container:
        assert not {"comment", "description"} & set(container.metadata)
    assert found.quality["marked"] is False


def test_each_frame_is_told_of_before_the_film_is_there(tmp_path: Path) -> None:
    folders = {"bundle": str(write_bundle(tmp_path / "head")), "person": str(write_person(tmp_path / "anna"))}
    job = ClipJob(Clip("says", "says", "", "says.wav"), Media.of_bytes("says.wav", b"x"))
    consumer = open_stage(HeadConfig(**folders, num_threads=1))(job, None)
    assert isinstance(consumer, FinishingInSteps)
    assert [pause.frames for pause in consumer.steps(given(3))] == [(1, 3), (2, 3), (3, 3)]
    assert consumer.finish(given(3)).quality["num_frames"] == 3


@pytest.mark.parametrize(
    ("what", "reason"),
    [({"model": "ave"}, "OTHER_ASR"), ({"num_values": 16}, "OTHER_ASR"), ({"fps": 20.0}, "OTHER_FPS")],
)
def test_features_that_are_not_the_heads_are_refused(tmp_path: Path, what: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadConfig) as found:
        product(tmp_path, given(**what))
    assert found.value.reason == reason
