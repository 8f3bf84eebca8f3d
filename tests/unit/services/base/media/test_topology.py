import pytest

from services.base.media.topology import TOPOLOGIES, Topology, topology


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_every_topology_has_the_groups_that_profiles_ask_for(name):
    for group in (
        "lips",
        "outer_lips",
        "inner_lips",
        "mouth_corners",
        "inner_lip_gap",
        "outer_eye_corners",
        "left_eye",
        "right_eye",
        "nose",
        "all",
    ):
        assert topology(name).group(group)


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_lips_are_outer_and_inner_lips(name):
    named = topology(name)
    assert set(named.group("lips")) == set(named.group("outer_lips")) | set(named.group("inner_lips"))
    assert set(named.group("inner_lip_gap")) <= set(named.group("inner_lips"))


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(KeyError, match="ibug-68"):
        topology("wflw-98")
    with pytest.raises(KeyError, match="inner_lips"):
        topology("ibug-68").group("beard")


@pytest.mark.parametrize("groups", [{"a": ()}, {"a": (1, 1)}, {"a": (5,)}, {"a": (-1,)}])
def test_groups_that_cannot_be_are_refused(groups):
    with pytest.raises(ValueError, match="group 'a'"):
        Topology("made", 5, groups)
