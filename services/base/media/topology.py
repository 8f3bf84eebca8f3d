"""Named groups of landmark points, so that nobody outside this file writes a point's index.

`left` and `right` are the person's own. Sources: the iBUG 300-W 68-point markup
(https://ibug.doc.ic.ac.uk/resources/300-W/) and MediaPipe's face mesh connections
(https://ai.google.dev/edge/mediapipe/solutions/vision/face_landmarker).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

IBUG_68 = "ibug-68"
MEDIAPIPE_478 = "mediapipe-478"


@dataclass(frozen=True)
class Topology:
    """A numbering of points. groups: name -> indices below num_points, without repeats."""

    name: str
    num_points: int
    groups: Mapping[str, tuple[int, ...]]

    def __post_init__(self) -> None:
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
}


def topology(name: str) -> Topology:
    """The topology of that name. Raises KeyError with the names there are."""
    try:
        return TOPOLOGIES[name]
    except KeyError:
        raise KeyError(f"no topology {name!r}; there are {', '.join(sorted(TOPOLOGIES))}") from None
