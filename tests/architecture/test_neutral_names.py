"""What every stage and pipeline stands on names none of them: a new one must not need a line there.

The names are those of the two tables, what the stages write, and the fields of their settings. Asked of identifiers and
of strings, docstrings and messages included.
"""

import ast
import dataclasses
import re
from collections.abc import Iterator
from functools import cache

import pytest
from import_graph import ROOT

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.lookup import pipeline_of
from services.__main__ import STAGES, spec_of

# Of the orchestrator all but the pipelines' packages and their table, which is where the names belong, and what
# trainings have in common, or records of faces, whose settings have the same names.
SHARED = ("services/base", "orchestrator")
NOT_SHARED = tuple(
    f"orchestrator/pipelines/{name.replace('-', '_')}"
    for name in (*PIPELINES, "face_records/", "training/", "__init__")
)

# Names of stages and of what they write that are also plain words: of media, of bytes, of any data set.
PLAIN_WORDS = {
    "audio": "a kind of media, as video is",
    "decode": "what bytes do",
    "existing": "what an output may hold from before",
    "filterbank": "a form of sound, as a spectrum is",
    "lips": "a part of a face",
    "record": "what a data set holds, and what the RunService keeps of a run",
    "records": "the same",
    "sound": "what is heard",
    "speech": "what people do",
    "text": "what a file, a message or a clip may hold",
}
# Fields of settings that are also names of the shared code, for a reason of its own.
PLAIN_FIELDS = {
    "data_root": "of every training, and of the messages of the TrainingService",
    "face_landmarker": "MediaPipe's name of a topology of points",
    "learning_rate": "of every training",
    "log_dir": "of any process",
    "max_frames": "where a source stops for one clip (ClipJob)",
    "min_ranks": "of every gang",
    "min_ranks_after_s": "of every gang",
    "num_shards": "of every run",
    "num_ranks": "of every gang",
    "num_threads": "of every process",
    "num_workers": "of every run on a machine",
    "ranks_per_pod": "of every gang",
    "sample_rate_hz": "of every waveform",
}
# Module -> names that it may not keep for ever: this list only shrinks.
ALLOWED: dict[str, set[str]] = {
    # Values that cross stages have the names that stages gave them.
    "services/base/media/__init__.py": {"features"},
    "services/base/media/features.py": {"features"},
    "services/base/media/points.py": {"keypoints", "landmarks"},
    # What the product makes, in a sentence, and a command line to try.
    "orchestrator/cli/commands.py": {"features", "grid", "sign"},
    # The command of the services that own the repositories of models, and what each of them exports.
    "orchestrator/cli/models.py": {"features", "talker"},
    # A heading of the help, which any pipeline may use.
    "orchestrator/cli/parsing/help_groups.py": {"features"},
    # A deprecated field of the API, filled in for old clients.
    "orchestrator/service/servicer.py": {"landmarks"},
}


def names() -> frozenset[str]:
    """Of stages, pipelines, and what stages write but for streams."""
    written = {name for stage in STAGES for name in spec_of(stage).writes if spec_of(stage).source_of is None}
    return frozenset({*STAGES, *PIPELINES, *written} - PLAIN_WORDS.keys())


@cache
def fields() -> frozenset[str]:
    """Of the settings of stages and the options of single pipelines; names of one word say too little."""
    of_stages = {field.name for stage in STAGES for field in dataclasses.fields(spec_of(stage).config)}
    options = [{field.name for field in dataclasses.fields(pipeline_of(name).options)} for name in PIPELINES]
    found = (of_stages | set.union(*options)) - set.intersection(*options)
    return frozenset(name for name in found if "_" in name) - PLAIN_FIELDS.keys()


def modules() -> list[str]:
    paths = [path.relative_to(ROOT).as_posix() for top in SHARED for path in sorted((ROOT / top).rglob("*.py"))]
    return [path for path in paths if not path.startswith(NOT_SHARED)]


def texts(tree: ast.AST) -> Iterator[str]:
    """Every identifier, and every string."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                # A flag is spelt as its field.
                yield re.sub(r"(?<=\w)-(?=\w)", "_", text)
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text) | ast.alias(name=text):
                yield text
            case ast.keyword(arg=str(text)) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield text
            case ast.ImportFrom(module=str(text)):
                yield text
            case ast.MatchAs(name=str(text)) | ast.MatchStar(name=str(text)):
                yield text


def words(text: str) -> set[str]:
    """The words of a text or an identifier, in lower case: `Landmarks`, `landmarks_of` and "its landmarks" hold one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    return {word.lower() for word in re.findall(r"[A-Za-z0-9]+", apart)}


def found_in(source: str) -> set[str]:
    found = set()
    for text in texts(ast.parse(source)):
        found |= words(text) & names()
        found |= set(re.findall(r"\w+", text)) & fields()
    return found


@pytest.mark.parametrize("module", modules())
def test_a_shared_module_names_no_single_stage_or_pipeline(module: str) -> None:
    found = found_in((ROOT / module).read_text())
    assert found - ALLOWED.get(module, set()) == set(), "move what names it to the stage or the pipeline"
    assert ALLOWED.get(module, set()) - found == set(), f"take these out of ALLOWED for {module}"


def test_what_is_allowed_is_there() -> None:
    assert ALLOWED.keys() - set(modules()) == set()


@pytest.mark.parametrize(
    "source",
    [
        "def landmarks_of(x): ...",
        "class GridError: ...",
        "'the same --state-root keeps the landmarks'",
        "f'{x} --quality-policy keep'",
        "import services.records.grid.spec",
        "x.quality_policy",
        "f(quality_policy=1)",
        "match x:\n    case sign: ...",
    ],
)
def test_the_test_sees_names(source: str) -> None:
    assert found_in(source)


def test_the_test_lets_plain_words_pass() -> None:
    assert found_in("data.decode(); num_records = 'audio of a signed design'") == set()
