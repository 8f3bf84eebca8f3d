"""PURE: how the flags of a command are shown in its help: under which heading, and with which unit.

The options of a pipeline say their heading themselves, as do all flags of an argument group: a new pipeline needs no
line here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

DATA_SET, PICTURE, FEATURES, OUTPUT = "data set", "picture", "features", "output"
SETTINGS, TRAINING, LIPREADER = "settings", "training", "lipreader"
LIMITS, WORKERS, KUBERNETES, OTHER = "limits", "workers", "Kubernetes", "other"
ORDER = (DATA_SET, PICTURE, FEATURES, SETTINGS, TRAINING, LIPREADER, OUTPUT, LIMITS, WORKERS, KUBERNETES, OTHER)

# What argparse calls the groups that nobody has chosen.
_UNCHOSEN = frozenset({"options", "positional arguments"})

_NAMES: Mapping[str, str] = {
    DATA_SET: "input_root follow_links dataset",
    OUTPUT: "output_root state_root run",
    LIMITS: "clip_time_s clip_memory_mib max_failures max_attempts ignore_free_space",
    WORKERS: "workers num_processes workers_device remote server artifact_cache cluster allow_root allow_address",
    KUBERNETES: "attach parallelism pod index tail follow",
}
_GROUP_OF = {name: group for group, names in _NAMES.items() for name in names.split()}

# A command with one of these is about a data set.
_ROOTS = frozenset({"input_root", "output_root"})

# By the end of a flag's name, the longest first.
_UNITS = {
    "_mib": "MIB",
    "_gb": "GB",
    "_days": "DAYS",
    "_us": "MICROSECONDS",
    "_ms": "MILLISECONDS",
    "_s": "SECONDS",
    "_px": "PIXELS",
    "_fps": "FPS",
}
_UNIT_OF = {
    **dict.fromkeys(("input_root", "output_root", "state_root", "root", "registry"), "ROOT"),
    **dict.fromkeys(("listen", "metrics_listen", "health_listen"), "ADDRESS"),
    **dict.fromkeys(("port_file", "tls_cert", "tls_key", "tls_client_ca", "weights", "execution_env", "png"), "FILE"),
    "max_failures": "N|N%",
    **dict.fromkeys(("node_selector", "tolerations"), "LIST"),
    **dict.fromkeys(("image_pull_secrets", "s3_secret"), "NAMES"),
    **dict.fromkeys(
        ("namespace", "context", "image", "service_account", "tls_secret", "priority_class", "queue", "models_claim"),
        "NAME",
    ),
    **dict.fromkeys(("pod", "spread_by"), "NAME"),
    "preferred_batch_sizes": "N,N,...",
    "pods_cpu": "CORES",
    "run": "NAME",
    "clip": "KEY",
    "key": "KEY",
    "save": "FOLDER",
    "recompute": "SHARE",
}


def group_of(action: argparse.Action, *, by_table: bool = True) -> str:
    """The heading of a flag: that of its argument group, else the table's."""
    title = str(getattr(getattr(action, "container", None), "title", None) or "")
    if title and title not in _UNCHOSEN:
        return title
    return _GROUP_OF.get(action.dest, OTHER) if by_table else OTHER


def grouped(actions: Iterable[argparse.Action]) -> list[tuple[str, list[argparse.Action]]]:
    """(heading, its flags) in the order of ORDER, other headings before Kubernetes.

    Of a command without a data set the flags that no argument group holds are `options`.
    """
    listed = list(actions)
    by_table = any(action.dest in _ROOTS for action in listed)
    groups: dict[str, list[argparse.Action]] = {}
    for action in listed:
        groups.setdefault(group_of(action, by_table=by_table), []).append(action)
    if not by_table:
        groups = {"options": groups.pop(OTHER), **groups}
    last = ORDER.index(KUBERNETES) - 0.5
    place = {name: float(i) for i, name in enumerate(ORDER)}
    return sorted(groups.items(), key=lambda item: place.get(item[0], last))


def unit_of(action: argparse.Action) -> str:
    """What stands for a flag's value: its metavar, else its unit, else what kind of value it is."""
    for end, unit in _UNITS.items():
        if action.dest.endswith(end):
            return unit
    if action.dest in _UNIT_OF:
        return _UNIT_OF[action.dest]
    return "N" if action.type is int else "NUMBER" if action.type is float else "TEXT"
