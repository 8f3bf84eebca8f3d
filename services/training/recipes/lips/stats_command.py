"""The `stats` entry point: what a data set holds, as one JSON object. Loads no torch."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.base.errors import EXIT_OK
from services.base.stage.config import add_config_flags, config_from_flags
from services.training.data.lips.chinese_lips import LipsData, LipsSettings, open_chinese_lips
from services.training.data.lips.clips import LipsClips
from services.training.data.lips.reading import Reading
from services.training.recipes.lips.command_settings import LipsStatsSettings
from services.training.recipes.lips.spec import LipsTrainSettings

_MOST_NAMED = 5


def stats_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services RECIPE stats", description=__doc__)
    add_config_flags(parser, LipsStatsSettings)
    settings: LipsStatsSettings = config_from_flags(LipsStatsSettings, parser.parse_args(argv))
    # They are among what is printed.
    logging.getLogger("visemill").addHandler(logging.NullHandler())
    config = LipsTrainSettings()
    reading = Reading(config.frame_height, config.frame_width, config.fps, config.resample, settings.max_frames)
    # A look refuses nothing for what it is there to tell, and makes nothing that a licence speaks of.
    data = open_chinese_lips(
        LipsSettings(
            settings.data_root, settings.index_root, reading, config.folders, val_share=0, allow_leak=True,
            asks_licence=False, cache_mib=0,
        )
    )  # fmt: skip
    found = stats_of(data, reading)
    sys.stdout.write(json.dumps({**found, "text": "\n".join(lines_of(found))}) + "\n")
    return EXIT_OK


def stats_of(data: LipsData, reading: Reading) -> dict[str, Any]:
    """Plain values: of each split its clips; what is left out; what splits share."""
    parts = {"train": data.train, "val": data.val, "test": data.test}
    known = set("".join(clip.text for clip in data.train.clips))
    texts = {clip.text for clip in data.train.clips}
    return {
        "splits": {name: _split(part, reading, known, texts) for name, part in parts.items() if part.clips},
        "vocabulary": len(known),
        "left_out": dict(Counter(one.reason for one in data.left_out)),
        "examples_left_out": [one.message for one in data.left_out[:_MOST_NAMED]],
        "shared_contents": list(data.leaks),
        "notes": list(data.notes),
    }


def _split(part: LipsClips, reading: Reading, known: set[str], texts: set[str]) -> dict[str, Any]:
    frames = [clip.num_frames for clip in part.clips]
    characters = [len(clip.text) for clip in part.clips]
    outside = Counter(one for clip in part.clips for one in clip.text if one not in known)
    return {
        "clips": len(part.clips),
        "hours": sum(frames) / reading.fps / 3600,
        "speakers": len({clip.speaker for clip in part.clips}),
        "topics": dict(Counter(clip.topic for clip in part.clips)),
        "frames": {"least": min(frames), "mean": sum(frames) / len(frames), "most": max(frames)},
        "characters": {"least": min(characters), "mean": sum(characters) / len(characters), "most": max(characters)},
        "cut": {"max_frames": reading.max_frames, "share": part.share_cut},
        "outside_vocabulary": {"characters": sum(outside.values()), "different": len(outside)},
        "texts_of_train": sum(clip.text in texts for clip in part.clips),
    }


def lines_of(found: dict[str, Any]) -> list[str]:
    """For people."""
    lines = []
    for name, one in found["splits"].items():
        frames, characters = one["frames"], one["characters"]
        topics = ", ".join(f"{topic or 'none'} {count}" for topic, count in sorted(one["topics"].items()))
        lines += [
            f"{name}: {one['clips']} clips, {one['hours']:.2f} h, {one['speakers']} speakers",
            f"  frames {frames['least']} to {frames['most']} ({frames['mean']:.1f}), "
            f"characters {characters['least']} to {characters['most']} ({characters['mean']:.1f})",
            f"  longer than {one['cut']['max_frames']} frames and cut: {one['cut']['share']:.1%}",
            f"  topics: {topics}",
        ]
        if name != "train":
            outside = one["outside_vocabulary"]
            lines.append(
                f"  characters that are not in the training text: {outside['characters']} ({outside['different']} "
                f"different); texts that are: {one['texts_of_train']} of {one['clips']}"
            )
    lines.append(f"vocabulary: {found['vocabulary']} characters of the training text, and 4 marks")
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(found["left_out"].items()))
    lines.append(f"left out: {sum(found['left_out'].values())}" + (f" ({why})" if why else ""))
    lines += [f"  {message}" for message in found["examples_left_out"]]
    lines.append(f"videos that stand in two splits: {len(found['shared_contents'])}")
    return [*lines, *(f"note: {note}" for note in found["notes"])]
