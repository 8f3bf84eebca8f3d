"""Settings of a training between the defaults and the command line: a preset by its name, then a file of settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from orchestrator.cli.parsing.request_file import RequestFile, read_request, value_of_flag

Presets = Mapping[str, Mapping[str, object]]
FLAG, PRESET_FLAG = "--config", "--preset"
HEADING = "settings"


def add_preset_flags(parser: argparse.ArgumentParser, presets: Presets) -> None:
    """To give settings by a file, and by the name of a preset."""
    group = parser.add_argument_group(HEADING)
    group.add_argument(
        FLAG,
        dest="settings_file",
        default="",
        metavar="FILE",
        help="YAML or JSON file with some or all settings by their names, such as `seed: 5`, or the "
        "config.yaml of another training; it wins over a preset, and flags of the command line win over both",
    )
    group.add_argument(
        PRESET_FLAG,
        dest="settings_preset",
        choices=tuple(presets),
        help=f"settings for machines of a kind; {'; '.join(map(_told, presets.items()))}",
    )


def settings_layers(argv: Sequence[str], presets: Presets) -> list[RequestFile]:
    """What stands between the defaults and the command line, the weakest first. A preset that there is none of is left
    to the parser. Raises BadConfig BAD_REQUEST_FILE.
    """
    from services.formats.settings_file import Setting

    name, path = value_of_flag(argv, PRESET_FLAG), value_of_flag(argv, FLAG)
    layers = []
    if name in presets:
        settings = {key.replace("_", "-"): Setting(value, 0, str(value)) for key, value in presets[name].items()}
        layers.append(RequestFile(f"preset {name}", settings))
    if path:
        layers.append(read_request(path, FLAG))
    return layers


def _told(preset: tuple[str, Mapping[str, object]]) -> str:
    name, settings = preset
    return f"{name}: {', '.join(f'{key} {value}' for key, value in settings.items())}"
