"""`visemill unpack tts`: what it is told, and what it answers."""

import pytest

from orchestrator.pipelines.commands import commands_of, resolve
from orchestrator.pipelines.tts.written.unpacking import UnpackOptions, unpack
from services.base.errors import BadConfig


def test_the_command_is_a_verb_of_the_pipeline() -> None:
    verb = next(verb for verb in commands_of("tts").own if verb.name == "unpack")
    assert (resolve(verb.options), resolve(verb.calls)) == (UnpackOptions, unpack)


def test_an_output_must_be_named_and_must_hold_arrow_files(tmp_path) -> None:
    with pytest.raises(BadConfig, match="BAD_FLAGS: --output-dir is empty"):
        UnpackOptions()
    with pytest.raises(BadConfig, match="NO_ARROW"):
        unpack(UnpackOptions(str(tmp_path)))
