"""What a set of records holds, to be known before anything learns from it: in figures, and in lines of text. Pure."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.training.data.clips import GridClips
from services.training.data.grid import GridData
from services.training.data.records.shards import SPLITS

FPS = 25.0
"""Of records of GRID, whose frames are taken by time."""
CUT = {
    "FRAMES_CUT": "frames behind a record's last one were cut",
    "LABEL_CUT": "words lie behind the record's last frame",
    "LABEL_TRUNCATED": "the text is longer than a label",
}
_MOST_NAMED = 5


def inventory_of(data: GridData, quality: bytes | None) -> dict[str, Any]:
    """Plain values. quality: of quality.jsonl; None where there is none, so that nothing is known of what was cut.

    Clips that are left out count in `left_out` alone. Raises ValueError for lines that are no quality.
    """
    parts = {"train": data.train, "val": data.val, "test": data.test}
    speakers = {split: {clip.speaker for clip in part.clips if clip.split == split} for split, part in parts.items()}
    texts = {split: [part.text_of(i) for i in range(len(part.items))] for split, part in parts.items()}
    learnt = set(texts["train"])
    infeasible = [one.key for one in data.left_out if one.reason == "CTC_INFEASIBLE"]
    return {
        "data": data.digest,
        "alphabet": data.alphabet.characters,
        "splits": {split: _split_facts(part, texts[split]) for split, part in parts.items()},
        "left_out": dict(data.reasons),
        "ctc_infeasible": {"clips": len(infeasible), "keys": infeasible[:_MOST_NAMED]},
        "cut": None if quality is None else _cut(quality.splitlines()),
        "shared_contents": {"contents": len(data.leaks), "examples": list(data.leaks[:_MOST_NAMED])},
        "texts_of_train": {split: sum(text in learnt for text in texts[split]) for split in ("val", "test")},
        "shared_speakers": [
            {"splits": [one, other], "speakers": sorted(speakers[one] & speakers[other])}
            for one, other in itertools.combinations(SPLITS, 2)
            if speakers[one] & speakers[other]
        ],
        "notes": list(data.notes),
    }


def lines_of(inventory: Mapping[str, Any]) -> list[str]:
    """For people."""
    lines = ["split  clips  speakers    hours  frames (mean)       characters (mean)   in all  texts"]
    for split, one in inventory["splits"].items():
        lines.append(
            f"{split:<5}  {one['clips']:>5}  {one['speakers']:>8}  {one['hours']:>7.3f}  {_range(one['frames']):<18}  "
            f"{_range(one['text_characters']):<18}  {one['characters']:>6}  {one['different_texts']:>5}"
        )
    num_left_out = sum(inventory["left_out"].values())
    lines += ["", f"alphabet: {len(inventory['alphabet'])} characters, {inventory['alphabet']!r}"]
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(inventory["left_out"].items()))
    lines += [f"left out: {num_left_out}" + (f" ({why})" if why else "")]
    infeasible = inventory["ctc_infeasible"]
    named = f", such as {', '.join(infeasible['keys'])}" if infeasible["keys"] else ""
    lines += [f"clips that CTC cannot align: {infeasible['clips']}{named}"]
    cut = inventory["cut"]
    lines += (
        ["cut: not known, there is no quality.jsonl"]
        if cut is None
        else [f"cut: {cut[flag]['clips']} of {cut['clips']} clips, {what}" for flag, what in CUT.items()]
    )
    shared = inventory["shared_contents"]
    lines += [f"contents that stand in two splits: {shared['contents']}", *(f"  {one}" for one in shared["examples"])]
    lines += [
        f"speakers of {one['splits'][0]} and {one['splits'][1]}: {len(one['speakers'])} in common, "
        f"{', '.join(one['speakers'][:_MOST_NAMED])}{' and others' if len(one['speakers']) > _MOST_NAMED else ''}"
        for one in inventory["shared_speakers"]
    ] or ["no speaker is in two splits of the records"]
    lines += [
        f"clips of {split} whose sentence is in train too: {count} of {inventory['splits'][split]['clips']}"
        for split, count in inventory["texts_of_train"].items()
    ]
    return [*lines, *(f"note: {note}" for note in inventory["notes"])]


def _split_facts(part: GridClips, texts: Sequence[str]) -> dict[str, Any]:
    num_frames = [clip.num_frames for clip in part.clips]
    return {
        "clips": len(part.clips),
        "hours": sum(num_frames) / FPS / 3600,
        "speakers": len({clip.speaker for clip in part.clips}),
        "frames": _spread(num_frames),
        "text_characters": _spread([len(text) for text in texts]),
        "characters": sum(map(len, texts)),
        "different_texts": len(set(texts)),
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    if not values:
        return {"least": 0, "mean": 0.0, "most": 0}
    return {"least": min(values), "mean": sum(values) / len(values), "most": max(values)}


def _range(spread: Mapping[str, float]) -> str:
    return f"{spread['least']} to {spread['most']} ({spread['mean']:.1f})"


def _cut(lines: Iterable[bytes]) -> dict[str, Any]:
    flags: Counter[str] = Counter()
    keys: dict[str, list[str]] = {flag: [] for flag in CUT}
    num_clips = 0
    for line in lines:
        facts = json.loads(line)
        num_clips += 1
        for flag in CUT.keys() & set(facts["flags"]):
            flags[flag] += 1
            keys[flag].append(facts["key"])
    return {"clips": num_clips, **{flag: {"clips": flags[flag], "keys": keys[flag][:_MOST_NAMED]} for flag in CUT}}
