"""Clips set apart for validation."""

from __future__ import annotations

import pytest

from services.training.data.splitting import set_apart

SPEAKERS = ["s1"] * 20 + ["s2"] * 10 + ["s3"]
CONTENTS = [f"{i:016d}".encode() for i in range(len(SPEAKERS))]


def test_of_each_speaker_it_is_that_share_and_of_a_speakers_only_clip_none() -> None:
    chosen = set_apart(SPEAKERS, CONTENTS, 0.1, 1)
    assert sorted(SPEAKERS[i] for i in chosen) == ["s1", "s1", "s2"]


def test_the_seed_decides_and_nothing_else() -> None:
    assert set_apart(SPEAKERS, CONTENTS, 0.5, 1) == set_apart(SPEAKERS, CONTENTS, 0.5, 1)
    assert set_apart(SPEAKERS, CONTENTS, 0.5, 1) != set_apart(SPEAKERS, CONTENTS, 0.5, 2)


def test_a_clip_that_is_added_moves_one_at_most() -> None:
    before = set_apart(SPEAKERS, CONTENTS, 0.5, 1)
    after = set_apart([*SPEAKERS, "s1"], [*CONTENTS, b"another content!"], 0.5, 1)
    assert len(before - after) <= 1


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.001, 1), (0.99, 9)])
def test_one_at_least_and_never_all(share: float, expected: int) -> None:
    assert len(set_apart(["s1"] * 10, CONTENTS[:10], share, 1)) == expected


def test_a_content_that_several_clips_have_stays_where_it_is() -> None:
    twice = [CONTENTS[0], *CONTENTS[:9]]
    assert not set_apart(["s1"] * 10, twice, 0.99, 1) & {0, 1}


def test_all_is_no_share() -> None:
    with pytest.raises(ValueError, match="val_share is 1"):
        set_apart(["s1"], CONTENTS[:1], 1.0, 1)
