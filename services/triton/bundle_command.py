"""A command that writes the networks of a bundle into the model repository of a Triton server.

What is in the repository is listed and verified by `visemill models`, as every network is.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.base.errors import EXIT_OK, BadConfig, VisemillError
from services.base.stage.config import add_config_flags, config_from_flags
from services.triton.config import Serving
from services.triton.layout import make_folder
from services.triton.verify import Finding

# Of several callers: on a processor more at once are little faster, each wants memory, and each is waited for.
_MAX_BATCH_SIZE = 8
# A folder of the repository, and what Triton takes for a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def checked_name(name: str) -> str:
    """A name of a model. Raises BadConfig BAD_NAME."""
    if not _NAME.fullmatch(name):
        raise BadConfig("BAD_NAME", f"a model of a server is named by letters, digits, '.', '_' and '-', not {name!r}")
    return name


@dataclass(frozen=True)
class BundleCommand:
    """module: that is run. bundle_help, default_name: for people. export: (repository, bundle as it was given, name or
    nothing, how it is served) -> what was written. serving: defaults that are not those of every network.
    """

    module: str
    bundle_help: str
    default_name: str
    export: Callable[[Path, str, str, Serving], Sequence[Finding]]
    serving: Mapping[str, object] = field(default_factory=dict)

    def parser(self) -> argparse.ArgumentParser:
        """The repository, the bundle, and how it is served."""
        parser = argparse.ArgumentParser(
            prog=f"python -m {self.module}", description="Write the networks of a bundle into a model repository."
        )
        parser.add_argument(
            "repository", type=Path, metavar="REPOSITORY", help="folder that a Triton server reads; created if missing"
        )
        parser.add_argument("--bundle", required=True, metavar="FOLDER", help=self.bundle_help)
        parser.add_argument("--name", default="", help=f"of the model on the server (default: {self.default_name})")
        parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="(default: %(default)s)")
        add_config_flags(parser, Serving)
        parser.set_defaults(**{"max_batch_size": _MAX_BATCH_SIZE, "preferred_batch_sizes": "", **self.serving})
        return parser

    def run(self, argv: Sequence[str] | None) -> int:
        """Prints what was written. Exit codes: 0, or that of what failed."""
        flags = self.parser().parse_args(argv)
        try:
            serving: Serving = config_from_flags(Serving, flags)
            make_folder(flags.repository)
            found = self.export(flags.repository, flags.bundle, flags.name, serving)
        except VisemillError as error:
            sys.stderr.write(json.dumps({"kind": error.kind, "reason": error.reason, "message": error.message}) + "\n")
            return error.exit_code
        if flags.output == "json":
            told = json.dumps({"networks": {}, "models": [one.to_dict() for one in found]})
        else:
            told = "\n".join(f"{one.model} {one.version} {one.weights}" for one in found)
        sys.stdout.write(told + "\n")
        return EXIT_OK
