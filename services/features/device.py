"""Which device `auto` means on this machine, asked without loading torch."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

_DRIVER = Path("/dev/nvidiactl")


def chosen_device(device: str) -> str:
    """A named device is itself; auto is "cuda" where a driver is and torch was built for it, else "cpu"."""
    if device != "auto":
        return device
    return auto_device(os.environ, driver=_DRIVER.exists(), cuda_build=_torch_has_cuda())


def auto_device(environment: Mapping[str, str], *, driver: bool, cuda_build: bool) -> str:
    """What auto means under these facts. CUDA_VISIBLE_DEVICES may hide every GPU."""
    hidden = environment.get("CUDA_VISIBLE_DEVICES", "unset").strip() in ("", "-1")
    return "cuda" if driver and cuda_build and not hidden else "cpu"


def _torch_has_cuda() -> bool:
    spec = importlib.util.find_spec("torch")
    folders = spec.submodule_search_locations if spec else None
    return any((Path(folder) / "lib" / "libtorch_cuda.so").exists() for folder in folders or ())
