import random
import string
from collections import Counter
from itertools import islice, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pipelines.catalog import ClipColumns
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.grid.splits import (
    SplitConfig,
    assign_splits,
    check_speakers,
    load_split,
    open_split,
    published_splits,
    split_notes,
)
from orchestrator.pipelines.text_column import TextColumn
from services.base.errors import BadConfig

GRID_SPEAKERS = [f"s{i}" for i in range(1, 35) if i != 21]


def clips_of(speakers: list[str], num_each: int) -> ClipColumns:
    stems = ["".join(letters) for letters in islice(product(string.ascii_lowercase, repeat=3), num_each)]
    clips = ClipColumns()
    for speaker in speakers:
        for stem in stems:
            clips.keys.append(f"{speaker}/{stem}")
            clips.speakers.append(speaker)
    return clips


GRID = clips_of(sorted(GRID_SPEAKERS), 1000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("liptype2-80-10-10-seed42", {"train": 27_000, "val": 3_000, "test": 3_000}),
        ("liptype2-overlapped-255-seed42", {"train": 21_605, "val": 7_395, "test": 4_000}),
        ("lipnet-unseen", {"train": 29_000, "test": 4_000}),
        ("lipnet-overlapped", {"train": 33_000 - 8_415, "val": 8_415}),
    ],
)
def test_published_splits_count_on_a_whole_grid_as_published(name: str, expected: dict[str, int]) -> None:
    config = open_split(name, Files())
    assert check_speakers(config, GRID_SPEAKERS) == []
    assert Counter(assign_splits(GRID, config)) == expected


def test_the_four_published_splits_are_shipped() -> None:
    assert published_splits() == [
        "lipnet-overlapped",
        "lipnet-unseen",
        "liptype2-80-10-10-seed42",
        "liptype2-overlapped-255-seed42",
    ]


def test_the_originals_test_speakers_do_not_leak_into_train() -> None:
    splits = assign_splits(GRID, open_split("liptype2-80-10-10-seed42", Files()))
    test_speakers = {GRID.speakers[i] for i, split in enumerate(splits) if split == "test"}
    assert test_speakers == {"s32", "s11", "s17"}


def test_without_a_config_all_is_train() -> None:
    assert set(assign_splits(GRID, SplitConfig())) == {"train"}


def test_excluded_speakers_are_skipped() -> None:
    clips = clips_of(["s1", "s2"], 2)
    assert assign_splits(clips, SplitConfig(exclude_speakers=("s1",))) == ["skip", "skip", "train", "train"]


def test_the_overlapped_draw_is_the_originals() -> None:
    clips = clips_of(["s4"], 40)
    config = SplitConfig("overlapped_utterances", val_utterances_per_speaker=7, seed=42)
    stems = sorted(key.partition("/")[2] for key in clips.keys)
    expected = set(random.Random("42:s4").sample(stems, k=7))
    splits = assign_splits(clips, config)
    assert {key.partition("/")[2] for key, split in zip(clips.keys, splits, strict=True) if split == "val"} == expected


def test_a_speaker_with_too_few_clips_gives_all_to_val() -> None:
    config = SplitConfig("overlapped_utterances", val_utterances_per_speaker=7)
    splits = assign_splits(clips_of(["s4"], 5), config)
    assert splits == ["val"] * 5
    assert "split train got no clip" in split_notes(config, splits)[0]


def test_max_examples_cuts_the_list_first() -> None:
    config = SplitConfig(val_speakers=("s2",))
    splits = assign_splits(clips_of(["s1", "s2"], 3), config, max_examples=4)
    assert splits == ["train", "train", "train", "val"]
    assert len(assign_splits(clips_of(["s1", "s2"], 3), config, max_examples=100)) == 6


def test_a_split_that_stays_empty_is_said() -> None:
    config = SplitConfig(val_speakers=("s2",))
    notes = split_notes(config, assign_splits(clips_of(["s1", "s2"], 3), config, max_examples=2))
    assert len(notes) == 1
    assert "val got no clip" in notes[0] and "--max-examples" in notes[0]


speakers_text = st.sampled_from(["s1", "s2", "s3", "s10", "jörg"])


@st.composite
def split_configs(draw: st.DrawFn) -> SplitConfig:
    homes = draw(st.dictionaries(speakers_text, st.sampled_from(["val", "test", "exclude", "train"])))
    lists = {f"{h}_speakers": tuple(s for s, where in homes.items() if where == h) for h in ("val", "test", "exclude")}
    if draw(st.booleans()):
        return SplitConfig("speaker_holdout", **lists)
    del lists["val_speakers"]
    return SplitConfig(
        "overlapped_utterances",
        None,
        (),
        **lists,
        val_utterances_per_speaker=draw(st.integers(1, 9)),
        seed=draw(st.integers(0, 99)),
    )


@given(split_configs(), st.lists(speakers_text, unique=True), st.integers(0, 12))
def test_every_clip_goes_where_its_speaker_belongs(config: SplitConfig, speakers: list[str], num_each: int) -> None:
    clips = clips_of(speakers, num_each)
    splits = assign_splits(clips, config)
    assert len(splits) == len(clips)
    for speaker in speakers:
        mine = Counter(split for s, split in zip(clips.speakers, splits, strict=True) if s == speaker)
        if speaker in config.exclude_speakers:
            assert set(mine) <= {"skip"}
        elif speaker in config.test_speakers:
            assert set(mine) <= {"test"}
        elif config.mode == "overlapped_utterances":
            assert mine["val"] == min(num_each, config.val_utterances_per_speaker)
            assert mine["train"] == num_each - mine["val"]
        else:
            assert set(mine) <= {"val" if speaker in config.val_speakers else "train"}


@given(split_configs(), st.randoms())
def test_a_speakers_split_depends_on_no_other_speaker_and_no_order(
    config: SplitConfig, shuffler: random.Random
) -> None:
    clips = clips_of(["s1", "s2", "s3"], 10)
    whole = dict(zip(clips.keys, assign_splits(clips, config), strict=True))
    order = list(range(10))
    shuffler.shuffle(order)
    alone = clips_of(["s2"], 10)
    shuffled = ClipColumns(TextColumn(alone.keys[i] for i in order), alone.speakers)
    for key, split in zip(shuffled.keys, assign_splits(shuffled, config), strict=True):
        assert split == whole[key]


def test_the_seeds_yaml_is_read_as_it_is() -> None:
    text = """
# a comment
train_speakers:
  - s4
  - s15

val_speakers:
  - s5
test_speakers:
  - s32
"""
    config = load_split(text)
    assert config == SplitConfig("speaker_holdout", ("s15", "s4"), ("s5",), ("s32",))


def test_the_later_keys_have_the_originals_defaults() -> None:
    config = load_split("mode: overlapped_utterances\nexclude_speakers: [s21]\n")
    assert (config.seed, config.val_utterances_per_speaker, config.train_speakers) == (55, 255, None)


@pytest.mark.parametrize(
    ("text", "reason", "said"),
    [
        ("train_speaker: [s1]", "UNKNOWN_SPLIT_KEY", "did you mean 'train_speakers'"),
        ("train_speakers: s1", "BAD_SPLIT", "must be a list"),
        ("train_speakers: [{s1: 2}]", "BAD_SPLIT", "no speaker's name"),
        ("train_speakers: [no]", "BAD_SPLIT", "quotes"),
        (
            "train_speakers: [s1]\nval_speakers: [s2, s1]",
            "OVERLAPPING_SPEAKERS",
            "s1 in train_speakers and val_speakers",
        ),
        ("test_speakers: [s1]\nexclude_speakers: [s1]", "OVERLAPPING_SPEAKERS", "s1 in test_speakers and exclude"),
        ("train_speakers: [s1, s1]", "OVERLAPPING_SPEAKERS", "s1 in train_speakers and train_speakers"),
        ("train_speakers: [s1]\ntrain_speakers: [s2]", "BAD_SPLIT", "2 times"),
        ("mode: by_speaker", "BAD_SPLIT", "speaker_holdout or overlapped_utterances"),
        ("mode: overlapped_utterances\nval_speakers: [s1]", "BAD_SPLIT", "exclude one another"),
        ("val_utterances_per_speaker: 0", "BAD_SPLIT", "1 or more"),
        ("val_utterances_per_speaker: true", "BAD_SPLIT", "whole number"),
        ("seed: '55'", "BAD_SPLIT", "whole number"),
        ("- s1\n- s2", "BAD_SPLIT", "mapping"),
        ("", "BAD_SPLIT", "mapping"),
        ("train_speakers: [s1", "BAD_SPLIT", "not YAML"),
    ],
)
def test_a_bad_split_is_an_error_that_names_the_file(text: str, reason: str, said: str) -> None:
    with pytest.raises(BadConfig, match=said) as caught:
        load_split(text, "my.yaml")
    assert caught.value.reason == reason
    assert "my.yaml" in caught.value.message


def test_a_split_that_names_speakers_not_on_disk_is_an_error_unless_allowed() -> None:
    config = open_split("liptype2-80-10-10-seed42", Files())
    with pytest.raises(BadConfig, match="--allow-missing-speakers") as caught:
        check_speakers(config, ["s1", "s5", "s11"])
    assert caught.value.reason == "UNKNOWN_SPEAKERS"
    assert "s32" in caught.value.message
    assert "s32" in check_speakers(config, ["s1", "s5", "s11"], allow_missing=True)[0]


def test_a_misspelt_speaker_is_recognised() -> None:
    with pytest.raises(BadConfig, match="did you mean 's32'"):
        check_speakers(SplitConfig(test_speakers=("S32",)), ["s1", "s32"])


def test_an_excluded_speaker_need_not_exist() -> None:
    assert check_speakers(SplitConfig(exclude_speakers=("s21",)), ["s1"]) == []


def test_a_speaker_whom_a_full_split_does_not_name_is_an_error() -> None:
    config = SplitConfig(train_speakers=("s1",), val_speakers=("s2",))
    with pytest.raises(BadConfig, match="does not name: s3") as caught:
        check_speakers(config, ["s1", "s2", "s3"])
    assert caught.value.reason == "UNLISTED_SPEAKERS"
    assert check_speakers(SplitConfig(val_speakers=("s2",)), ["s1", "s2", "s3"]) == []


def test_a_split_is_a_published_name_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("\ufefftest_speakers: [s1]\n", "utf-8")
    assert open_split(str(path), Files()).test_speakers == ("s1",)
    with pytest.raises(BadConfig, match="did you mean 'lipnet-unseen'") as caught:
        open_split("lipnet-unsen", Files())
    assert caught.value.reason == "NO_SPLIT_FILE"
