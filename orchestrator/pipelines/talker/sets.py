"""The videos of a command as data sets: a person's folder each. Reads the list that names them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orchestrator.pipelines.data_sets import GivenDataSet, HeldRuns
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.talker.entries import (
    VideoEntry,
    entries_of_folder,
    entries_of_json,
    entries_of_list,
    stem_of,
)
from orchestrator.pipelines.talker.held import as_held, held_features
from orchestrator.pipelines.talker.options import ASR_MODELS, TalkerOptions, asr_model_named
from services.base.errors import BadConfig
from services.base.store.roots import absolute


def sets(options: TalkerOptions, root: str, held: HeldRuns) -> list[GivenDataSet]:
    """A data set for each video, in the folder of its name below the root. Raises BadConfig before any work."""
    return [_data_set(entry, options, f"{root.rstrip('/')}/{entry.name}", held) for entry in entries(options)]


def entries(options: TalkerOptions) -> list[VideoEntry]:
    """The videos that the options name, with whole paths. Raises BadConfig."""
    return [dataclasses.replace(entry, path=_found(entry.path)) for entry in _named(options)]


def _named(options: TalkerOptions) -> Sequence[VideoEntry]:
    if options.video_path:
        return [VideoEntry(options.video_path, options.name or stem_of(options.video_path))]
    if options.video_dir:
        return entries_of_folder(Files(follow_links=True).names("--video-dir", options.video_dir), options.video_dir)
    if options.video_list:
        return entries_of_list(_text("--video-list", options.video_list), f"--video-list {options.video_list}")
    if options.json_config:
        text = _text("--json-config", options.json_config)
        return entries_of_json(text, ASR_MODELS, f"--json-config {options.json_config}")
    raise BadConfig(
        "BAD_FLAGS",
        "no video is named: give --video-path VIDEO --name NAME, --video-dir, --video-list or --json-config",
    )


def _text(flag: str, file: str) -> str:
    try:
        return Files().read(flag, file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig("BAD_LIST", f"{flag} {file} is no text in UTF-8 ({error}): save it as such") from error


def _found(path: str) -> str:
    """The path, its backslashes taken as separators where the file is found so."""
    if "\\" in path and not _is_there(path) and _is_there(path.replace("\\", "/")):
        path = path.replace("\\", "/")
    return absolute(path)


def _is_there(path: str) -> bool:
    folder, _, name = absolute(path).rpartition("/")
    return Files(follow_links=True).stat(folder or "/", name) is not None


def _data_set(entry: VideoEntry, options: TalkerOptions, output_root: str, held: HeldRuns) -> GivenDataSet:
    own = dataclasses.replace(
        options,
        video_path=entry.path,
        name=entry.name,
        video_dir="",
        video_list="",
        json_config="",
        asr_model=asr_model_named(entry.asr_model or options.asr_model),
    )
    runs = [] if own.force else held(output_root)
    _check_skipped(own, held_features(runs), output_root)
    return GivenDataSet(entry.name, output_root, as_held(own, runs))


def _check_skipped(options: TalkerOptions, there: Sequence[str], output_root: str) -> None:
    """Raises BadConfig SKIPPED_STEP_MISSING where a step is to be skipped whose result is not there."""
    for flag, what in options.skipped.items():
        is_there = options.asr_model in there if flag == "--skip-audio" else bool(there)
        if not is_there:
            raise BadConfig(
                "SKIPPED_STEP_MISSING",
                f"{flag} skips a step whose result, the {what} of {options.name}, is not in {output_root}: leave the "
                f"flag out, and `visemill run talker --video-path {options.video_path} --name {options.name} "
                f"--asr-model {options.asr_model}` makes what is missing; what is there is never made twice",
            )
