"""`visemill models list|export|verify`: model repositories of Triton servers, by the features service's own argv."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from orchestrator.commands import Answer
from services.base.errors import BadConfig, from_kind
from services.features.triton_flags import add_doors, words_of

_MODULE = "services.features.triton_repository"


def add_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """One parser a door."""
    return add_doors(parser.add_subparsers(dest="door", required=True, metavar="list|export|verify"))


def models(flags: argparse.Namespace) -> Answer:
    """Exits 78 when something is wrong with a model. Raises what the service refuses."""
    argv = [sys.executable, "-m", _MODULE, *words_of(flags)]
    argv[4:4] = ["--output=json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise _refusal(done.stderr, done.returncode)
    found = json.loads(done.stdout)
    return Answer(_text(found), found, done.returncode)


def _text(found: dict[str, Any]) -> str:
    lines = [f"can be exported: {name}, {text}" for name, text in found["networks"].items()]
    for model in found["models"]:
        said = "; ".join(model["problems"]) or "ok"
        lines.append(f"{model['model']} version {model['version']}, weights {_weights(model['weights'])}: {said}")
    return "\n".join(lines) or "the repository holds no model"


def _refusal(stderr: str, exit_code: int) -> Exception:
    for line in reversed(stderr.splitlines()):
        if line.startswith('{"kind"'):
            fields = json.loads(line)
            return from_kind(fields["kind"], fields["reason"], fields["message"])
    return BadConfig("MODELS_FAILED", f"{_MODULE} exited with {exit_code}", stderr[-2000:])


def _weights(name: str) -> str:
    return f"{name} (random, of no use but for tests)" if name.startswith("seeded:") else name or "unknown"
