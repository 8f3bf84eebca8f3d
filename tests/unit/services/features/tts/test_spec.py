"""What decides the features of the speech stage, and values that cannot work."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from services.base.media.features import FilterbankFrames
from services.base.stage.window import ClipSize
from services.features.runtimes import gpu
from services.features.tts.spec import SPEC, SpeechConfig, fingerprint, settled, size, window


def test_the_stage_reads_filterbanks_and_no_stream() -> None:
    assert (SPEC.name, SPEC.reads, SPEC.writes) == ("speech", ("filterbank",), ("speech_features",))
    assert not SPEC.streams


def test_files_decide_by_their_digests_and_not_by_their_places() -> None:
    assert fingerprint(SpeechConfig(config="a", w2v_bert="b")) == fingerprint(SpeechConfig(hf_cache_dir="c"))
    assert fingerprint(SpeechConfig(seed=1)) != fingerprint(SpeechConfig())


def test_device_and_batch_rule_are_pinned() -> None:
    assert settled(SpeechConfig(), "cuda") == {"device": "cuda", "batching": "padded", "batch_size": 8}
    assert settled(SpeechConfig(device="cpu"), "cuda") == {"device": "cpu", "batching": "clip", "batch_size": 1}


def test_a_run_on_another_card_keeps_its_plans_batch_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "gpu_memory_bytes", lambda: int(22.5 * 2**30))
    planned = dataclasses.replace(SpeechConfig(), **settled(SpeechConfig(), "cuda"))
    assert planned.batch_size == 16
    monkeypatch.setattr(gpu, "gpu_memory_bytes", lambda: 79 * 2**30)
    assert settled(planned) == {"device": "cuda", "batching": "padded", "batch_size": 16}
    assert fingerprint(planned).key_config["batch_size"] == 16


def test_one_by_one_no_size_of_a_batch_decides() -> None:
    assert fingerprint(SpeechConfig(device="cpu", batch_size=2)) == fingerprint(SpeechConfig(device="cpu"))
    assert settled(SpeechConfig(device="cpu", batch_size=2)) == settled(SpeechConfig(device="cpu"))
    padded = [SpeechConfig(device="cpu", batching="padded", batch_size=size) for size in (1, 2)]
    assert fingerprint(padded[0]) != fingerprint(padded[1])


def test_the_number_format_decides() -> None:
    assert fingerprint(SpeechConfig(device="cpu", dtype="bfloat16")) != fingerprint(SpeechConfig(device="cpu"))


SIZES = [ClipSize(f"{i}", length, length / 50) for i, length in enumerate([750, 100, 750, 90])]


def test_on_a_processor_each_clip_is_computed_alone_whatever_the_batch_size() -> None:
    alone = window(SpeechConfig(device="cpu", batch_size=8))
    assert (alone.num_clips, alone.num_decoders) == (1, 1)
    assert alone.batches(SIZES[:1]) == [[0]]


def test_on_a_gpu_a_batch_is_of_a_window_of_the_shard_by_length() -> None:
    padded = window(SpeechConfig(device="cuda", batch_size=2))
    assert (padded.num_clips, padded.duration_s) == (512, 7200.0)
    assert padded.num_decoders >= 8
    assert padded.batches(SIZES) == [[3, 1], [0, 2]]


def test_a_clips_size_is_its_frames_of_20_ms() -> None:
    frames = FilterbankFrames(np.zeros((49, 160), np.float32))
    assert size("a", {"filterbank": frames}) == ClipSize("a", 49, 49 * 0.02)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"device": "tpu"}, "device 'tpu'"),
        ({"batching": "all"}, "batching 'all'"),
        ({"dtype": "int8"}, "dtype 'int8'"),
        ({"dtype": "float16", "device": "cpu"}, "float16 is for a GPU"),
        ({"seed": -1}, "seed -1"),
        ({"num_threads": 0}, "num_threads 0"),
        ({"batch_size": -1}, "batch_size -1"),
    ],
)
def test_values_out_of_range_are_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        SpeechConfig(**changes)


SERVED: dict[str, Any] = {"backend": "triton", "triton": "triton:8001"}


def test_the_backend_decides_and_where_its_server_is_does_not() -> None:
    served = fingerprint(SpeechConfig(**SERVED))
    assert served.key_config == {"seed": 0, "backend": "triton"} and served.libraries == ("numpy",)
    assert served == fingerprint(SpeechConfig(**{**SERVED, "triton": "other:1", "triton_in_flight": 9}))
    assert served != fingerprint(SpeechConfig(device="cpu"))


def test_of_a_server_no_device_and_no_batch_rule_of_this_machine_is_pinned() -> None:
    pinned = settled(SpeechConfig(**SERVED), "cuda")
    assert pinned == {"device": "cpu", "batching": "clip", "batch_size": 1}
    assert SpeechConfig(**SERVED, **pinned) == dataclasses.replace(SpeechConfig(**SERVED), **pinned)


def test_a_server_is_asked_for_several_clips_of_like_length_at_a_time() -> None:
    assert window(SpeechConfig(**SERVED, triton_in_flight=2)).batches(SIZES) == [[3, 1], [0, 2]]


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"backend": "triton"}, "--triton HOST:PORT"),
        ({**SERVED, "triton": "no port"}, "--triton"),
        ({**SERVED, "device": "cuda"}, "leave it out"),
        ({**SERVED, "dtype": "bfloat16"}, "leave it out"),
        ({**SERVED, "batching": "padded"}, "leave it out"),
        ({"triton_weights": "sha256:1"}, "leave it out"),
        ({"triton_in_flight": 0}, "from 1 to 64"),
        ({"backend": "onnx"}, "torch, triton"),
    ],
)
def test_settings_of_a_server_that_disagree_are_refused(changes: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        SpeechConfig(**changes)
