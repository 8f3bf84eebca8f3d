"""Model repositories of Triton servers: `python -m services.features.triton.repository list|export|verify`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.features.networks import NETWORKS, network_named
from services.features.ops import cut
from services.features.spec import FeaturesConfig
from services.features.talker.spec import EXPORTED, AudioFeaturesConfig
from services.features.triton.flags import add_actions, networks_of
from services.triton.config import Serving
from services.triton.flags import serving_of
from services.triton.layout import (
    CARD_FILE,
    ONNX_FILE,
    Card,
    card_of,
    check_inputs,
    make_folder,
    model_folders,
    versions,
    write_version,
)
from services.triton.verify import Finding, joined, verify_repository


def export_network(repository: Path, network: str, config: FeaturesConfig, serving: Serving) -> Finding:
    """Writes one network into a repository. Raises BadConfig for weights that do not load."""
    # What computes is loaded when it is needed: torch takes seconds.
    from services.features.runtimes import export
    from services.features.runtimes.sequences import SequenceNetwork
    from services.features.runtimes.torch import open_torch

    config = dataclasses.replace(config, model=network)
    with tempfile.TemporaryDirectory() as scratch:
        onnx = Path(scratch) / ONNX_FILE
        card = card_of(onnx, network, export.export_network(config, onnx))
        inputs = check_inputs(card)
        check: Any
        if not network_named(network).takes_sequences:
            check = open_torch(config)(inputs[0][1])
        else:
            answers = SequenceNetwork(config)(cut(inputs[0][1], inputs[1][1]))
            check = {o.name: joined(o, [answer[o.name] for answer in answers]) for o in card.outputs}
        folder = write_version(repository, card, onnx, check, serving)
    return Finding(network, int(folder.name), card.weights, card.digest)


def list_models(repository: Path) -> list[Finding]:
    """Every version of every model, unread but for its card. Raises BadConfig."""
    found = []
    for folder in model_folders(repository):
        for version in versions(folder):
            card = Card.of_file(folder / str(version) / CARD_FILE)
            found.append(Finding(folder.name, version, card.weights, card.digest))
    return found


def build_parser() -> argparse.ArgumentParser:
    """list, export, verify."""
    parser = argparse.ArgumentParser(prog="python -m services.features.triton.repository", description=__doc__)
    for sub in add_actions(parser.add_subparsers(dest="action", required=True)):
        sub.add_argument("-o", "--output", choices=("text", "json"), default="text", help="(default: %(default)s)")
    return parser


def _run(flags: argparse.Namespace) -> list[Finding]:
    if flags.action == "list":
        return list_models(flags.repository) if flags.repository else []
    if flags.action == "verify":
        return verify_repository(flags.repository, flags.server)
    given = {"weights": flags.weights, "weights_sha256": flags.weights_sha256, "seed": flags.seed}
    names = networks_of(flags) or ["inception_v3"]
    try:
        config = FeaturesConfig(**given)
        own = {name: AudioFeaturesConfig(model=name, **given) for name in EXPORTED if name in names}
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error
    servings = {name: _serving(flags, name) for name in names}
    make_folder(flags.repository)
    return [
        export_model(flags.repository, own[name], servings[name])
        if name in own
        else export_network(flags.repository, name, config, servings[name])
        for name in names
    ]


def export_model(repository: Path, config: AudioFeaturesConfig, serving: Serving) -> Finding:
    """Writes a model of audiofeatures that is no network of the table. Raises BadConfig as it does."""
    exports = EXPORTED[config.model].exports
    assert exports is not None
    found: Finding = exports(repository, config, serving)
    return found


def _serving(flags: argparse.Namespace, name: str) -> Serving:
    """What was given, and for the rest what is usual for it."""
    most = EXPORTED[name].most_together if name in EXPORTED else 0
    return serving_of(flags, {"max_batch_size": most, "preferred_batch_sizes": ""} if most else {})


def _networks() -> dict[str, str]:
    return {name: network_named(name).about for name in NETWORKS} | {
        name: model.about for name, model in EXPORTED.items()
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 all is well, 78 something is wrong with a model or a setting."""
    flags = build_parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        found = _run(flags)
    except VisemillError as error:
        sys.stderr.write(json.dumps({"kind": error.kind, "reason": error.reason, "message": error.message}) + "\n")
        return error.exit_code
    if flags.output == "json":
        networks = _networks() if flags.action == "list" else {}
        sys.stdout.write(json.dumps({"networks": networks, "models": [f.to_dict() for f in found]}) + "\n")
    else:
        lines = [f"{name}: {text}" for name, text in _networks().items()] if flags.action == "list" else []
        lines += [f"{f.model} {f.version} {f.weights} {'; '.join(f.problems) or 'ok'}" for f in found]
        sys.stdout.write("\n".join(lines) + "\n")
    return BadConfig.exit_code if any(f.problems for f in found) else EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
