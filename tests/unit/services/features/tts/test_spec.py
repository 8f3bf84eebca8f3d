"""What decides the features of the speech stage, and values that cannot work."""

from typing import Any

import pytest

from services.features.tts.spec import SPEC, SpeechConfig, fingerprint, settled


def test_the_stage_reads_filterbanks_and_no_stream() -> None:
    assert (SPEC.name, SPEC.reads, SPEC.writes) == ("speech", ("filterbank",), ("speech_features",))
    assert not SPEC.streams


def test_files_decide_by_their_digests_and_not_by_their_places() -> None:
    assert fingerprint(SpeechConfig(config="a", w2v_bert="b")) == fingerprint(SpeechConfig(hf_cache_dir="c"))
    assert fingerprint(SpeechConfig(seed=1)) != fingerprint(SpeechConfig())


def test_the_device_is_pinned() -> None:
    assert settled(SpeechConfig(), "cuda") == {"device": "cuda"}
    assert settled(SpeechConfig(device="cpu"), "cuda") == {"device": "cpu"}


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"device": "tpu"}, "device 'tpu'"), ({"seed": -1}, "seed -1"), ({"num_threads": 0}, "num_threads 0")],
)
def test_values_out_of_range_are_named(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        SpeechConfig(**changes)
