"""A manifest of speech as a data set: where its audio lies, who goes to val, how files are called, and the shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.catalog import frozen_rows
from orchestrator.pipelines.files import folder_of
from orchestrator.pipelines.media_manifest import Columns, ManifestClips, read_clips
from orchestrator.pipelines.tts.file_names import stems_of
from orchestrator.pipelines.tts.options import TtsOptions
from orchestrator.pipelines.tts.shards import dealt_out, num_shards_for, weights_s
from orchestrator.pipelines.tts.splits import TRAIN, VAL, split_notes, val_ids
from services.base.errors import BadConfig
from services.base.run.sharding import Assignment
from services.base.store.roots import absolute

_COLUMNS = Columns(kind="AUDIO", needs_text=True)


def search_order(inputs: Inputs, manifest: str) -> tuple[str, ...]:
    """Where a relative path is looked for: in the working directory, below the input roots, beside the manifest, and
    in the folder above that.
    """
    beside = folder_of(manifest)
    bucket = beside.partition("://")[2]
    # Above a bucket there is nothing.
    above = () if bucket and "/" not in bucket else (folder_of(beside),)
    return tuple(dict.fromkeys((absolute("."), *(root for root in inputs.input_roots if root), beside, *above)))


def default_root(options: TtsOptions) -> str:
    """The folder of the manifest. Raises BadConfig BAD_FLAGS without one."""
    if not options.manifest:
        raise BadConfig("BAD_FLAGS", "--manifest is needed: JSON lines with id, text and audio")
    return folder_of(options.manifest)


def clips(inputs: Inputs, options: TtsOptions) -> ManifestClips:
    """What the manifest names. Raises BadConfig."""
    default_root(options)
    search = search_order(inputs, options.manifest)
    return read_clips(inputs, "--manifest", options.manifest, _COLUMNS, search, max_clips=options.max_samples)


def read(inputs: Inputs, options: TtsOptions) -> DataSet:
    """Reads, splits and shards. Raises BadConfig before any work starts."""
    found = clips(inputs, options)
    splits = _splits(found, options)
    assignment, num_shards = _shards(found, options.num_shards)
    rows = frozen_rows(
        found.clips,
        splits,
        num_shards,
        assignment=assignment,
        utterance_ids=stems_of(found.clips.keys),
        place_N=np.frombuffer(found.lines, np.int64) - 1,
    )
    problems = tuple(problem.entry(options.manifest) for problem in found.problems)
    details = {"val_ratio": options.val_ratio, "val_count": options.val_count, "on_leak": options.on_leak}
    return DataSet(
        rows, problems, tuple(_notes(found, splits, options)), details, roots=found.roots, num_shards=num_shards
    )


def count(inputs: Inputs, options: TtsOptions) -> int:
    """Lines that a run would process."""
    return len(clips(inputs, options).clips)


def _splits(found: ManifestClips, options: TtsOptions) -> list[str]:
    val = val_ids(found.clips.keys, options.val_ratio, options.val_count)
    return [VAL if key in val else TRAIN for key in found.clips.keys]


def _shards(found: ManifestClips, num_shards: int) -> tuple[Assignment, int]:
    """Lines that are left out for their audio or text count too: once they are fixed, no other clip moves."""
    left_out = [(p.line, p.duration_s) for p in found.problems if p.id and p.duration_s is not None]
    lines_N = np.concatenate([np.frombuffer(found.lines, np.int64), np.array([n for n, _ in left_out], np.int64)])
    durations_s_N = np.concatenate(
        [
            np.frombuffer(found.clips.attributes.durations_s, np.float64),
            np.array([duration_s for _, duration_s in left_out], np.float64),
        ]
    )
    sizes_bytes_N = np.concatenate(
        [np.frombuffer(found.clips.media.sizes_bytes, np.int64), np.zeros(len(left_out), np.int64)]
    )
    order = np.argsort(lines_N, kind="stable")
    seconds_N = weights_s(durations_s_N, sizes_bytes_N)[order]
    num_shards = num_shards or num_shards_for(seconds_N)
    dealt = dealt_out(seconds_N, num_shards)
    back = np.argsort(order, kind="stable")[: len(found.lines)]
    return Assignment(dealt.shard_N[back], dealt.position_N[back]), num_shards


def _notes(found: ManifestClips, splits: Sequence[str], options: TtsOptions) -> Iterator[str]:
    groups = ("speaker", found.clips.speakers), ("language", found.clips.attributes.languages)
    in_val = [split == VAL for split in splits]
    yield from split_notes(in_val, options.val_ratio, options.val_count, groups=groups)
    if options.seed != TtsOptions.seed:
        yield f"--seed {options.seed} moves nothing: the split goes by the hash of each id"
    if options.audio_sr != TtsOptions.audio_sr:
        yield f"--audio-sr {options.audio_sr} has no effect: sound is brought to the rates that the networks take"
