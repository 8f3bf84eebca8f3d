"""PURE: that pods can read the files of weights which a training begins from, or is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.errors import BadConfig
from services.training.spec import OWN_CHECKPOINTS

_FILES = ("resume", "init", "syncnet_checkpoint", "vgg19", "landmark_model")


def check_begins(config: Mapping[str, Any], claimed: str) -> None:
    """config: settings of a recipe. claimed: folder that a claim brings into pods; empty: none does. Raises BadConfig
    LOCAL_ROOT: a pod sees no other folder of this machine.
    """
    for name in _FILES:
        file = str(config.get(name, ""))
        is_claimed = bool(claimed) and file.startswith(f"{claimed}/")
        if file not in OWN_CHECKPOINTS and not file.startswith("s3://") and not is_claimed:
            raise BadConfig(
                "LOCAL_ROOT",
                f"--{name.replace('_', '-')} {file} is a local file, which pods cannot read: give "
                f"s3://bucket/prefix/{file.rpartition('/')[2]}, or a file of --models-claim",
            )
