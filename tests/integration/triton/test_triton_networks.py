"""Networks of every kind on a real server: every output, in a stage and by `models verify`."""

import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from forked_checkout import FAKES
from talker_head import write_head, write_person
from tiny_hubert import write_hubert
from wenet_file import write_encoder

from services.base.errors import BadConfig
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.media.features import AudioFeatures
from services.base.media.video import FrameChunk
from services.base.stage.spec import ClipJob
from services.features.networks import NETWORKS
from services.features.ops import padded
from services.features.runtimes.sequences import SequenceNetwork
from services.features.spec import FeaturesConfig
from services.features.stage import open_stage
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.stage import open_stage as open_audio_features
from services.features.triton.repository import export_model, export_network
from services.talker.infer import infer
from services.talker.infer_options import InferOptions
from services.talker.live.served import Heads, HeadServeConfig
from services.talker.live.speech import Speech
from services.talker.spec import HeadConfig
from services.talker.stage import open_stage as open_head_film
from services.talker.triton.export import export_head
from services.triton.client import TritonClient
from services.triton.config import Serving
from services.triton.verify import verify_repository


def test_frames_and_sequences_of_several_outputs_are_served_as_they_are_computed_here(
    triton: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over 20 s where cores are shared: torch traces four networks for their export."""
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setitem(NETWORKS, "tiny", "tiny_networks.frames.spec")
    monkeypatch.setitem(NETWORKS, "voice", "tiny_networks.voice.spec")
    for name in ("tiny", "voice", "ave"):
        export_network(tmp_path / "models", name, FeaturesConfig(), Serving())
    own = {"hubert": write_hubert(tmp_path / "hubert"), "wenet": write_encoder(tmp_path)}
    for name, weights in own.items():
        export_model(tmp_path / "models", AudioFeaturesConfig(model=name, weights=weights), Serving(max_batch_size=8))
    loud = write_head(tmp_path / "heads" / "loud")
    export_head(tmp_path / "models", loud, "", Serving(max_batch_size=8, queue_delay_us=20_000))
    server = triton(tmp_path / "models")
    found = verify_repository(tmp_path / "models", server.target)
    assert [(f.model, f.problems) for f in found] == [
        (name, ()) for name in ("ave", "hubert", "loud", "tiny", "voice", "wenet")
    ]

    frames = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3), dtype=np.uint8)

    def vectors(config: FeaturesConfig) -> np.ndarray:
        consumer = open_stage(config)(ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b"")), None)
        consumer.push(FrameChunk(0, frames, np.arange(5) / 25))
        made: np.ndarray = consumer.finish({}).vectors_TD
        return made

    here = vectors(FeaturesConfig(model="tiny", batch_size=2, device="cpu"))
    there = vectors(FeaturesConfig(model="tiny", batch_size=2, backend="triton", triton=server.target))
    assert np.abs(there - here).max() < 1e-4 * here.std()

    rng = np.random.default_rng(1)
    sequences = [rng.standard_normal((length, 10)).astype(np.float32) for length in (9, 4)]
    padded_NTC, lengths_N = padded(sequences)
    client = TritonClient(server.target, "voice", "seeded:0")
    given = [("sequences", padded_NTC), ("lengths", lengths_N[:, None])]
    condition, emo, codes = client.infer_all(given, ["condition", "emo", "codes"])
    assert (condition.shape, emo.shape, codes.dtype) == ((2, 4, 12), (2, 12), np.int64)
    for i, alone in enumerate(SequenceNetwork(FeaturesConfig(model="voice", device="cpu"))(sequences)):
        assert np.abs(condition[i] - alone["condition"]).max() < 1e-4 * alone["condition"].std()
        assert np.array_equal(codes[i, : len(alone["codes"])], alone["codes"])

    sound = AlignedSound(rng.normal(0, 2_000, 32_000).astype(np.int16), 16_000, 50, 25.0)

    def rows(config: AudioFeaturesConfig) -> AudioFeatures:
        consumer = open_audio_features(config)(ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b"")), None)
        made: AudioFeatures = consumer.finish({"aligned_sound": sound})
        return made

    of_ours = rows(AudioFeaturesConfig(device="cpu")).vectors_TX
    served = rows(AudioFeaturesConfig(backend="triton", triton=server.target, batch_size=16))
    assert (served.weights, served.vectors_TX.shape) == ("seeded:0", (49, 512))
    assert np.abs(served.vectors_TX - of_ours).max() < 1e-4 * of_ours.std()
    for name, weights in own.items():
        settings = {"model": name, "weights": weights, "device": "cpu"}
        alone = rows(AudioFeaturesConfig(**settings))
        at_server = AudioFeaturesConfig(**{**settings, "backend": "triton", "triton": server.target})
        served = rows(at_server)
        assert (served.weights, served.vectors_TX.shape) == (alone.weights, alone.vectors_TX.shape)
        assert np.abs(served.vectors_TX - alone.vectors_TX).max() < 1e-4 * alone.vectors_TX.std()
        with pytest.raises(BadConfig, match="MODEL_DIFFERS"):
            rows(replace(at_server, weights="", weights_sha256="0" * 64))
    heads_of_several_callers_are_painted_together(server, tmp_path)
    a_film_is_painted_by_the_server_that_has_its_head(server, tmp_path)


NUM_CALLERS, NUM_PICTURES = 6, 25


def heads_of_several_callers_are_painted_together(server: Any, place: Path) -> None:
    """Each speaks another second by itself, as calls of TalkerService do."""
    write_person(place / "persons" / "ada")
    sounds = [(2_000 * np.random.default_rng(i).standard_normal(16_000)).astype(np.int16) for i in range(NUM_CALLERS)]

    def spoken(heads: Heads, sound_T: np.ndarray) -> np.ndarray:
        return np.stack(list(Speech(heads.head("loud", "ada"), np.split(sound_T, 10)).pictures()))

    there, here = (
        Heads(
            HeadServeConfig(heads=str(place / "heads"), persons=str(place / "persons"), num_streams=6, **backend),
            {},
        )
        for backend in ({"backend": "triton", "triton": server.target}, {})
    )
    items, executions = server.counts("loud")
    with ThreadPoolExecutor(NUM_CALLERS) as pool:
        found = list(pool.map(lambda sound_T: spoken(there, sound_T), sounds))
    later_items, later_executions = server.counts("loud")
    for pictures_THWC, sound_T in zip(found, sounds, strict=True):
        expected_THWC = spoken(here, sound_T)
        assert pictures_THWC.shape == (NUM_PICTURES, 96, 128, 3)
        assert np.abs(pictures_THWC.astype(int) - expected_THWC).max() <= 1
    assert later_items - items == NUM_CALLERS * NUM_PICTURES
    assert 2 * (later_executions - executions) < later_items - items


def a_film_is_painted_by_the_server_that_has_its_head(server: Any, place: Path) -> None:
    with wave.open(str(place / "says.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((9_000 * np.sin(np.arange(16_000) / 5)).astype("<i2").tobytes())
    asked = InferOptions(
        name="ada",
        dataset_dir=str(place / "persons"),
        audio_path=str(place / "says.wav"),
        checkpoint=str(place / "heads" / "loud"),
        out=str(place / "film.mp4"),
        triton=server.target,
    )
    items, _ = server.counts("loud")
    assert infer(asked)["num_frames"] == NUM_PICTURES and (place / "film.mp4").stat().st_size > 1_000
    # In silence a face is painted for the sound of the frame before, too.
    assert server.counts("loud")[0] - items >= NUM_PICTURES
    other = write_head(place / "others" / "loud", share=0.25)
    settings = HeadConfig(bundle=str(other), person=str(place / "persons" / "ada"), triton=server.target)
    with pytest.raises(BadConfig, match="MODEL_DIFFERS"):
        open_head_film(settings)
