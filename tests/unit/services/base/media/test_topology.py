from pathlib import Path

import numpy as np
import pytest

from services.base.media.topology import IBUG_68, PARTS, PFLD_110, TOPOLOGIES, WFLW_98, Topology, topology

# Numberings of outlines: every point belongs to one part. A mesh has points between them.
OUTLINES = (IBUG_68, WFLW_98, PFLD_110)


def mirror_error(name: str, points_NC: np.ndarray) -> float:
    """How far a frontal face and its mirror image are apart, of the distance of the outer corners of the eyes."""
    right, left = points_NC[list(topology(name).group("outer_eye_corners"))]
    middle_px = points_NC[:, 0].mean()
    flipped_NC = points_NC[list(topology(name).mirror)] * [-1, 1] + [2 * middle_px, 0]
    return float(np.median(np.linalg.norm(flipped_NC - points_NC, axis=1)) / np.linalg.norm(left - right))


@pytest.mark.parametrize("name", OUTLINES)
def test_every_point_of_an_outline_is_in_one_part(name):
    assert sorted(i for part in PARTS for i in topology(name).group(part)) == list(range(topology(name).num_points))


@pytest.mark.parametrize("name", OUTLINES)
def test_a_mirror_is_its_own_inverse_and_changes_sides(name):
    named = topology(name)
    assert [named.mirror[twin] for twin in named.mirror] == list(range(named.num_points))
    for part in PARTS:
        twin = part.replace("right", "x").replace("left", "right").replace("x", "left")
        assert {named.mirror[i] for i in named.group(part)} == set(named.group(twin)), part
    for pair in ("outer_eye_corners", "mouth_corners"):
        assert tuple(named.mirror[i] for i in named.group(pair)) == named.group(pair)[::-1]
    assert [named.mirror[i] for i in named.group("inner_lip_gap")] == list(named.group("inner_lip_gap"))


@pytest.mark.parametrize("name", [WFLW_98, PFLD_110])
def test_the_bridge_of_the_nose_goes_down_and_its_points_are_their_own_twins(name):
    """The crop of a talking head hangs on its third point, which has another number in each numbering."""
    bridge = topology(name).group("nose_bridge")
    assert [topology(name).mirror[i] for i in bridge] == list(bridge)
    assert bridge[2] == {WFLW_98: 53, PFLD_110: 52}[name]
    assert topology(name).group("face_sides") == (1, 31)


def test_the_mean_face_of_pfld_is_its_own_mirror_image(testdata: Path):
    mean_NC = np.loadtxt(testdata / "weights/mean_face.txt").reshape(110, 2)
    assert mirror_error(PFLD_110, mean_NC) < 0.03
    named = topology(PFLD_110)
    heights = mean_NC[list(named.group("nose_bridge")), 1]
    assert (np.diff(heights) > 0).all()
    # The parts lie where a face has them: brows above eyes above nose above lips above the chin.
    order = [mean_NC[list(named.group(part)), 1].mean() for part in ("left_brow", "left_eye", "nose", "lips")]
    assert order == sorted(order) and order[-1] < mean_NC[16, 1]
    assert mean_NC[list(named.group("right_eye")), 0].max() < 0.5 < mean_NC[list(named.group("left_eye")), 0].min()
    inside = [(named.group("right_eyelids"), 74, 75, 76, 77), (named.group("left_eyelids"), 86, 87, 88, 89)]
    for lids, *within in inside:
        ring_NC = mean_NC[list(lids)]
        assert (ring_NC.min(axis=0) < mean_NC[within]).all() and (mean_NC[within] < ring_NC.max(axis=0)).all()


def test_a_mirror_that_is_none_is_refused():
    for mirror in ((1, 2, 0), (0, 1), (0, 0, 2)):
        with pytest.raises(ValueError, match="mirror of made"):
            Topology("made", 3, {"all": (0, 1, 2)}, mirror)


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
        topology("wflw-99")
    with pytest.raises(KeyError, match="inner_lips"):
        topology("ibug-68").group("beard")


@pytest.mark.parametrize("groups", [{"a": ()}, {"a": (1, 1)}, {"a": (5,)}, {"a": (-1,)}])
def test_groups_that_cannot_be_are_refused(groups):
    with pytest.raises(ValueError, match="group 'a'"):
        Topology("made", 5, groups)
