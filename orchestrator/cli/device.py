"""What a stage's device "auto" means for the workers of a run, which are not always of this machine."""

from __future__ import annotations

import argparse
import os

from orchestrator.kube.settings import kube_settings


def add_device_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers-device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="device that `auto` stands for where the workers are other machines; auto: that of this machine "
        "(default: %(default)s)",
    )


def device_of(flags: argparse.Namespace) -> str:
    """What a stage's device "auto" means for the workers of a run, which are not always of this machine."""
    if getattr(flags, "cluster", "local") == "kube":
        return "cuda" if kube_settings(vars(flags), os.environ).pods_gpus else "cpu"
    return getattr(flags, "workers_device", "auto")
