"""Distances of lips are means over frames, with an interval over clips."""

import json

from services.training.talker.mouth_distance import MouthDistances, distance_facts, distance_lines


def test_frames_count_alike_in_whatever_clip_they_are():
    facts = distance_facts([MouthDistances(1, 0.01, 0.05, 0.03), MouthDistances(3, 0.15, 0.15, 0.09)], 1)
    assert json.loads(json.dumps(facts)) == facts
    assert {name: one["share"] for name, one in facts.items()} == {"painted": 0.04, "random": 0.05, "nearest": 0.03}
    assert facts["painted"]["interval"] == [0.01, 0.05]
    assert "   4.00% (1.00% to 5.00%)" in distance_lines(facts)[1]


def test_one_clip_has_no_interval():
    facts = distance_facts([MouthDistances(2, 0.02, 0.04, 0.03)], 1)
    assert facts["random"] == {"share": 0.02, "interval": None} and "(" not in distance_lines(facts)[2]
