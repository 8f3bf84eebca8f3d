"""PURE: what the state of a run may name, where it is executed for somebody else: roots, files and servers that its
submitter could have named.

The state lies where the run's submitter may write. Who executes the run has rights of its own, and reads nothing for it
that its submitter could not have asked for.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import options_of_argv
from orchestrator.pipelines.base import Options
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec

_ROOTS = ("--input-root", "--output-root")


def check_spec(spec: RunSpec, allowed: Allowed) -> None:
    """Raises BadConfig STATE_NOT_ALLOWED for a pinned run that reads, writes or asks what nobody may name here."""
    try:
        for root in spec.media_roots:
            allowed.check_root("input_root", root)
        allowed.check_root("output_root", spec.output_root)
        if spec.follow_links:
            raise BadConfig("BAD_FLAGS", "--follow-links works only on the machine that planned the run")
        settings = [(one.name, one.config) for one in spec.stages] + [(one.name, one.config) for one in spec.gangs]
        for name, config in settings:
            for key, value in config.items():
                if key == "triton":
                    allowed.check_address(f"{name}.{key}", str(value))
                elif isinstance(value, str) and "/" in value:
                    allowed.check_root(f"{name}.{key}", value)
    except BadConfig as error:
        raise _refused(spec.run, error) from error


def planned_options(spec: RunSpec, command: str, allowed: Allowed | None) -> Options:
    """The options in a command that the state keeps: `visemill plan PIPELINE --input-root X --output-root Y …`.

    allowed: None where a run is executed by whoever has planned it. Raises BadConfig STATE_NOT_ALLOWED where it is
    another command, where it has flags that the pipeline does not have, or where they name what nobody may here.
    """
    try:
        argv = shlex.split(command)
        if argv[:3] != ["visemill", "plan", spec.pipeline]:
            raise BadConfig("BAD_FLAGS", f"{command!r} is not how a run of {spec.pipeline} is planned")
        options = options_of_argv(spec.pipeline, _without_roots(argv[3:]))
        if allowed is not None:
            allowed.check_options(options)
    except (BadConfig, ValueError) as error:
        raise _refused(spec.run, error) from error
    return options


def _without_roots(argv: Sequence[str]) -> list[str]:
    """Without the roots, which the pinned run says itself."""
    own: list[str] = []
    rest = iter(argv)
    for word in rest:
        if word in _ROOTS:
            next(rest, None)
        elif word.partition("=")[0] not in _ROOTS:
            own.append(word)
    return own


def _refused(run: str, error: object) -> BadConfig:
    why = error.message if isinstance(error, BadConfig) else error
    return BadConfig(
        "STATE_NOT_ALLOWED",
        f"the state of run {run} names what may not be named here ({why}): begin a new run in a new output root",
    )
