"""What a pipeline says of the command line: values that cannot be wrong, and the table read without what is slow."""

import subprocess
import sys

import pytest

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.commands import SHARED, Original, PipelineCommands, Verb, commands_of, original_of, resolve


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Verb("Stats", "x", options="a:B", calls="a:b"), "lower-case"),
        (lambda: Verb("train", "x"), "either same_as, or both"),
        (lambda: Verb("train", "x", same_as="run", calls="a:b", options="a:B"), "either same_as, or both"),
        (lambda: Verb("train", "x", same_as="resume"), "plan, count, run, pin, not as 'resume'"),
        (lambda: PipelineCommands(shared=("run", "fly")), "not fly"),
        (lambda: PipelineCommands(own=(Verb("run", "x", options="a:B", calls="a:b"),)), "each verb once"),
        (lambda: PipelineCommands(originals={"train.py": Original("train")}), "stands for 'train', and the verbs are"),
    ],
)
def test_commands_that_cannot_be_cannot_be_made(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_a_verb_of_its_own_may_take_the_place_of_a_shared_one():
    commands = PipelineCommands(shared=("plan",), own=(Verb("run", "x", options="a:B", calls="a:b"),))
    assert commands.verbs == ("plan", "run")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("count-utterances", ("grid", "count")),
        ("count_utterances.py", ("grid", "count")),
        ("grid_to_tfrecords_parallel", ("grid", "run")),
        ("run", None),
        ("", None),
    ],
)
def test_scripts_are_found_however_they_are_spelt(word, expected):
    found = original_of(word)
    assert (found and (found[0], found[1].verb)) == expected


@pytest.mark.parametrize(
    ("argv", "pipeline"),
    [
        ((), "tts"),
        (("--manifest", "m.jsonl"), "tts"),
        (("--video_path", "v.mp4", "--name", "n"), "talker"),
        (("--name", "n", "--video-path=v.mp4"), "talker"),
    ],
)
def test_two_scripts_of_one_name_are_told_apart_by_their_flags(argv, pipeline):
    found = original_of("preprocess_data.py", argv)
    assert found is not None and found[0] == pipeline


def test_a_pipeline_that_says_nothing_has_the_shared_commands(monkeypatch):
    monkeypatch.setitem(PIPELINES, "plain", "orchestrator.runs.plan")
    assert commands_of("plain").verbs == SHARED


def test_an_import_that_fails_within_is_not_taken_for_saying_nothing(monkeypatch, tmp_path):
    (tmp_path / "torn_pipeline").mkdir()
    (tmp_path / "torn_pipeline" / "__init__.py").touch()
    (tmp_path / "torn_pipeline" / "commands.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(PIPELINES, "torn", "torn_pipeline.pipeline")
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        commands_of("torn")


def test_reading_them_imports_nothing_that_computes():
    code = (
        "import sys\n"
        "from orchestrator.pipelines.commands import PIPELINES, commands_of\n"
        "found = [commands_of(name) for name in PIPELINES]\n"
        "print([name for name in ('numpy', 'pyarrow', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_what_they_name_is_there(name):
    for verb in commands_of(name).own:
        if verb.calls:
            assert callable(resolve(verb.calls)) and resolve(verb.options)
