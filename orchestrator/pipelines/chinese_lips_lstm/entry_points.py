"""I/O: `visemill test`, `stats`, `infer` and `download chinese-lips-lstm`."""

from __future__ import annotations

from orchestrator.console.byte_progress import ByteProgress
from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.entry_points import outcome_of
from orchestrator.pipelines.training.reading import infer_by
from services.training.data.lips.download_settings import LipsDownload
from services.training.data.lips.published import download_chinese_lips
from services.training.recipes.chinese_lips_lstm.spec import RECIPE
from services.training.recipes.exported import ExportSettings, InferSettings
from services.training.recipes.lips.command_settings import (
    LipsInferSettings,
    LipsStatsSettings,
    LipsTestSettings,
)


def test(options: LipsTestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def stats(options: LipsStatsSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "stats", options, "reading the data set")


def export(options: ExportSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "export", options, "exporting", "--json")


def infer(options: LipsInferSettings) -> Outcome:
    """Raises what the services fail with."""
    if options.bundle or options.server:
        asked = InferSettings(
            video_path=options.video_path,
            ground_truth=options.ground_truth,
            bundle=options.bundle,
            server=options.server,
            cropped=options.cropped,
        )
        return infer_by(asked, export)
    found = outcome_of(RECIPE.name, "infer", options, "reading the clip", "--json")
    return Outcome(found.data["read"], found.text, found.exit_code)


def download(options: LipsDownload) -> Outcome:
    """In this process: it waits for the network and writes files. Raises as download_chinese_lips does."""
    data, text = download_chinese_lips(options, ByteProgress())
    return Outcome(data, text)
