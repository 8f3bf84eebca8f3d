"""Clips beside what is told of them, in one order."""

import pytest

from services.base.run.clips_with_facts import clips_with_facts
from services.base.run.manifest import ClipRow

CLIPS = [ClipRow(key, key, "s", "a.wav", "train", 0, i, i, 1, "v") for i, key in enumerate("abc")]


def test_clips_without_facts_are_passed_over():
    found = clips_with_facts(CLIPS, [{"key": "a"}, {"key": "c"}])
    assert [(clip.key, line["key"]) for clip, line in found] == [("a", "a"), ("c", "c")]
    assert list(clips_with_facts(CLIPS, [])) == []


@pytest.mark.parametrize("keys", ["ba", "cd", "d"])
def test_facts_in_another_order_or_of_no_clip_are_refused(keys):
    with pytest.raises(ValueError, match="come where no clip of that key does"):
        list(clips_with_facts(CLIPS, [{"key": key} for key in keys]))
