"""Pairs of clips of one speaker: one clip's voice and another's text and codes, as a trainer of prompts reads them.

The manifest is read twice: once for who speaks where, and once for the targets, each of which is written as it passes.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from services.base.errors import BadConfig
from services.base.store.named_file import folder_of, is_there, pieces_of, upload_of
from services.formats.manifest_paths import moved
from services.formats.manifests import BadLine, format_of, json_line, json_records

# A field of a pair -> the field of the clip.
PROMPT: Final = ("id", "audio_path", "condition_path", "condition_len", "emo_vec_path", "duration")
TARGET: Final = (
    "id", "audio_path", "text", "text_ids_path", "text_len", "codes_path", "code_len", "emo_vec_path",
)  # fmt: skip
_PATHS = ("condition_path", "emo_vec_path", "text_ids_path", "codes_path")
_NOBODY = -1
_MOST_NAMED = 20


@dataclass(frozen=True)
class Pairing:
    """max_pairs: evenly apart of all that there would be; 0: all. min_text_len, min_code_len: of a target.

    Raises BadConfig BAD_FLAGS.
    """

    manifest: str
    output: str
    pairs_per_target: int = 2
    max_pairs: int = 0
    min_text_len: int = 1
    min_code_len: int = 1
    seed: int = 2025

    def __post_init__(self) -> None:
        if not self.manifest or not self.output:
            raise BadConfig("BAD_FLAGS", f"--{'output' if self.manifest else 'manifest'} is missing: pairs needs both")
        if format_of(self.manifest) != "jsonl":
            raise BadConfig("BAD_FLAGS", f"--manifest {self.manifest} is a table: pairs reads JSON lines")
        for flag, value, least in (
            ("--pairs-per-target", self.pairs_per_target, 1),
            ("--max-pairs", self.max_pairs, 0),
            ("--min-text-len", self.min_text_len, 0),
            ("--min-code-len", self.min_code_len, 0),
        ):
            if value < least:
                raise BadConfig("BAD_FLAGS", f"{flag} must be {least} or more, not {value}")


@dataclass(frozen=True)
class PairsMade:
    """num_targets: clips that are the target of a pair. num_short: clips that are none for their lengths.
    speakers_of_one_clip: who has nobody to be paired with, of many the first. num_unnamed: clips without a speaker,
    which are taken for one speaker's. num_left_out: lines that are no clip.
    """

    num_pairs: int
    num_targets: int
    num_clips: int
    num_speakers: int
    num_short: int
    num_unnamed: int
    num_left_out: int
    num_speakers_of_one_clip: int
    speakers_of_one_clip: tuple[str, ...]


def write_pairs(asked: Pairing) -> PairsMade:
    """Writes the manifest of pairs, whole or not at all; its paths resolve from its own folder.

    The same for the same manifest and seed on every machine, and a clip's prompts do not depend on other speakers.
    Raises BadConfig NO_PAIRS where no speaker has two clips, and as stores do.
    """
    speakers = _Speakers(asked)
    total = speakers.num_pairs
    if not total:
        raise BadConfig(
            "NO_PAIRS",
            f"--manifest {asked.manifest} gives no pair: a pair needs two clips of one speaker, of which one has text "
            f"and codes; {speakers.num_clips} clips, {speakers.num_short} of them too short, {speakers.num_left_out} "
            "lines left out",
        )
    wanted = min(asked.max_pairs or total, total)
    num_seen = num_pairs = num_targets = 0
    with upload_of(asked.output) as output:
        for i, values in enumerate(_clips(asked.manifest)):
            if values is None or not speakers.is_target(i):
                continue
            target = {f"target_{name}": values.get(name) for name in TARGET} | speakers.moved(values, "target_", TARGET)
            before = num_pairs
            for prompt in speakers.prompts(i, str(values["id"])):
                # So many of all, evenly apart: not those of the first speakers alone.
                if (num_seen + 1) * wanted // total > num_seen * wanted // total:
                    both = {"id": f"{values['id']}__{prompt['prompt_id']}", **prompt, **target}
                    output.write(json_line(both))
                    num_pairs += 1
                num_seen += 1
            num_targets += num_pairs > before
        output.commit()
    alone = speakers.of_one_clip()
    return PairsMade(
        num_pairs,
        num_targets,
        num_clips=speakers.num_clips,
        num_speakers=len(speakers.names),
        num_short=speakers.num_short,
        num_unnamed=speakers.num_unnamed,
        num_left_out=speakers.num_left_out,
        num_speakers_of_one_clip=len(alone),
        speakers_of_one_clip=tuple(alone[:_MOST_NAMED]),
    )


class _Speakers:
    """Who speaks in each line of a manifest, and what a pair needs of each clip as a prompt."""

    def __init__(self, asked: Pairing) -> None:
        self._asked = asked
        self._from, self._to = folder_of(asked.manifest), folder_of(asked.output)
        self.names: dict[str, int] = {}
        self.num_short = self.num_unnamed = self.num_left_out = 0
        # By line: the speaker, whether it is a target, and where its prompt begins in the bytes of all.
        speakers, targets, begins, prompts = array("i"), bytearray(), array("q"), bytearray()
        for values in _clips(asked.manifest):
            begins.append(len(prompts))
            if values is None:
                self.num_left_out += 1
                speakers.append(_NOBODY)
                targets.append(0)
                continue
            name = str(values.get("speaker") or "")
            self.num_unnamed += not name
            speakers.append(self.names.setdefault(name, len(self.names)))
            targets.append(
                int(values["text_len"]) >= asked.min_text_len and int(values["code_len"]) >= asked.min_code_len
            )
            self.num_short += not targets[-1]
            prompt = {f"prompt_{name}": values.get(name) for name in PROMPT} | self.moved(values, "prompt_", PROMPT)
            prompts += json.dumps(prompt).encode()
        begins.append(len(prompts))
        self._speakers_N = np.array(speakers, np.int32)
        self._targets, self._begins, self._prompts = targets, begins, prompts
        # Lines in the order of their speakers, and of each line its place there.
        self._lines_N = np.argsort(self._speakers_N, kind="stable")
        self._places_N = np.empty_like(self._lines_N)
        self._places_N[self._lines_N] = np.arange(len(self._lines_N))
        self.num_clips = int((self._speakers_N != _NOBODY).sum())
        self._counts_S = np.bincount(self._speakers_N[self._speakers_N != _NOBODY], minlength=len(self.names))
        self._starts_S = np.concatenate(([0], np.cumsum(self._counts_S)[:-1])) + len(speakers) - self.num_clips

    @property
    def num_pairs(self) -> int:
        targets_N = np.frombuffer(bytes(self._targets), np.uint8).astype(bool)
        others_N = self._counts_S[self._speakers_N[targets_N]] - 1
        return int(np.minimum(others_N, self._asked.pairs_per_target).sum())

    def is_target(self, line: int) -> bool:
        return bool(self._targets[line])

    def moved(self, values: Mapping[str, Any], prefix: str, fields: tuple[str, ...]) -> dict[str, str]:
        """The paths that must change for another folder."""
        found = moved({name: values.get(name) for name in fields}, (self._from,), self._to, is_there)
        return {f"{prefix}{name}": path for name, path in found.items()}

    def prompts(self, line: int, clip_id: str) -> Iterator[dict[str, Any]]:
        """Other clips of the target's speaker, no two the same."""
        speaker = self._speakers_N[line]
        start, num_others = int(self._starts_S[speaker]), int(self._counts_S[speaker]) - 1
        own = int(self._places_N[line]) - start
        for drawn in draws(self._asked.seed, clip_id, num_others, self._asked.pairs_per_target):
            other = int(self._lines_N[start + drawn + (drawn >= own)])
            prompt: dict[str, Any] = json.loads(self._prompts[self._begins[other] : self._begins[other + 1]])
            yield prompt

    def of_one_clip(self) -> list[str]:
        return sorted(name for name, speaker in self.names.items() if self._counts_S[speaker] == 1)


def draws(seed: int, key: str, num: int, most: int) -> Iterator[int]:
    """At most so many numbers of 0 to num-1, no two the same: by SHA-256, which is the same on every machine."""
    # The first steps of a shuffle of all numbers, of which only those that moved are held.
    moved_to: dict[int, int] = {}
    for k in range(min(num, most)):
        digest = hashlib.sha256(f"{seed}\0{k}\0{key}".encode("utf-8", "surrogatepass")).digest()
        place = k + int.from_bytes(digest[:16], "big") % (num - k)
        yield moved_to.get(place, place)
        moved_to[place] = moved_to.get(k, k)


def _clips(manifest: str) -> Iterator[dict[str, Any] | None]:
    """Of each line its clip; None for one that has not what a pair needs, or whose id an earlier line has."""
    seen: set[bytes] = set()
    for found in json_records(pieces_of(manifest, "--manifest")):
        values = None if isinstance(found, BadLine) else dict(found.values)
        if values is None or not _is_clip(values):
            yield None
            continue
        digest = hashlib.sha256(str(values["id"]).encode("utf-8", "surrogatepass")).digest()[:12]
        yield None if digest in seen else values
        seen.add(digest)


def _is_clip(values: Mapping[str, Any]) -> bool:
    given = values.get("id")
    return (
        isinstance(given, str | int)
        and given != ""
        and all(isinstance(path := values.get(name), str) and path for name in _PATHS)
        and all(type(values.get(name)) is int for name in ("text_len", "code_len"))
    )
