"""Which clip goes to train, val or test: LipTypeV2's split files as they are, and the published splits by name.

Pure, but for `open_split` and `published_splits`, which read.
"""

from __future__ import annotations

import difflib
import importlib.resources
import itertools
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from orchestrator.pipelines.catalog import SKIP, ClipColumns
from services.base.errors import BadConfig
from services.base.process.values import checked_value
from services.formats.settings_file import settings_in

if TYPE_CHECKING:
    from orchestrator.pipelines.files import Files

Mode = Literal["speaker_holdout", "overlapped_utterances"]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitConfig:
    """Who goes where. Names of speakers are sorted; no speaker is in two lists.

    train_speakers: None for everyone whom no other list names. In mode overlapped_utterances each training speaker
    gives val_utterances_per_speaker clips to val, drawn by seed. Raises BadConfig.
    """

    mode: Mode = "speaker_holdout"
    train_speakers: tuple[str, ...] | None = None
    val_speakers: tuple[str, ...] = ()
    test_speakers: tuple[str, ...] = ()
    exclude_speakers: tuple[str, ...] = ()
    val_utterances_per_speaker: int = 255
    seed: int = 55

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise BadConfig("BAD_SPLIT", f"mode must be {' or '.join(get_args(Mode))}, not {self.mode!r}")
        if self.val_utterances_per_speaker < 1:
            value = self.val_utterances_per_speaker
            raise BadConfig("BAD_SPLIT", f"val_utterances_per_speaker must be 1 or more, not {value}")
        if self.mode == "overlapped_utterances" and self.val_speakers:
            raise BadConfig(
                "BAD_SPLIT",
                "val_speakers and mode overlapped_utterances exclude one another: that mode takes val from every "
                "training speaker. Delete val_speakers, or choose mode speaker_holdout",
            )
        self._refuse_speakers_named_twice()

    def _refuse_speakers_named_twice(self) -> None:
        homes: dict[str, list[str]] = {}
        for key in _SPEAKER_KEYS:
            for speaker in getattr(self, key) or ():
                homes.setdefault(speaker, []).append(key)
        twice = sorted((speaker, keys) for speaker, keys in homes.items() if len(keys) > 1)
        if twice:
            shown = "; ".join(f"{speaker} in {' and '.join(keys)}" for speaker, keys in twice)
            raise BadConfig("OVERLAPPING_SPEAKERS", f"a speaker belongs to one list, once: {shown}")

    def named_speakers(self) -> frozenset[str]:
        """Speakers that the split wants to see in the data."""
        return frozenset((*(self.train_speakers or ()), *self.val_speakers, *self.test_speakers))


_SPEAKER_KEYS = ("train_speakers", "val_speakers", "test_speakers", "exclude_speakers")
_KEYS = tuple(f.name for f in fields(SplitConfig))


def published_splits() -> list[str]:
    """Names of the splits that are shipped."""
    folder = importlib.resources.files(__package__) / "split_files"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def open_split(name_or_path: str, files: Files) -> SplitConfig:
    """A published split by name, or else a YAML file. Raises BadConfig."""
    published = published_splits()
    if name_or_path in published:
        text = (importlib.resources.files(__package__) / "split_files" / f"{name_or_path}.yaml").read_text("utf-8")
        return load_split(text, name_or_path)
    try:
        text = files.read("--split-config", name_or_path).decode("utf-8-sig")
    except (BadConfig, UnicodeDecodeError) as error:
        why = error.message if isinstance(error, BadConfig) else error
        raise BadConfig(
            "NO_SPLIT_FILE",
            f"{name_or_path!r} is neither a readable file ({why}) nor a published split: {', '.join(published)}"
            + _did_you_mean(name_or_path, published),
        ) from error
    return load_split(text, name_or_path)


def load_split(text: str, name: str = "split config") -> SplitConfig:
    """The split that a YAML text describes: one mapping with the fields of SplitConfig. name: for messages.

    Raises BadConfig for what is no such mapping, for unknown or repeated keys, wrong types, overlapping speakers.
    """
    try:
        found = settings_in(text)
    except ValueError as error:
        raise BadConfig("BAD_SPLIT", f"{name}: {error}, such as train_speakers: [s1, s2]") from error
    for key in found:
        if key not in _KEYS:
            known = f"{name}: no key {key!r} is known, only {', '.join(_KEYS)}"
            raise BadConfig("UNKNOWN_SPLIT_KEY", known + _did_you_mean(key, _KEYS))
    try:
        return SplitConfig(**{key: _checked(key, one.value) for key, one in found.items()})
    except BadConfig as error:
        raise BadConfig(error.reason, f"{name}: {error.message}") from error


def _checked(key: str, value: Any) -> Any:
    """The value in the type of its field."""
    if key == "mode":
        return str(value).strip()
    if key not in _SPEAKER_KEYS:
        try:
            return checked_value(int, value, key)
        except BadConfig as error:
            raise BadConfig("BAD_SPLIT", error.message) from error
    if value is None:
        return None if key == "train_speakers" else ()
    if not isinstance(value, list):
        raise BadConfig("BAD_SPLIT", f"{key} must be a list such as [s1, s2], not {value!r}")
    for item in value:
        if isinstance(item, bool) or not isinstance(item, str | int) or not str(item):
            raise BadConfig("BAD_SPLIT", f"{key} holds {item!r}, which is no speaker's name; names need quotes if odd")
    return tuple(sorted(str(item) for item in value))


def _did_you_mean(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def check_speakers(config: SplitConfig, speakers: Collection[str], *, allow_missing: bool = False) -> list[str]:
    """Compares the split with the speakers of the whole data set; returns what the user should hear.

    Raises BadConfig UNKNOWN_SPEAKERS when the split names speakers that the data lacks (unless allow_missing), and
    UNLISTED_SPEAKERS when the data holds speakers that a split with a list for train does not name.
    """
    notes = []
    missing = sorted(config.named_speakers() - set(speakers))
    if missing:
        text = f"the split names speakers that the data set does not hold: {', '.join(missing)}"
        if not allow_missing:
            near = _did_you_mean(missing[0], speakers)
            raise BadConfig(
                "UNKNOWN_SPEAKERS",
                f"{text} (it holds {_some(speakers)}){near}. Correct the split or the input root, or give "
                "--allow-missing-speakers to go on with those there are",
            )
        notes.append(text)
    unlisted = sorted(set(speakers) - config.named_speakers() - set(config.exclude_speakers))
    if unlisted and config.train_speakers is not None:
        raise BadConfig(
            "UNLISTED_SPEAKERS",
            f"the data set holds speakers that the split does not name: {', '.join(unlisted)}. Put each into "
            f"train_speakers, val_speakers, test_speakers or exclude_speakers; a split without train_speakers trains "
            "on everyone else",
        )
    return notes


def _some(speakers: Collection[str]) -> str:
    shown = sorted(speakers)
    return ", ".join(shown[:40]) + (f" and {len(shown) - 40} more" if len(shown) > 40 else "")


def assign_splits(clips: ClipColumns, config: SplitConfig, max_examples: int = 0) -> list[str]:
    """train, val, test or skip for each clip; for the first max_examples only, unless that is 0.

    In mode overlapped_utterances a speaker's clips are sorted by utterance, and `random.Random(f"{seed}:{speaker}")`
    samples val_utterances_per_speaker of them, or all if there are fewer, as LipTypeV2 does. The list is cut first,
    so that a cut changes what is drawn: that is the original's rule, too.
    """
    num_clips = min(max_examples, len(clips)) if max_examples else len(clips)
    home = dict.fromkeys(config.val_speakers, "val") | dict.fromkeys(config.test_speakers, "test")
    home |= dict.fromkeys(config.exclude_speakers, SKIP)
    splits = [home.get(speaker, "train") for speaker in itertools.islice(clips.speakers, num_clips)]
    if config.mode == "overlapped_utterances":
        for i in _overlapped_val(clips.keys[:num_clips], clips.speakers, splits, config):
            splits[i] = "val"
    return splits


def _overlapped_val(
    keys: Sequence[str], speakers: Sequence[str], splits: Sequence[str], config: SplitConfig
) -> list[int]:
    """Indices of the training clips that go to val. keys: `speaker/utterance`, so their order is the utterances'."""
    by_speaker: dict[str, list[int]] = {}
    for i, (split, speaker) in enumerate(zip(splits, speakers, strict=False)):
        if split == "train":
            by_speaker.setdefault(speaker, []).append(i)
    drawn: list[int] = []
    for speaker, clips in by_speaker.items():
        clips.sort(key=keys.__getitem__)
        # Not for secrets: the draw has to be the original's.
        draw = random.Random(f"{config.seed}:{speaker}")  # noqa: S311
        drawn += draw.sample(clips, min(config.val_utterances_per_speaker, len(clips)))
    return drawn


def split_notes(config: SplitConfig, splits: Sequence[str]) -> list[str]:
    """What the user should hear of an assignment: a split that was asked for and got nothing."""
    counts = Counter(splits)
    asked = ["train"]
    if config.val_speakers or config.mode == "overlapped_utterances":
        asked.append("val")
    if config.test_speakers:
        asked.append("test")
    return [
        f"split {split} got no clip, though the split asks for some: --max-examples keeps the first speakers only, and "
        "small data sets may lack the others"
        for split in asked
        if not counts[split]
    ]
