"""A bundle as a model of a Triton server: `python -m services.lipreading.export REPOSITORY --bundle FOLDER`.

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
from services.lipreading.bundle_files import bundle_here, checked_card, served_weights
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import FRAMES, LENGTHS, LOG_PROBS, MEMORY, MODEL_FILE, BundleCard
from services.triton.config import Serving
from services.triton.layout import Card, card_of, make_folder, write_version
from services.triton.verify import Finding, computed

# Mouths of several clips of some seconds: more at once is little faster, and each wants memory.
_MAX_BATCH_SIZE = 8
_MAX_PADDING_PERCENT = 25
# Kinds whose encoder says by itself what is read, by CTC.
_SERVED = ("ctc", "joint")
# A folder of the repository, and what Triton takes for a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def export_bundle(repository: Path, folder: Path, name: str, serving: Serving) -> Finding:
    """Adds the network of a bundle to a model repository, of a joint one its encoder. name: there; empty: the recipe.

    Raises BadConfig as `checked_card`, and BAD_NAME, NOT_SERVED.
    """
    bundle = checked_card(folder)
    if bundle.kind not in _SERVED:
        raise BadConfig(
            "NOT_SERVED",
            f"{folder} reads by {bundle.kind}, a step after another, which a server would be asked for one by one: "
            "let the lipreading service read with it itself",
        )
    name = name or bundle.recipe
    if not _NAME.fullmatch(name):
        raise BadConfig("BAD_NAME", f"a model of a server is named by letters, digits, '.', '_' and '-', not {name!r}")
    card = card_of(folder / MODEL_FILE, name, served_weights(bundle))
    _check_tensors(card, bundle)
    answers = {o.name: answer for o, answer in zip(card.outputs, computed(folder / MODEL_FILE, card), strict=True)}
    target = write_version(repository, card, folder / MODEL_FILE, answers, serving)
    return Finding(name, int(target.name), card.weights, card.digest)


def _check_tensors(card: Card, bundle: BundleCard) -> None:
    """Raises BadConfig NOT_SERVED for a network that does not take the mouths of its card, in batches of any size."""
    expected = [(FRAMES, (-1, -1, bundle.height_px, bundle.width_px, 3)), (LENGTHS, (-1,))]
    found = [(tensor.name, tensor.shape) for tensor in card.inputs]
    (output, *others) = [(tensor.name, tensor.shape[:2]) for tensor in card.outputs]
    # Of a joint bundle what its decoder reads comes out too; nobody asks a server for it.
    known = [(MEMORY, (-1, -1))] if bundle.kind == "joint" else []
    if found != expected or any(other not in known for other in others) or output != (LOG_PROBS, (-1, -1)):
        raise BadConfig(
            "NOT_SERVED", f"the bundle's network takes {found} and gives {output}, not {expected}: export it again"
        )


def build_parser() -> argparse.ArgumentParser:
    """The repository, the bundle, and how it is served."""
    parser = argparse.ArgumentParser(
        prog="python -m services.lipreading.export",
        description="Write the network of a bundle into a model repository.",
    )
    parser.add_argument(
        "repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads; created if missing"
    )
    parser.add_argument(
        "--bundle", required=True, metavar="FOLDER", help="folder that `visemill export` wrote, or its s3:// URI"
    )
    parser.add_argument("--name", default="", help="of the model on the server (default: the bundle's recipe)")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="(default: %(default)s)")
    add_config_flags(parser, Serving)
    parser.set_defaults(
        max_batch_size=_MAX_BATCH_SIZE, preferred_batch_sizes="", max_padding_percent=_MAX_PADDING_PERCENT
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was written. Exit codes: 0, or that of what failed."""
    flags = build_parser().parse_args(argv)
    try:
        serving: Serving = config_from_flags(Serving, flags)
        make_folder(flags.repository)
        with bundle_here(LipreadingConfig(bundle=flags.bundle)) as config:
            found = export_bundle(flags.repository, Path(config.bundle), flags.name, serving)
    except VisemillError as error:
        sys.stderr.write(json.dumps({"kind": error.kind, "reason": error.reason, "message": error.message}) + "\n")
        return error.exit_code
    told = json.dumps({"networks": {}, "models": [found.to_dict()]})
    sys.stdout.write((told if flags.output == "json" else f"{found.model} {found.version} {found.weights}") + "\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
