"""`visemill gc`: keeps the artifacts of a state root under a cap, oldest first, and removes what died half-way."""

from __future__ import annotations

import argparse

from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_state_flags
from orchestrator.roots import open_named, state_root
from services.base.errors import BadConfig
from services.base.process.quantities import counted, num_bytes
from services.base.store.interface import Entry


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output-root", default=None, help="output root whose state is cleaned")
    add_state_flags(parser)
    parser.add_argument(
        "--max-gb", type=float, default=20.0, help="size limit of the cached artifacts (default: %(default)s)"
    )
    parser.add_argument(
        "--abandoned-after-s",
        type=float,
        default=3600.0,
        help="age at which a temporary file counts as abandoned (default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would be deleted, delete nothing")


def gc(flags: argparse.Namespace) -> Answer:
    """Artifacts are made again when they are needed, so removing one costs time and no truth."""
    if not flags.output_root and not flags.state_root:
        raise BadConfig("NO_ROOT", "say which state: --output-root or --state-root")
    for flag, value in (("--max-gb", flags.max_gb), ("--abandoned-after-s", flags.abandoned_after_s)):
        if value < 0:
            raise BadConfig("BAD_FLAGS", f"{flag} must be 0 or more, not {value}")
    flag = "--state-root" if flags.state_root else "--output-root"
    state = open_named(flag, state_root(flags.output_root, flags.state_root), must_exist=True)
    entries = list(state.list("artifacts/"))
    doomed = over_the_cap(entries, int(flags.max_gb * 1e9))
    num_abandoned = 0
    if not flags.dry_run:
        for entry in doomed:
            state.delete(entry.name)
        num_abandoned = state.clean_abandoned(flags.abandoned_after_s)
    freed = sum(entry.size_bytes for entry in doomed)
    kept = sum(entry.size_bytes for entry in entries) - freed
    verb = "would remove" if flags.dry_run else "removed"
    text = (
        f"{verb} {counted(len(doomed), 'artifact')} ({num_bytes(freed)}), kept {len(entries) - len(doomed)} "
        f"({num_bytes(kept)}), {counted(num_abandoned, 'abandoned file')} removed"
    )
    data = {
        "removed": len(doomed),
        "removed_bytes": freed,
        "kept_bytes": kept,
        "abandoned": num_abandoned,
        "dry_run": flags.dry_run,
    }
    return Answer(text, data)


def over_the_cap(entries: list[Entry], cap_bytes: int) -> list[Entry]:
    """The oldest entries whose removal brings the rest under the cap; of one time, the first names."""
    excess = sum(entry.size_bytes for entry in entries) - cap_bytes
    doomed = []
    for entry in sorted(entries, key=lambda e: (e.modified_ns, e.name)):
        if excess <= 0:
            break
        doomed.append(entry)
        excess -= entry.size_bytes
    return doomed
