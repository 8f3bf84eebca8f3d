"""I/O: the frames of a person's folder, of either layout, and where the face lies in each."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import UInt8Array
from services.base.run.paths import STATE_DIR
from services.base.store.interface import NotThere, ReadableStore
from services.base.store.open import open_store
from services.formats.talker.tree import METADATA_FILE, TalkerTree, fps_of, points_of, tree_of, usable_of
from services.lips.picture import picture_of
from services.lips.talker_crop import CropBox, boxes_of


class PersonFrames:
    """Frames of a person, read one by one. usable: numbers of those that show the face, ascending. fps: of them.

    Raises BadConfig NO_PERSON for a folder without frames or landmarks, BadInput UNSAFE_LANDMARKS.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._store: ReadableStore = open_store(uri, must_exist=True)
        names = [entry.name for entry in self._store.list() if not entry.name.startswith(f"{STATE_DIR}/")]
        try:
            self._tree: TalkerTree = tree_of(names)
        except BadInput as error:
            raise BadConfig(
                "NO_PERSON", f"{uri} is no person's folder: {error.message}: make one by `visemill run talker`"
            ) from error
        usable_N = usable_of(self._tree, self._store.read)
        points_NKC = points_of(self._tree, self._store.read)
        self._boxes: Sequence[CropBox | None] = boxes_of(points_NKC, usable_N)
        self.usable = [frame for frame, box in enumerate(self._boxes) if box is not None]
        self.fps = fps_of(self._metadata())

    def box(self, frame: int) -> CropBox:
        """Of a usable frame."""
        box = self._boxes[frame]
        assert box is not None
        return box

    def frame(self, frame: int) -> UInt8Array:
        """uint8 BGR [H, W, 3]. Raises BadInput BAD_PICTURE."""
        name = self._tree.frames[frame]
        return picture_of(self._store.read(name), f"{self._uri}/{name}")

    def size_px(self) -> tuple[int, int]:
        """Height and width of the frames, by the first usable one. Raises BadInput BAD_PICTURE."""
        height_px, width_px = self.frame(self.usable[0]).shape[:2]
        return height_px, width_px

    def _metadata(self) -> object:
        try:
            return json.loads(self._store.read(METADATA_FILE))
        except (NotThere, ValueError, RecursionError):
            return {}
