"""`python -m services.features.gpus --asked auto|cuda`: how many GPUs torch reaches here, as JSON; 78 where none."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.features.opening import missing_library


def main(argv: Sequence[str] | None = None) -> int:
    """Prints {"num_gpus": N}. Exit codes: services/base/errors.py; what is wrong is JSON on standard error."""
    parser = argparse.ArgumentParser(prog="python -m services.features.gpus", description=__doc__)
    parser.add_argument("--asked", choices=("auto", "cuda"), default="cuda", help="the --device that is to be a GPU")
    flags = parser.parse_args(argv)
    try:
        num_gpus = _num_gpus(flags.asked)
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps({"num_gpus": num_gpus}) + "\n")
    return EXIT_OK


def _num_gpus(asked: str) -> int:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise missing_library(error, "features") from error
    if not torch.cuda.is_available():
        raise no_gpu(asked, torch.__version__, torch.version.cuda, os.environ)
    return torch.cuda.device_count()


def no_gpu(asked: str, torch_version: str, cuda_version: str | None, environment: Mapping[str, str]) -> BadConfig:
    """What to say where torch reaches no GPU. cuda_version: that torch is built for; None: for none."""
    hidden = environment.get("CUDA_VISIBLE_DEVICES")
    if cuda_version is None:
        why = f"torch {torch_version} is built without CUDA"
    elif hidden is not None and hidden.strip() in ("", "-1"):
        why = f"CUDA_VISIBLE_DEVICES={hidden!r} hides every GPU"
    else:
        why = f"torch {torch_version} (CUDA {cuda_version}) reaches no GPU: there is none, or no driver that fits"
    remedy = (
        "take --device auto, which takes a GPU where there is one and else the processor"
        if asked == "cuda"
        else "take --device cpu"
    )
    return BadConfig(
        "NO_GPU",
        f"--device {asked} asks for a GPU here, and {why}: {remedy}; or mend that, with a driver and a torch that is "
        "built for CUDA",
    )


if __name__ == "__main__":
    sys.exit(main())
