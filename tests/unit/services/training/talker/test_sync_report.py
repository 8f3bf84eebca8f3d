"""What a test prints: shares with their intervals, controls beside them, and a word where nothing was learnt."""

import json
from dataclasses import replace

import pytest

from services.training.talker.sync_report import SyncTest, facts_of, is_better_than_chance, lines_of, offsets
from services.training.talker.sync_scores import SyncCounts


def counts(share: float, offset: int | None = 0, num: int = 100) -> SyncCounts:
    return SyncCounts(share * num, num, share * num, num, share * num, 0.5 * num, num, offset)


def test_of(own: list[SyncCounts], chance: float = 0.5) -> SyncTest:
    controls = tuple(counts(chance, 9) for _ in own)
    names = tuple(f"clip{i}" for i in range(len(own)))
    return SyncTest(names, tuple(own), controls, controls if len(own) > 1 else None, tuple(counts(0.1, 5) for _ in own))


test_of.__test__ = False  # type: ignore[attr-defined]


def test_a_network_that_knows_is_told_from_its_controls():
    found = test_of([counts(0.9), counts(0.8), counts(0.85, 1)])
    facts = facts_of(found)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["own"]["frames"]["share"] == 0.85 and facts["own"]["offsets_right"] == 3
    low, high = facts["own"]["frames"]["interval"]
    assert 0.8 <= low < 0.85 < high <= 0.9
    assert facts["permuted"]["offsets_right"] == 0 and facts["late"]["found"] == 3
    text = "\n".join(lines_of(found))
    assert "85.0%" in text and "3 of 3" in text and "AT CHANCE" not in text and "COLLAPSED" not in text


def test_a_network_that_knows_nothing_is_said_to():
    found = test_of([counts(0.4, 7), counts(0.6, -9), counts(0.5, None)])
    assert not is_better_than_chance(found)
    assert "AT CHANCE" in lines_of(found)[-1] and "COLLAPSED" in lines_of(found)[-2]
    assert offsets(found.own) == (0, 2)


def test_of_one_clip_its_seconds_are_drawn_and_there_is_no_other():
    found = replace(test_of([counts(0.9)]), own_seconds=(counts(0.8, num=20), counts(1.0, num=20)) * 3)
    facts = facts_of(found)
    assert 0.8 <= facts["own"]["frames"]["interval"][0] < 0.9 and "other" not in facts
    assert is_better_than_chance(found)


def test_a_few_seconds_of_one_clip_tell_nothing():
    found = replace(test_of([counts(1.0)]), own_seconds=(counts(1.0),) * 5)
    assert facts_of(found)["own"]["frames"]["interval"] == [0.0, 1.0] and not is_better_than_chance(found)
    assert any("less than 6 s of one clip tell nothing" in line for line in lines_of(found))


def test_clips_without_voiced_frames_are_at_chance():
    silent = SyncCounts()
    assert facts_of(test_of([silent, silent]))["own"]["frames"]["share"] == 0.5


def test_a_test_is_of_a_clip_or_more():
    with pytest.raises(ValueError, match="one clip or more"):
        SyncTest((), (), (), None, ())
