"""What a data set says is spoken becomes ids; a clip without text is set aside."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.tokens import TextIds
from services.base.stage.spec import ClipJob
from services.text.spec import TextConfig
from services.text.stage import TextStage, open_stage


@pytest.fixture(scope="session")
def stage(small_model: Path) -> TextStage:
    return open_stage(TextConfig(str(small_model)))


def _ids(stage: TextStage, text: str) -> TextIds:
    clip = Clip("speaker/one", "one", "speaker", "one.wav", attributes=ClipAttributes(text=text))
    consumer = stage(ClipJob(clip, Media.of_bytes("one.wav", b"")), None)
    assert not consumer.wants
    return consumer.finish({})


def test_the_cleaned_text_and_its_ids(stage: TextStage) -> None:
    made = _ids(stage, " Speaker 1: hello\u3000world ")
    assert (made.text, made.language, made.num_unknown, made.not_normalised) == ("hello world", "en", 0, False)
    assert made.ids_N.dtype == np.int32
    assert len(made.ids_N)


def test_a_named_language_wins_over_the_script(small_model: Path) -> None:
    stage = open_stage(TextConfig(str(small_model), language="zh"))
    assert _ids(stage, "hello 5").language == "zh"
    assert _ids(open_stage(TextConfig(str(small_model), language="amh")), "hello").language == "am"


def test_unknown_characters_and_failed_grammars_are_told(stage: TextStage) -> None:
    assert _ids(stage, "ሰላም").unknown == "".join(sorted("ሰላም"))
    assert _ids(stage, "hello \ud800").not_normalised
    assert not _ids(stage, "hello").not_normalised


@pytest.mark.parametrize("text", ["", "   ", "\u3000", "Speaker 3:", "\u00a0spk 1："])
def test_a_clip_without_text_is_set_aside(stage: TextStage, text: str) -> None:
    with pytest.raises(BadInput, match="speaker/one") as refused:
        _ids(stage, text)
    assert refused.value.reason == "NO_TEXT"


def test_the_artifact_is_a_value(stage: TextStage) -> None:
    assert dataclasses.is_dataclass(_ids(stage, "hello"))
