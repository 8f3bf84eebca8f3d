"""Settings of a training between the defaults and the command line: a preset by its name, then a file of settings."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from orchestrator.cli.parsing.request_file import RequestFile, read_request, value_of_flag

Presets = Mapping[str, Mapping[str, object]]
FLAG, PRESET_FLAG, BASELINE_FLAG = "--config", "--preset", "--compat"
HEADING = "settings"


def add_preset_flags(parser: argparse.ArgumentParser, presets: Presets, baselines: Presets) -> None:
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
    if baselines:
        group.add_argument(
            BASELINE_FLAG,
            dest="settings_baseline",
            choices=tuple(baselines),
            help=f"settings that give the numbers of another trainer; a preset wins over them; "
            f"{'; '.join(map(_told, baselines.items()))}",
        )


def settings_layers(argv: Sequence[str], presets: Presets, baselines: Presets) -> list[RequestFile]:
    """What stands between the defaults and the command line, the weakest first. A preset that there is none of is left
    to the parser. Raises BadConfig BAD_REQUEST_FILE.
    """
    from services.formats.settings_file import Setting

    path, layers = value_of_flag(argv, FLAG), []
    for flag, named in ((BASELINE_FLAG, baselines), (PRESET_FLAG, presets)):
        name = value_of_flag(argv, flag)
        if name in named:
            settings = {key.replace("_", "-"): Setting(value, 0, str(value)) for key, value in named[name].items()}
            layers.append(RequestFile(f"{flag} {name}", settings))
    if path:
        layers.append(read_request(path, FLAG))
    return layers


def _told(preset: tuple[str, Mapping[str, object]]) -> str:
    name, settings = preset
    return f"{name}: {', '.join(f'{key} {value}' for key, value in settings.items())}"
