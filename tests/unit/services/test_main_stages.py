"""Every spec of the table of stages: it says all that is asked of a stage, and what it names is there."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from services.__main__ import STAGES, spec_of
from services.base.errors import VisemillError
from services.base.stage.spec import ByName, Fingerprint, StageSpec, all_settings
from services.base.stage.stream import STREAMS
from services.base.worker.fingerprint import identity_of

ROOT = Path(__file__).resolve().parents[3]
SPECS = {name: spec_of(name) for name in STAGES}


def _named(spec: StageSpec) -> list[ByName]:
    return [value for value in vars(spec).values() if isinstance(value, ByName)]


@pytest.mark.parametrize("name", STAGES)
def test_all_that_a_spec_names_is_there_and_takes_what_it_is_given(name: str) -> None:
    spec = SPECS[name]
    assert spec.name == name
    assert [named.target for named in _named(spec) if named.resolve() is None] == []
    assert spec.opens is not None
    inspect.signature(spec.opens.resolve()).bind(spec.config())
    if isinstance(spec.models, ByName):
        inspect.signature(spec.models.resolve()).bind(spec.config())
    if spec.writer is not None:
        inspect.signature(spec.writer.resolve()).bind(spec.config(), 0, 1, None)
    if spec.rpc is not None:
        rpc = spec.rpc.resolve()
        inspect.signature(rpc.open_remote).bind(
            "there:1", spec.config(), *([None] if spec.streams and not spec.source_of else [])
        )
        inspect.signature(rpc.serve).bind(None, spec_of)
        inspect.signature(rpc.add_serve_flags).bind(None)


@pytest.mark.parametrize("name", STAGES)
def test_a_fingerprint_is_plain_values_and_libraries_that_the_spec_names(name: str) -> None:
    spec = SPECS[name]
    decides = spec.fingerprint(spec.config())
    assert isinstance(decides, Fingerprint)
    assert {*(decides.libraries or ())} <= {*spec.libraries}
    try:
        identity = identity_of(spec, spec.config(), "cpu")
    except VisemillError as error:
        assert "MISSING" in error.reason, "of what is not installed here alone"
    else:
        assert identity.key_config == decides.key_config
        assert identity.version == spec.version


@pytest.mark.parametrize("name", STAGES)
def test_what_a_stage_reads_is_made_by_another_or_comes_with_the_clip(name: str) -> None:
    made = {written for spec in SPECS.values() for written in spec.writes}
    assert {*SPECS[name].reads} <= made | {"media", "align"}


def test_a_stage_says_which_streams_it_reads_or_makes() -> None:
    sources = {name: spec.source_of for name, spec in SPECS.items() if spec.source_of is not None}
    assert {*sources.values()} <= STREAMS.keys() and len({*sources.values()}) == len(sources), "one source a kind"
    for name, spec in SPECS.items():
        assert bool(spec.counts) == (name in sources), "counted where it is made"
        assert not (spec.streams and spec.source_of)


def test_naming_every_stage_imports_nothing_that_computes() -> None:
    code = (
        "import sys; from services.__main__ import STAGES, spec_of; [spec_of(name) for name in STAGES]; "
        "heavy = {'av', 'cv2', 'torch', 'mediapipe', 'dlib', 'grpc', 'minio', 'soxr', 'pyarrow'}; "
        "print(sorted(heavy & {*sys.modules}), [m for m in sys.modules if m.endswith(('.stage', '.rpc', '.writer')) "
        "and m.startswith('services.') and not m.startswith('services.base')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_a_spec_that_cannot_be_is_not_built() -> None:
    with pytest.raises(ValueError, match="must write a tuple"):
        StageSpec("x", 1, dict, (), "frames")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must write a tuple"):
        StageSpec("x", 1, dict, (), ())
    with pytest.raises(ValueError, match="one stream alone"):
        StageSpec("x", 1, dict, ("media",), ("frames", "facts"))
    assert StageSpec("x", 1, dict, ("text",), ("tokens",)).streams == frozenset()
    assert StageSpec("x", 1, dict, ("frames", "waveform"), ("both",)).streams == STREAMS.keys()


def test_of_a_spec_that_says_no_more_every_setting_decides() -> None:
    spec = SPECS["decode"]
    assert all_settings(spec.config()).key_config["sampling"] == "all"
