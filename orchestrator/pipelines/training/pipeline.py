"""The pipeline of a training: no pass over clips, and one gang pass, which reads files that are there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from orchestrator.pipelines.base import DataSet, Inputs, Made, Pipeline, Summaries
from orchestrator.pipelines.catalog import Entry
from orchestrator.pipelines.data_sets import OutputFlag
from orchestrator.pipelines.needs import Need, PackageNeed, pip_install
from orchestrator.pipelines.training.options import PASS
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.passes import GangPlan
from services.base.run.spec import RunSpec
from services.base.store.interface import Store


def training_pipeline(
    name: str,
    help: str,  # noqa: A002 - as the pipeline's field is called
    options: type[Any],
    read: Callable[[Inputs, Any], DataSet],
    count: Callable[[Inputs, Any], int],
    gangs: Callable[[Any], tuple[GangPlan, ...]],
    free: Collection[str],
) -> Pipeline:
    """Of a recipe whose option data_root says where its data set lies. free: its settings that decide nothing of what
    is learnt.
    """
    return Pipeline(
        name,
        help,
        options,
        _stages,
        read,
        count,
        _check,
        _summary_files,
        _file_of,
        _payloads,
        default_root=lambda options: str(options.data_root),
        root_flag="--data-root",
        output_flag=OutputFlag("--checkpoint-dir", "checkpoints"),
        needs=_needs,
        extra="train",
        product="weights",
        image="visemill-training",
        gangs=gangs,
        free_settings=frozenset(f"{PASS}.{name}" for name in free),
    )


def files_as_rows(files: Iterable[tuple[Entry, str]]) -> DataSet:
    """(file, split): the run's digest is of their names, sizes and times."""
    return DataSet(
        ClipTable.of_rows(
            [
                ClipRow(
                    key=entry.name,
                    utterance_id=entry.name,
                    speaker_id="",
                    media=entry.name,
                    split=split,
                    shard=0,
                    position=i,
                    idx=i,
                    size_bytes=entry.size_bytes,
                    version=entry.version,
                )
                for i, (entry, split) in enumerate(files)
            ]
        )
    )


def _stages(options: Any) -> tuple[tuple[str, Mapping[str, Any]], ...]:  # noqa: ARG001
    return ()


def _check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: the ranks verify what they read."""
    return []


def _summary_files(run: Made) -> Summaries:  # noqa: ARG001
    """None: the result is that of the gang pass."""
    return {}


def _file_of(spec: RunSpec, row: ClipRow) -> str:  # noqa: ARG001
    """The file itself, which is of the data set."""
    return row.media


def _payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:  # noqa: ARG001
    return iter(())


def _needs(options: Any) -> tuple[Need, ...]:  # noqa: ARG001
    """Torch, and what counts errors."""
    fix = pip_install("visemill[train]")
    return (
        Need("training", PackageNeed("torch"), "lipreaders that learn", fix),
        Need("scores", PackageNeed("jiwer"), "errors of what a lipreader reads", fix),
    )
