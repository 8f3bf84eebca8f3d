"""A head as a model of a Triton server: `python -m services.talker.triton.export REPOSITORY --bundle FOLDER`.

What is in the repository is listed and verified by `visemill models`, as every network is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.stage.config import add_config_flags, config_from_flags
from services.formats.talker.head import FACES, MODEL_FILE, PAINTED, REFERENCES, SOUNDS, HeadCard
from services.lips.talker_input import CROP_PX, FACE_PX, SOUND_SHAPES
from services.talker.bundle_files import checked_card, served_weights
from services.triton.config import Serving
from services.triton.layout import Card, card_of, make_folder, write_version
from services.triton.verify import Finding, computed

# A picture of each of some callers: on a processor more at once is no faster, and each is waited for.
_MAX_BATCH_SIZE = 8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def export_head(repository: Path, folder: Path, name: str, serving: Serving) -> Finding:
    """Adds the network of a head to a model repository. name: there; empty: that of its folder, by which TalkerService
    asks for it. Raises BadConfig as `checked_card`, and BAD_NAME, NOT_SERVED.
    """
    bundle = checked_card(folder)
    name = name or folder.resolve().name
    if not _NAME.fullmatch(name):
        raise BadConfig("BAD_NAME", f"a model of a server is named by letters, digits, '.', '_' and '-', not {name!r}")
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


def build_parser() -> argparse.ArgumentParser:
    """The repository, the bundle, and how it is served."""
    parser = argparse.ArgumentParser(
        prog="python -m services.talker.triton.export",
        description="Write the network of a head into a model repository.",
    )
    parser.add_argument(
        "repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads; created if missing"
    )
    parser.add_argument("--bundle", required=True, metavar="FOLDER", help="folder that `visemill export` wrote")
    parser.add_argument("--name", default="", help="of the model on the server (default: that of the folder)")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="(default: %(default)s)")
    add_config_flags(parser, Serving)
    parser.set_defaults(max_batch_size=_MAX_BATCH_SIZE, preferred_batch_sizes="")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was written. Exit codes: 0, or that of what failed."""
    flags = build_parser().parse_args(argv)
    try:
        serving: Serving = config_from_flags(Serving, flags)
        make_folder(flags.repository)
        found = export_head(flags.repository, Path(flags.bundle), flags.name, serving)
    except VisemillError as error:
        sys.stderr.write(json.dumps({"kind": error.kind, "reason": error.reason, "message": error.message}) + "\n")
        return error.exit_code
    told = json.dumps({"networks": {}, "models": [found.to_dict()]})
    sys.stdout.write((told if flags.output == "json" else f"{found.model} {found.version} {found.weights}") + "\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
