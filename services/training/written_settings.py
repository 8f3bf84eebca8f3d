"""PURE: the settings of a training as config.yaml, which stands among its results and makes the same training again."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml

CONFIG_FILE = "config.yaml"


def config_file(config: Any) -> bytes:
    """All fields of a recipe's config by their names, in order, as YAML."""
    return yaml.safe_dump(dataclasses.asdict(config), sort_keys=False, allow_unicode=True).encode()
