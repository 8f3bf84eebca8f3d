"""`python -m services.training.checkpoint.vgg19_file vgg19 FILE --out FILE`: VGG19 as far as it is needed.

Of torchvision's checkpoint, such as `vgg19-dcbb9e9d.pth`, the part that painted faces are compared by, as safetensors,
7 MB of its 574. Only tensors are read of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load as load_safetensors

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.worker.fingerprint import sha256_of
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import weights_file
from services.training.talker.networks.vgg19 import Vgg19Start


def vgg19_of(file: str) -> Vgg19Start:
    """The network of a file that `convert` wrote, in eval mode, without gradients, channels last in memory.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_NETWORK.
    """
    try:
        tensors = load_safetensors(bytes_of(file))
    except safetensors.SafetensorError as error:
        raise BadConfig(
            "CHECKPOINT_DAMAGED",
            f"{file} holds no weights ({error}): `visemill models convert vgg19 CHECKPOINT` makes the file of "
            "torchvision's vgg19",
        ) from error
    network = _loaded(tensors, file)
    return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)


def convert(checkpoint: Path, output: Path) -> dict[str, Any]:
    """Writes the weights, whole or not at all. JSON-able facts, digests among them.

    Raises BadConfig CHECKPOINT_UNREADABLE, OTHER_NETWORK, OUTPUT_UNWRITABLE.
    """
    try:
        found = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise BadConfig(
            "CHECKPOINT_UNREADABLE",
            f"{checkpoint} is no file of tensors alone that torch {torch.__version__} reads: give the checkpoint as it "
            "was published; a file that holds code is not opened",
            str(error),
        ) from error
    network = _loaded(found if isinstance(found, Mapping) else {}, str(checkpoint))
    digest = sha256_of(checkpoint)
    data = weights_file(network.state_dict(), {"weights": f"sha256:{digest}"})
    part = output.with_name(f".{output.name}.part")
    try:
        part.write_bytes(data)
        part.replace(output)
    except OSError as error:
        raise BadConfig("OUTPUT_UNWRITABLE", f"{output} cannot be written ({error}): name another place") from error
    finally:
        part.unlink(missing_ok=True)
    return {
        "file": str(output),
        "sha256": hashlib.sha256(data).hexdigest(),
        "num_parameters": sum(value.numel() for value in network.parameters()),
        "checkpoint_sha256": digest,
    }


def _loaded(tensors: Mapping[Any, Any], file: str) -> Vgg19Start:
    """Of these its own; more are not looked at. Raises BadConfig OTHER_NETWORK."""
    network = Vgg19Start()
    own = network.state_dict()
    for name, value in own.items():
        there = tensors.get(name)
        if not isinstance(there, torch.Tensor) or there.shape != value.shape:
            raise BadConfig("OTHER_NETWORK", f"{file} is no VGG19: it lacks {name}, or has it in another shape")
        if not torch.isfinite(there.double()).all():
            raise BadConfig("OTHER_NETWORK", f"{file} is no VGG19: {name} holds numbers that are not finite")
    network.load_state_dict({name: tensors[name].float() for name in own})
    return network


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.training.checkpoint.vgg19_file", description=__doc__)
    parser.add_argument("--output", choices=("text", "json"), default="text", help="form (default: %(default)s)")
    parser.add_argument("network", choices=["vgg19"])
    parser.add_argument("checkpoint", type=Path, help="file of the checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="file of weights to write")
    flags = parser.parse_args(argv)
    try:
        facts = convert(flags.checkpoint, flags.out)
    except VisemillError as error:
        fields = {"kind": error.kind, "reason": error.reason, "message": error.message}
        sys.stderr.write(json.dumps(fields) + "\n" if flags.output == "json" else f"{error}\n")
        return error.exit_code
    lines = "".join(f"{name}: {value}\n" for name, value in facts.items())
    sys.stdout.write(json.dumps(facts) + "\n" if flags.output == "json" else lines)
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
