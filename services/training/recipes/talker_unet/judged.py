"""What networks of others say of the faces that a head paints: where the lips are, and how alike all of them look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.talker_input import MASKS
from services.lips.talker_pasting import paste
from services.training.data.talker.opening import PersonFolder
from services.training.data.talker.paint_data import batch_of
from services.training.data.talker.person import Person
from services.training.data.talker.references import mean_of, references_of, spread, with_references
from services.training.data.talker.sync_data import Held, face_of
from services.training.data.talker.whole_frame import WholeFrame
from services.training.recipes.talker_unet.painted import AT_ONCE, chosen_frames
from services.training.talker.face_vectors import FaceVectors
from services.training.talker.frechet import REAL, FaceSets
from services.training.talker.lip_points import LipPoints, lip_distance
from services.training.talker.mouth_distance import MouthDistances
from services.training.talker.painting import pictures_of

_MOST_NEAR = 200
"""Frames of a person, at even distances, among which the nearest is looked for."""

_EVERY_PX = 5
"""Of the pixels at the rim, those that are compared."""

_MOST_FACES = 500
"""Of all clips, at even distances, whose distribution is looked at."""

Shown = tuple[Person, int, int]
"""As `batch_of` takes them."""


@dataclass(frozen=True)
class LipJudge:
    """A network that finds lips, and where whole frames are: those of a person, by the name of the folder."""

    points: LipPoints
    frames_of: Callable[[str], Callable[[int], WholeFrame]]

    def distances(self, model: torch.nn.Module, held: Held, seed: int) -> MouthDistances:
        """As `mouth_distances`."""
        return mouth_distances(model, held, seed, self.frames_of(held.person.name), self.points)


def lip_judge(landmark_model: str, data_root: str) -> LipJudge:
    """Raises BadConfig MODEL_UNREADABLE."""
    # Folders are listed and their landmarks read once, not after each epoch.
    return LipJudge(LipPoints(landmark_model), cache(lambda name: PersonFolder(data_root, name).whole_frames()))


def painted_faces(model: torch.nn.Module, shown: Sequence[Shown]) -> Iterator[tuple[Shown, UInt8Array]]:
    """Each with its face as it is painted, uint8 BGR. The model is in eval mode."""
    device = next(model.parameters()).device
    for first in range(0, len(shown), AT_ONCE):
        some = shown[first : first + AT_ONCE]
        batch = {name: value.to(device) for name, value in batch_of(some).items()}
        pictures_B6HW, _ = pictures_of(batch["references_BHWC"], batch["faces_BHWC"])
        made_BHWC = (model(pictures_B6HW, batch["sounds_BCHW"]).float() * 255).round().byte().permute(0, 2, 3, 1)
        yield from zip(some, made_BHWC.cpu().numpy(), strict=True)


def mouth_distances(
    model: torch.nn.Module, held: Held, seed: int, frame_at: Callable[[int], WholeFrame], points: LipPoints
) -> MouthDistances:
    """Of what is held out of one person: each face is put back into its frame, and its lips are looked for there.

    seed: of the references. frame_at: frames of the person as the video shows them.
    """
    person, nearest = held.person, Nearest(held.person)
    total = MouthDistances()
    for (_, frame, reference), painted_HWC in painted_faces(model, with_references(person, chosen_frames(held), seed)):
        whole = frame_at(frame)
        real_NC = points(whole.picture_HWC, whole.face)
        found = []
        for face_HWC in (painted_HWC, face_of(person, reference), face_of(person, nearest.to(frame))):
            picture_HWC = whole.picture_HWC.copy()
            paste(picture_HWC, whole.crop, person.crops_NHWC[frame], face_HWC, "feather")
            found.append(lip_distance(points(picture_HWC, whole.face), real_NC))
        total += MouthDistances(1, *found)
    return total


def face_sets(model: torch.nn.Module, held: Sequence[Held], seed: int, vectors: FaceVectors) -> FaceSets:
    """Vectors of the faces that are held out, as they are, as they are painted, and of what needs no network.

    seed: of the references.
    """
    sets: dict[str, list[Float32Array]] = {}
    for one, frames in zip(held, _spread_over(held), strict=True):
        person, shown = one.person, with_references(one.person, frames, seed)
        if not shown:
            continue
        nearest, among = Nearest(person), {frame: spread(references_of(person, frame)) for frame in frames}
        faces: dict[str, Iterator[UInt8Array]] = {
            REAL: (face_of(person, frame) for frame in frames),
            "painted": (painted_HWC for _, painted_HWC in painted_faces(model, shown)),
            "random": (face_of(person, reference) for _, _, reference in shown),
            "nearest": (face_of(person, nearest.to(frame)) for frame in frames),
            "mean": (mean_of(person, among[frame]) for frame in frames),
        }
        for way, some in faces.items():
            sets.setdefault(way, []).append(vectors(some))
    return FaceSets({way: np.concatenate(parts) for way, parts in sets.items()}, vectors.weights)


def _spread_over(held: Sequence[Held]) -> list[list[int]]:
    """Frames of each clip, of all of them together _MOST_FACES at most."""
    chosen = spread([(i, frame) for i, one in enumerate(held) for frame in one.frames], _MOST_FACES)
    return [[frame for at, frame in chosen if at == i] for i in range(len(held))]


class Nearest:
    """Which other frame of a person looks most alike where nothing is hidden from the network."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._frames_R = np.array(spread(person.frames(range(person.num_frames)), _MOST_NEAR))
        self._rims_RX = np.stack([_rim_of(face_of(person, int(frame))) for frame in self._frames_R])

    def to(self, frame: int) -> int:
        """Of those that may be its reference."""
        may_R = np.isin(self._frames_R, references_of(self._person, frame))
        if not may_R.any():
            return references_of(self._person, frame)[0]
        away_R = np.abs(self._rims_RX - _rim_of(face_of(self._person, frame))).mean(axis=1)
        return int(self._frames_R[np.where(may_R, away_R, np.inf).argmin()])


def _rim_of(face_HWC: UInt8Array) -> Float32Array:
    mask, is_seen_HW = MASKS[len(face_HWC)], np.ones(face_HWC.shape[:2], np.bool_)
    is_seen_HW[mask.top : mask.bottom, mask.left : mask.right] = False
    return face_HWC[is_seen_HW][::_EVERY_PX].astype(np.float32).reshape(-1)
