"""A video as a data set of one clip."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.files import Files, folder_of
from orchestrator.pipelines.talker.options import WEIGHTED, TalkerOptions
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.spec import QuarantineEntry
from services.base.store.interface import Entry
from services.base.store.names import below
from services.base.store.roots import absolute


def default_root(options: TalkerOptions) -> str:
    """The folder of the video; where that is not there, the one above, so that the video is what is missing."""
    if not options.video_path:
        return ""
    folder, files = folder_of(absolute(options.video_path)), Files(follow_links=True)
    while "://" not in folder and folder not in ("", "/"):
        above, _, name = folder.rpartition("/")
        if files.stat(above or "/", name) is not None:
            break
        folder = above or "/"
    return folder


def read(inputs: Inputs, options: TalkerOptions) -> DataSet:
    """The clip; or what is wrong with it. Raises BadConfig BAD_FLAGS where the options name none."""
    if not options.video_path:
        raise BadConfig("BAD_FLAGS", "no video is named: give --video-path VIDEO --name NAME")
    path = absolute(options.video_path)
    root, _, name = path.rpartition("/")
    entry = inputs.files.stat(root or "/", name)
    if problem := _problem(path, entry):
        return DataSet(ClipTable.of_rows(()), (problem,))
    assert entry is not None
    media = below(inputs.input_root, path)
    row = ClipRow(
        options.name, options.name, options.name, media or path, "train", 0, 0, 0, entry.size_bytes, entry.version
    )
    details = {"name": options.name, "video": {"size_bytes": entry.size_bytes, "version": entry.version, "path": path}}
    roots = () if media else (root or "/",)
    return DataSet(
        ClipTable.of_rows([row]),
        notes=tuple(_notes(options)),
        details=details,
        appends=options.parts == "features",
        roots=roots,
    )


def _notes(options: TalkerOptions) -> Iterator[str]:
    if options.asr_model in WEIGHTED and not (options.asr_weights or options.triton):
        yield (
            f"RANDOM_WEIGHTS: no --asr-weights are given, so that features of {options.asr_model} are those of random "
            "weights: they try the commands, and teach nothing. --asr-model mel needs no weights"
        )


def _problem(path: str, entry: Entry | None) -> QuarantineEntry | None:
    if entry is None:
        return _line(path, "VIDEO_MISSING", f"{path} is not there: correct the path")
    if entry.kind != "file":
        return _line(path, "NOT_A_FILE", f"{path} is a folder, a pipe or a device, not a file: name a video")
    if not entry.size_bytes:
        return _line(path, "EMPTY_FILE", f"{path} holds 0 bytes: copy it again")
    return None


def _line(path: str, reason: str, message: str) -> QuarantineEntry:
    return QuarantineEntry(path, path, "train", "BAD_INPUT", reason, message)


def count(inputs: Inputs, options: TalkerOptions) -> int:
    """Videos that a run would process."""
    return len(read(inputs, options).rows)
