"""Networks of every kind on a real server: every output, in a stage and by `models verify`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from forked_checkout import FAKES

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
from services.features.triton.repository import export_network
from services.triton.client import TritonClient
from services.triton.config import Serving
from services.triton.verify import verify_repository


def test_frames_and_sequences_of_several_outputs_are_served_as_they_are_computed_here(
    triton: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setitem(NETWORKS, "tiny", "tiny_networks.frames.spec")
    monkeypatch.setitem(NETWORKS, "voice", "tiny_networks.voice.spec")
    for name in ("tiny", "voice", "ave"):
        export_network(tmp_path / "models", name, FeaturesConfig(), Serving())
    server = triton(tmp_path / "models")
    found = verify_repository(tmp_path / "models", server.target)
    assert [(f.model, f.problems) for f in found] == [("ave", ()), ("tiny", ()), ("voice", ())]

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
