"""Who would decide the bytes: stage versions, settings that matter, model digests, library versions. Loads no model."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.base.stage.config import config_from_mapping, stage_configs
from services.base.stage.recipe import RecipeSpec
from services.base.stage.spec import StageSpec
from services.base.store.by_digest import sha256_in_pieces

# The same library at the same version without its window system: the same bytes, the same run. In its place may stand a
# distribution that only asks for it, its version labelled (scripts/headless_opencv.py).
_HEADLESS = "+headless"
_SAME_LIBRARY: Mapping[str, str] = {"opencv-contrib-python": "opencv-contrib-python-headless"}
POD_LIBRARIES = "VISEMILL_POD_LIBRARIES"
"""NAME==VERSION,...: of libraries that are not installed where a run is planned, but in the image of its pods."""
_OPTIONAL = re.compile(r"(?P<name>[\w.-]+).*;.*\bextra == ['\"](?P<extra>[\w-]+)['\"]")


@dataclass(frozen=True)
class StageIdentity:
    """key_config: what of the config decides an artifact's bytes. run_config: that, and what decides which clips come
    out. settled: settings that the machine decides, such as its device. models: file name -> sha256. libraries: name ->
    version. any_num_ranks: of a recipe.
    """

    name: str
    version: int
    key_config: Mapping[str, Any]
    run_config: Mapping[str, Any]
    settled: Mapping[str, Any]
    models: Mapping[str, str]
    libraries: Mapping[str, str]
    any_num_ranks: bool = False

    def of_artifact(self) -> dict[str, Any]:
        """What decides an artifact's bytes."""
        return {name: value for name, value in self.to_dict().items() if name not in ("run_config", "settled")}

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "version": self.version,
            "key_config": dict(self.key_config),
            "run_config": dict(self.run_config),
            "settled": dict(self.settled),
            "models": dict(self.models),
            "libraries": dict(self.libraries),
            **({"any_num_ranks": True} if self.any_num_ranks else {}),
        }


def identity_of(spec: StageSpec | RecipeSpec, config: Any, device: str = "") -> StageIdentity:
    """The identity of a stage, or of a recipe, under a config. device: what "auto" means; empty: what it means here.

    Raises BadConfig when a model file is missing, or a setting cannot be had on the device.
    """
    settled = spec.settled(config, device)
    try:
        config = dataclasses.replace(config, **settled)
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error
    decides = spec.fingerprint(config)
    libraries = spec.libraries if decides.libraries is None else decides.libraries
    return StageIdentity(
        spec.name,
        spec.version,
        decides.key_config,
        decides.key_config if decides.run_config is None else decides.run_config,
        settled,
        spec.models(config),
        {name: _pinned_version(name) for name in sorted(libraries)},
        isinstance(spec, RecipeSpec) and spec.any_num_ranks,
    )


def _pinned_version(distribution: str) -> str:
    """The installed version, else that of the pods. A rank or worker with another refuses the run.

    Raises BadConfig LIBRARY_MISSING, BAD_SETTING.
    """
    try:
        return library_version(distribution)
    except BadConfig as missing:
        said = os.environ.get(POD_LIBRARIES, "")
        pairs = [text.strip().partition("==") for text in said.split(",") if text.strip()]
        if not all(name and version for name, _, version in pairs):
            raise BadConfig("BAD_SETTING", f"{POD_LIBRARIES}={said!r} must be NAME==VERSION,...") from missing
        of_pods = {name: version for name, _, version in pairs}
        if distribution in of_pods:
            return of_pods[distribution]
        raise BadConfig(
            missing.reason,
            f"{missing.message}; where only the pods have it, say which: {POD_LIBRARIES}={distribution}==VERSION",
        ) from missing


@functools.cache
def library_version(distribution: str) -> str:
    """The installed version, under any name that the library has. Raises BadConfig LIBRARY_MISSING, with the remedy."""
    for name in (distribution, _SAME_LIBRARY.get(distribution, "")):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
            return importlib.metadata.version(name).removesuffix(_HEADLESS)
    extra = _extra_with(distribution)
    remedy = f"pip install 'visemill[{extra}]'" if extra else "install visemill with its dependencies"
    raise BadConfig("LIBRARY_MISSING", f"{distribution} is not installed: {remedy}")


def _extra_with(distribution: str) -> str:
    """The extra of this package that brings a distribution; empty where none does, or where it is not installed."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for requirement in importlib.metadata.requires("visemill") or ():
            found = _OPTIONAL.match(requirement)
            if found and found["name"] == distribution:
                return found["extra"]
    return ""


def remembered_sha256(path: Path) -> str:
    """sha256 (hex) of a model file, remembered while its size and time stay. Raises OSError."""
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, size_bytes: int, mtime_ns: int) -> str:
    del size_bytes, mtime_ns  # part of the key only
    return sha256_in_pieces(path)


def sha256_of(path: Path, named: str = "") -> str:
    """As `remembered_sha256`. named: what a message has before the path, such as its flag.

    Raises BadConfig MODEL_UNREADABLE when the file cannot be read.
    """
    try:
        return remembered_sha256(path)
    except OSError as error:
        raise BadConfig(
            "MODEL_UNREADABLE", f"{named}{path} cannot be read ({error.strerror}): check its permissions"
        ) from error


def describe_main(specs: Mapping[str, StageSpec] | Mapping[str, RecipeSpec], argv: Sequence[str]) -> int:
    """Prints the identity of each stage or recipe as JSON. `--config` takes {stage: {setting: value}}."""
    parser = argparse.ArgumentParser(prog="python -m services STAGES describe", description=describe_main.__doc__)
    parser.add_argument("--config", default="{}", help="JSON object: stage name -> settings")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what a stage's device auto means: that of the machines that will work; auto: as on this machine",
    )
    flags = parser.parse_args(argv)
    configs, device = stage_configs(flags.config, specs), "" if flags.device == "auto" else flags.device
    identities = [
        identity_of(spec, config_from_mapping(spec.config, configs[name]), device).to_dict()
        for name, spec in specs.items()
    ]
    sys.stdout.write(json.dumps(identities) + "\n")
    return 0
