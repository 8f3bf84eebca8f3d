"""A head as a model of a Triton server: `python -m services.talker.triton.export REPOSITORY --bundle FOLDER`.

What is in the repository is listed and verified by `visemill models`, as every network is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.base.errors import BadConfig
from services.formats.talker.head import FACES, MODEL_FILE, PAINTED, REFERENCES, SOUNDS, HeadCard
from services.lips.talker_input import CROP_PX, FACE_PX, SOUND_SHAPES
from services.talker.bundle_files import checked_card, served_weights
from services.triton.bundle_command import BundleCommand, checked_name
from services.triton.config import Serving
from services.triton.layout import Card, card_of, write_version
from services.triton.verify import Finding, computed


def export_head(repository: Path, folder: Path, name: str, serving: Serving) -> Finding:
    """Adds the network of a head to a model repository. name: there; empty: that of its folder, by which TalkerService
    asks for it. Raises BadConfig as `checked_card`, and BAD_NAME, NOT_SERVED.
    """
    bundle = checked_card(folder)
    name = checked_name(name or folder.resolve().name)
    card = card_of(folder / MODEL_FILE, name, served_weights(bundle))
    _check_tensors(card, bundle)
    (answer,) = computed(folder / MODEL_FILE, card)
    target = write_version(repository, card, folder / MODEL_FILE, answer, serving)
    return Finding(name, int(target.name), card.weights, card.digest)


def _check_tensors(card: Card, bundle: HeadCard) -> None:
    """Raises BadConfig NOT_SERVED for a network that does not take what its card says, in batches of any size."""
    face_px, sound = FACE_PX[CROP_PX[bundle.resolution]], SOUND_SHAPES[bundle.asr]
    picture = (-1, face_px, face_px, 3)
    expected = {REFERENCES: picture, FACES: picture, SOUNDS: (-1, sound.channels, sound.height, sound.width)}
    found = {tensor.name: tensor.shape for tensor in (*card.inputs, *card.outputs)}
    if found != expected | {PAINTED: picture}:
        raise BadConfig(
            "NOT_SERVED",
            f"the head's network takes and gives {found}, not {expected | {PAINTED: picture}}: export it again",
        )


def _export(repository: Path, bundle: str, name: str, serving: Serving) -> list[Finding]:
    return [export_head(repository, Path(bundle), name, serving)]


COMMAND = BundleCommand(
    "services.talker.triton.export", "folder that `visemill export` wrote", "that of the folder", _export
)


if __name__ == "__main__":
    sys.exit(COMMAND.run(None))
