"""Named groups of landmark points, so that nobody outside this file writes a point's index.

`left` and `right` are the person's own. Sources: the iBUG 300-W 68-point markup
(https://ibug.doc.ic.ac.uk/resources/300-W/), MediaPipe's face mesh connections
(https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker), the WFLW 98-point markup
(https://wywu.github.io/projects/LAB/WFLW.html), and the mean face of the PFLD network of SyncTalk_2D
(https://github.com/ZiqiaoPeng/SyncTalk_2D), whose 110 points have no published markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

IBUG_68 = "ibug-68"
MEDIAPIPE_478 = "mediapipe-478"
WFLW_98 = "wflw-98"
PFLD_110 = "pfld-110"

# The groups of a face that share no point; together they are all points, except of a mesh.
PARTS = ("jaw", "right_brow", "left_brow", "nose", "right_eye", "left_eye", "outer_lips", "inner_lips")


@dataclass(frozen=True)
class Topology:
    """A numbering of points. groups: name -> indices below num_points, without repeats.

    mirror: index of each point -> that of the point in its place in the mirrored face; empty where it is not known.
    """

    name: str
    num_points: int
    groups: Mapping[str, tuple[int, ...]]
    mirror: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.mirror and (
            sorted(self.mirror) != list(range(self.num_points))
            or any(self.mirror[twin] != i for i, twin in enumerate(self.mirror))
        ):
            raise ValueError(f"mirror of {self.name} must pair its {self.num_points} points, each other's or its own")
        for group, indices in self.groups.items():
            if not indices or len(set(indices)) != len(indices):
                raise ValueError(f"group {group!r} of {self.name} must hold distinct indices, at least one")
            if not all(0 <= i < self.num_points for i in indices):
                raise ValueError(f"group {group!r} of {self.name} must index below {self.num_points}")

    def group(self, name: str) -> tuple[int, ...]:
        """Indices of a named group. Raises KeyError with the names there are."""
        try:
            return self.groups[name]
        except KeyError:
            raise KeyError(f"{self.name} has no group {name!r}; it has {', '.join(sorted(self.groups))}") from None


def _run(first: int, last: int) -> tuple[int, ...]:
    """Indices from first to last, both included, upwards or downwards."""
    step = 1 if last >= first else -1
    return tuple(range(first, last + step, step))


def _mirror(num_points: int, *pairs: tuple[Iterable[int], Iterable[int]]) -> tuple[int, ...]:
    """The permutation that changes the points of each pair of lists; a point in none is its own twin."""
    twins = list(range(num_points))
    for ones, others in pairs:
        for one, other in zip(ones, others, strict=True):
            twins[one], twins[other] = other, one
    return tuple(twins)


_MESH_OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_MESH_INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)

TOPOLOGIES: dict[str, Topology] = {
    IBUG_68: Topology(
        IBUG_68,
        68,
        {
            "jaw": tuple(range(0, 17)),
            "right_brow": tuple(range(17, 22)),
            "left_brow": tuple(range(22, 27)),
            "nose": tuple(range(27, 36)),
            "right_eye": tuple(range(36, 42)),
            "left_eye": tuple(range(42, 48)),
            "outer_eye_corners": (36, 45),
            "outer_lips": tuple(range(48, 60)),
            "inner_lips": tuple(range(60, 68)),
            "lips": tuple(range(48, 68)),
            "mouth_corners": (48, 54),
            "inner_lip_gap": (62, 66),
            "all": tuple(range(68)),
        },
        _mirror(
            68,
            (_run(0, 7), _run(16, 9)),
            (_run(17, 21), _run(26, 22)),
            (_run(31, 32), _run(35, 34)),
            (_run(36, 41), (45, 44, 43, 42, 47, 46)),
            (_run(48, 50), _run(54, 52)),
            (_run(59, 58), _run(55, 56)),
            (_run(60, 61), _run(64, 63)),
            ((67,), (65,)),
        ),
    ),
    MEDIAPIPE_478: Topology(
        MEDIAPIPE_478,
        478,
        {
            "nose": (1, 2, 4, 5, 6, 19, 45, 98, 168, 195, 197, 275, 327),
            "right_eye": (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
            "left_eye": (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
            "outer_eye_corners": (33, 263),
            "outer_lips": _MESH_OUTER_LIPS,
            "inner_lips": _MESH_INNER_LIPS,
            "lips": _MESH_OUTER_LIPS + _MESH_INNER_LIPS,
            "mouth_corners": (61, 291),
            "inner_lip_gap": (13, 14),
            "all": tuple(range(478)),
        },
    ),
    # Numbered along the image from its left to its right, and on the person's left the other way round than on the
    # right: an eye is 60 outer corner to 64 inner one above and back below, its twin 68 inner corner to 72 outer one.
    WFLW_98: Topology(
        WFLW_98,
        98,
        {
            "jaw": _run(0, 32),
            "face_sides": (1, 31),
            "right_brow": _run(33, 41),
            "left_brow": _run(42, 50),
            "nose": _run(51, 59),
            "nose_bridge": _run(51, 54),
            "right_eye": (*_run(60, 67), 96),
            "left_eye": (*_run(68, 75), 97),
            "right_eyelids": _run(60, 67),
            "left_eyelids": _run(68, 75),
            "right_pupil": (96,),
            "left_pupil": (97,),
            "outer_eye_corners": (60, 72),
            "outer_lips": _run(76, 87),
            "inner_lips": _run(88, 95),
            "lips": _run(76, 95),
            "mouth_corners": (76, 82),
            "inner_lip_gap": (90, 94),
            "all": _run(0, 97),
        },
        _mirror(
            98,
            (_run(0, 15), _run(32, 17)),
            (_run(33, 37), _run(46, 42)),
            (_run(38, 41), _run(50, 47)),
            (_run(55, 56), _run(59, 58)),
            (_run(60, 64), _run(72, 68)),
            (_run(65, 67), _run(75, 73)),
            (_run(76, 78), _run(82, 80)),
            (_run(87, 86), _run(83, 84)),
            (_run(88, 89), _run(92, 91)),
            ((95,), (93,)),
            ((96,), (97,)),
        ),
    ),
    # Its brows and eyes are numbered alike on both sides, each from the outer corner. The bridge of its nose is
    # numbered from below: 54 is the uppermost. 74 to 77 and 86 to 89 lie within the eyes: the pupil, and the iris on
    # either side of it.
    PFLD_110: Topology(
        PFLD_110,
        110,
        {
            "jaw": _run(0, 32),
            "face_sides": (1, 31),
            "right_brow": _run(33, 41),
            "left_brow": _run(42, 50),
            "nose": _run(51, 65),
            "nose_bridge": _run(54, 51),
            "right_eye": _run(66, 77),
            "left_eye": _run(78, 89),
            "right_eyelids": _run(66, 73),
            "left_eyelids": _run(78, 85),
            "right_pupil": (74,),
            "left_pupil": (86,),
            "outer_eye_corners": (66, 78),
            "outer_lips": _run(90, 101),
            "inner_lips": _run(102, 109),
            "lips": _run(90, 109),
            "mouth_corners": (90, 96),
            "inner_lip_gap": (104, 108),
            "all": _run(0, 109),
        },
        _mirror(
            110,
            (_run(0, 15), _run(32, 17)),
            (_run(33, 41), _run(42, 50)),
            (_run(55, 59), _run(65, 61)),
            (_run(66, 75), _run(78, 87)),
            ((76, 77), (89, 88)),
            (_run(90, 92), _run(96, 94)),
            (_run(101, 100), _run(97, 98)),
            (_run(102, 103), _run(106, 105)),
            ((109,), (107,)),
        ),
    ),
}


def topology(name: str) -> Topology:
    """The topology of that name. Raises KeyError with the names there are."""
    try:
        return TOPOLOGIES[name]
    except KeyError:
        raise KeyError(f"no topology {name!r}; there are {', '.join(sorted(TOPOLOGIES))}") from None
