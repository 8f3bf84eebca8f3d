"""Which stages a call is computed by, and which calls are refused before anything is computed."""

import argparse
from typing import Any

import pytest
from visemill.v1 import speech_pb2

from services.__main__ import spec_of
from services.base.errors import BadConfig
from services.features.tts.models import models_of
from services.features.tts.rpc import Served, add_serve_flags, require_sources, served_of
from services.features.tts.spec import SpeechConfig

FILTERBANK = speech_pb2.FilterbankSize(num_frames=9)


def _served(*flags: str) -> Served:
    parser = argparse.ArgumentParser()
    add_serve_flags(parser)
    return served_of(parser.parse_args(flags), spec_of)


def _names(served: Served, **start: Any) -> list[str]:
    return [name for name, _ in served.stages(speech_pb2.SpeechExtractStart(**start))]


def test_a_call_is_computed_by_the_stages_that_it_needs() -> None:
    served = _served("--tokenizer=t.model")
    assert [name for name, _ in served.stages()] == ["audio", "text", "fbank", "speech"]
    assert _names(served) == ["audio", "fbank", "speech"]
    assert _names(served, text="A") == ["audio", "text", "fbank", "speech"]
    assert _names(served, filterbank=FILTERBANK) == ["speech"]
    assert _names(served, text="A", filterbank=FILTERBANK) == ["text", "speech"]


def test_sound_is_brought_to_the_rate_and_by_the_filter_that_the_models_were_trained_with() -> None:
    (_, sound), *_ = _served("--max-duration-s=5").stages()
    assert sound == {"sample_rate_hz": 24_000, "resampler": "sinc", "max_duration_s": 5.0}


def test_a_call_names_the_language_or_gets_the_servers() -> None:
    served = _served("--tokenizer=t.model", "--language=am")
    of = [dict(served.stages(speech_pb2.SpeechExtractStart(text="A", language=said)))["text"] for said in ("", "EN")]
    assert [text["language"] for text in of] == ["am", "en"]
    for unknown in ("english", "e", "ë1"):
        with pytest.raises(BadConfig, match="BAD_SETTING"):
            served.stages(speech_pb2.SpeechExtractStart(text="A", language=unknown))


def test_a_text_without_a_tokenizer_is_refused() -> None:
    served = _served()
    assert [name for name, _ in served.stages()] == ["audio", "fbank", "speech"]
    with pytest.raises(BadConfig, match=r"NO_TOKENIZER.*--tokenizer"):
        _names(served, text="A")


def test_flags_that_the_stages_before_do_not_take_are_refused() -> None:
    for flag in ("--max-duration-s=0", "--language=EN"):
        with pytest.raises(BadConfig, match="BAD_SETTING"):
            _served(flag)


def test_one_child_holds_the_networks_unless_more_are_asked_for() -> None:
    parser = argparse.ArgumentParser()
    add_serve_flags(parser)
    flags = parser.parse_args([])
    assert (flags.num_children, flags.clip_memory_mib) == (1, 8192)


def test_a_caller_may_rely_on_weights(tiny_model: Any) -> None:
    config: SpeechConfig = tiny_model.config()
    served = models_of(config)
    require_sources({"w2v_bert": served["w2v_bert"]}, config)
    require_sources({}, config)
    for wanted in ({"w2v_bert": "seeded:0"}, {"other": "seeded:0"}):
        with pytest.raises(BadConfig, match="MODEL_DIFFERS"):
            require_sources(wanted, config)
