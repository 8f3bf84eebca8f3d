"""PURE: what the state of a run may name, where it is carried for somebody else: roots, files and servers that its
submitter could have named.

The state lies where the run's submitter may write. Who carries the run has rights of its own, and reads nothing for it
that its submitter could not have asked for.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import Submission
from orchestrator.console.flags import FlagParser
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec

_ROOTS = ("--input-root", "--output-root")


def check_order(order: RunSpec, allowed: Allowed) -> None:
    """Raises BadConfig STATE_NOT_ALLOWED for a pinned run that reads, writes or asks what nobody may name here."""
    try:
        for name in ("input_root", "output_root"):
            allowed.check_root(name, getattr(order, name))
        if order.follow_links:
            raise BadConfig("BAD_FLAGS", "--follow-links is for runs that are carried where they were planned")
        for stage in order.stages:
            for key, value in stage.config.items():
                if key == "triton":
                    allowed.check_address(f"{stage.name}.{key}", str(value))
                elif isinstance(value, str) and "/" in value:
                    allowed.check_root(f"{stage.name}.{key}", value)
    except BadConfig as error:
        raise _refused(order.run, error) from error


def planning_words(run: str, pipeline: str, command: str) -> list[str]:
    """The pipeline's own flags of a command that the state keeps: `visemill plan PIPELINE --input-root X …`.

    Raises BadConfig STATE_NOT_ALLOWED where it is another command.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise _refused(run, error) from error
    if words[:3] != ["visemill", "plan", pipeline]:
        raise _refused(run, f"{command!r} is not how a run of {pipeline} is planned")
    return words[3:]


def check_words(order: RunSpec, words: Sequence[str], parser: FlagParser, allowed: Allowed | None) -> None:
    """parser: of the pipeline's own flags. allowed: None where a run is carried by whoever has planned it.

    Raises BadConfig STATE_NOT_ALLOWED for flags that the pipeline does not have, or that name what nobody may here.
    """
    try:
        values, others = parser.parse_known_args(list(words))
        del values
        unknown = [word for word in others if word.startswith("-") and word.partition("=")[0] not in _ROOTS]
        if unknown:
            raise BadConfig("BAD_FLAGS", f"{' '.join(unknown)}: no flags of {order.pipeline}")
        if allowed is not None:
            own = tuple(word for word in words if word not in others)
            allowed.checked(Submission(order.pipeline, order.input_root, order.output_root, flags=own), parser)
    except BadConfig as error:
        raise _refused(order.run, error) from error


def _refused(run: str, error: object) -> BadConfig:
    why = error.message if isinstance(error, BadConfig) else error
    return BadConfig(
        "STATE_NOT_ALLOWED",
        f"the state of run {run} names what may not be named here ({why}): begin a new run in a new output root",
    )
