"""A bundle as models of a Triton server: `python -m services.lipreading.export REPOSITORY --bundle FOLDER`.

What is in the repository is listed and verified by `visemill models`, as every network is.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from services.base.errors import BadConfig
from services.lipreading.bundle_files import bundle_here, checked_card, served_name, served_weights
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import (
    ATTENTION,
    FRAMES,
    IDS,
    LENGTHS,
    LOG_PROBS,
    MEMORY,
    NEXT_STATE,
    SCORES,
    STATE,
    BundleCard,
    Kind,
)
from services.triton.bundle_command import BundleCommand, checked_name
from services.triton.config import Serving
from services.triton.layout import Card, card_of, write_version
from services.triton.verify import Finding, computed

_MAX_PADDING_PERCENT = 25
_FREE = (-1, -1)
# Inputs and outputs of each kind's networks by name, and what is known of the axes that they begin with.
_OUTPUTS: Mapping[Kind, Mapping[str, tuple[int, ...]]] = {
    "ctc": {LOG_PROBS: _FREE},
    "attention": {MEMORY: _FREE},
    "joint": {LOG_PROBS: _FREE, MEMORY: _FREE},
}
_DECODERS: Mapping[Kind, tuple[Mapping[str, tuple[int, ...]], Mapping[str, tuple[int, ...]]]] = {
    "attention": (
        {MEMORY: _FREE, LENGTHS: (-1,), IDS: (-1,), **dict.fromkeys(STATE, (-1,))},
        {LOG_PROBS: (-1,), ATTENTION: _FREE, **dict.fromkeys(NEXT_STATE, (-1,))},
    ),
    "joint": ({MEMORY: _FREE, LENGTHS: (-1,), IDS: (-1, -1, -1)}, {SCORES: _FREE}),
}


def export_bundle(repository: Path, folder: Path, name: str, serving: Serving) -> list[Finding]:
    """Adds the networks of a bundle to a model repository: the one that sees mouths, and a decoder where there is one.

    name: of the first there, and what the decoder's begins with; empty: the recipe. Raises BadConfig as `checked_card`,
    and BAD_NAME, NOT_SERVED.
    """
    bundle = checked_card(folder)
    name = checked_name(name or bundle.recipe)
    files = {part: folder / file for part, file in bundle.files.items() if part != "tokenizer"}
    cards = {part: card_of(file, served_name(name, part), served_weights(bundle, part)) for part, file in files.items()}
    for part, card in cards.items():
        _check_tensors(card, *_expected(bundle, part))
    found = []
    for part, card in cards.items():
        answers = {o.name: answer for o, answer in zip(card.outputs, computed(files[part], card), strict=True)}
        target = write_version(repository, card, files[part], answers, serving)
        found.append(Finding(card.name, int(target.name), card.weights, card.digest))
    return found


_Axes = Mapping[str, tuple[int, ...]]


def _expected(bundle: BundleCard, part: str) -> tuple[_Axes, _Axes]:
    """Inputs and outputs."""
    if part == "decoder":
        return _DECODERS[bundle.kind]
    frames = {FRAMES: (-1, -1, bundle.height_px, bundle.width_px, 3), LENGTHS: (-1,)}
    return frames, _OUTPUTS[bundle.kind]


def _check_tensors(card: Card, inputs: _Axes, outputs: _Axes) -> None:
    """Raises BadConfig NOT_SERVED for a network that does not take what its bundle says, in batches of any size."""
    for what, tensors, expected in (("takes", card.inputs, inputs), ("gives", card.outputs, outputs)):
        found = {tensor.name: tensor.shape[: len(expected.get(tensor.name, ()))] for tensor in tensors}
        if list(found.items()) != list(expected.items()):
            raise BadConfig(
                "NOT_SERVED",
                f"the bundle's network {card.name} {what} {dict(found)}, not {dict(expected)}: export it again",
            )


def _export(repository: Path, bundle: str, name: str, serving: Serving) -> list[Finding]:
    with bundle_here(LipreadingConfig(bundle=bundle)) as config:
        return export_bundle(repository, Path(config.bundle), name, serving)


COMMAND = BundleCommand(
    "services.lipreading.export",
    "folder that `visemill export` wrote, or its s3:// URI",
    "the bundle's recipe",
    _export,
    {"max_padding_percent": _MAX_PADDING_PERCENT},
)


if __name__ == "__main__":
    sys.exit(COMMAND.run(None))
