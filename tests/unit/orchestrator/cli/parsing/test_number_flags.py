"""How many worker processes, and how many decoders beside each, in the spelling of the run's pipeline."""

import argparse
import dataclasses

import pytest

from orchestrator.cli.commands import build_parser
from orchestrator.cli.runs.request import limits_of, request_of
from orchestrator.pipelines.data_sets import NumberFlags
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig


@pytest.fixture(autouse=True)
def of_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sign pipeline with the spelling of scripts that have decoders beside each process."""
    changed = dataclasses.replace(pipeline_of("sign"), numbers=NumberFlags("--num-processes", 1, "--workers"))
    monkeypatch.setattr("orchestrator.pipelines.sign.pipeline.PIPELINE", changed)


def parsed(*words: str) -> argparse.Namespace:
    given = ["--input-root", "in", "--output-root", "out", "--write-keypoints"]
    return build_parser("run").parse_args(["run", "sign", *given, *words])


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], (1, 0)), (["--num_processes", "3"], (3, 0)), (["--workers", "8", "--num-processes=0"], (0, 8))],
)
def test_numbers_of_processes_and_of_decoders(words: list[str], expected: tuple[int, int]) -> None:
    limits = request_of(parsed(*words)).limits
    assert (limits.num_workers, limits.num_decoders) == expected


@pytest.mark.parametrize("words", [[], ["--workers", "2"], ["--num-processes", "3", "--workers", "2"]])
def test_resume_reads_the_numbers_as_the_pipeline_of_its_run_spells_them(words: list[str]) -> None:
    flags = build_parser("resume").parse_args(["resume", "--output-root", "out", *words])
    own, usual = limits_of(flags, pipeline_of("sign")), dict(zip(words[::2], words[1::2], strict=True))
    assert own.num_workers == int(usual.get("--num-processes", 1))
    assert own.num_decoders == int(usual.get("--workers", 0))
    if "--num-processes" in usual:
        with pytest.raises(BadConfig, match="--num-processes is no flag of a run of grid: give --workers"):
            limits_of(flags, pipeline_of("grid"))
    else:
        assert limits_of(flags, pipeline_of("grid")).num_workers == int(usual.get("--workers", 0))


@pytest.mark.parametrize("flag", ["--num-processes", "--workers"])
def test_a_number_below_zero_is_refused_by_its_flag(flag: str) -> None:
    with pytest.raises(BadConfig, match=f"{flag} must be 0") as caught:
        limits_of(parsed(flag, "-1"), pipeline_of("sign"))
    assert caught.value.reason == "BAD_WORKERS"


def test_a_service_resumes_it_with_the_pipelines_flags() -> None:
    request = request_of(parsed("--num-processes", "3", "--workers", "2"))
    assert {"--num-processes=3", "--workers=2"} <= set(request.resume_argv())
