"""What the pipeline has on the command line."""

from orchestrator.pipelines.commands import SHARED, commands_of


def test_the_shared_commands_are_there() -> None:
    assert set(SHARED) <= set(commands_of("tts").verbs)
