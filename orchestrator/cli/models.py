"""`visemill models list|export|verify|convert`: models for servers, and of checkpoints, by the services' own argv."""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from orchestrator.cli.answer import Answer
from services.base.errors import BadConfig, from_kind
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.features.triton.flags import OF_NETWORKS, add_actions, argv_of, networks_of
from services.triton.flags import BUNDLES, HEADS, add_bundle_flags, bundle_argv

_NETWORKS = "services.features.triton.repository"
_NEEDED = {
    "list": ("onnxruntime",),
    "export": ("torch", "onnx", "onnxscript", "onnxruntime"),
    "verify": ("onnxruntime",),
}


class Conversion(NamedTuple):
    """file: that is written where none is named. module: the command that does it. needed: libraries."""

    file: str
    module: str
    needed: tuple[str, ...]


CONVERSIONS = {
    # By the name of its file a stage finds it.
    "pfld-110": Conversion(
        "pfld_110.onnx", "services.features.runtimes.convert", ("torch", "onnx", "onnxscript", "onnxruntime")
    ),
    "vgg19": Conversion(
        "vgg19_conv3_3.safetensors", "services.training.checkpoint.vgg19_file", ("torch", "safetensors")
    ),
}
"""By the network that a checkpoint is of."""

_HEAD = "talker"
_NEEDED_OF_BUNDLES = ("onnxruntime",)
_POLL_S = 0.1
_QUIET_S = 4.0


def add_parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """One parser an action."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|export|verify|convert")
    parsers = add_actions(actions, (_HEAD,))
    _, export, _ = parsers
    add_bundle_flags(export)
    return [*parsers, _add_convert(actions)]


def _add_convert(actions: Any) -> argparse.ArgumentParser:
    about = "make of a checkpoint the file that a stage or a training loads: pfld-110 as ONNX, which computes the same"
    convert: argparse.ArgumentParser = actions.add_parser(
        "convert", help=about, description=f"{about[:1].upper()}{about[1:]}."
    )
    convert.add_argument("network", choices=list(CONVERSIONS), help="what the checkpoint is of")
    convert.add_argument("checkpoint", metavar="FILE", help="the checkpoint; only tensors are read of it")
    convert.add_argument("--out", default="", metavar="FILE", help="file to write (default: by the network, here)")
    return convert


def models(flags: argparse.Namespace) -> Answer:
    """Exits 78 when something is wrong with a model. Raises what the service refuses."""
    module, needed, words = _call(flags)
    _require(needed)
    argv = [sys.executable, "-m", module, *words]
    argv[4:4] = ["--output=json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        output = _Output(process, f"models {flags.action}")
        assert process.stdout is not None
        answer = process.stdout.read()
        result = output.end()
    if not answer:
        raise _refusal(module, result, process.returncode)
    found = json.loads(answer)
    if flags.action == "convert":
        return Answer("\n".join(f"{name}: {value}" for name, value in found.items()), found, process.returncode)
    return Answer(_text(found), found, process.returncode)


def _call(flags: argparse.Namespace) -> tuple[str, tuple[str, ...], list[str]]:
    """(module, libraries that it needs, its flags). Raises BadConfig BAD_FLAGS."""
    if flags.action == "export" and flags.what == _HEAD:
        if not flags.bundle:
            raise BadConfig(
                "BAD_FLAGS",
                "a talking head is exported from its bundle: give --bundle FOLDER, which `visemill export talker-unet` "
                "writes",
            )
        return HEADS, _NEEDED_OF_BUNDLES, bundle_argv(flags, OF_NETWORKS)
    if flags.action == "export":
        flags.network = networks_of(flags)
    if flags.action == "export" and (words := bundle_argv(flags, OF_NETWORKS)):
        return _exporter_of(flags.bundle), _NEEDED_OF_BUNDLES, words
    if flags.action == "convert":
        conversion = CONVERSIONS[flags.network]
        words = [flags.network, f"--out={flags.out or conversion.file}", "--", flags.checkpoint]
        return conversion.module, conversion.needed, words
    return _NETWORKS, _NEEDED[flags.action], argv_of(flags)


def _exporter_of(bundle: str) -> str:
    """By what its card says it is; where there is none, that of a lipreader says so."""
    try:
        card = json.loads(open_store(bundle, must_exist=True).read("card.json"))
    except (NotThere, BadConfig, ValueError):
        return BUNDLES
    return HEADS if isinstance(card, dict) and "asr" in card else BUNDLES


def _require(names: Iterable[str]) -> None:
    """Raises BadConfig LIBRARY_MISSING for what the service could not import."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise BadConfig("LIBRARY_MISSING", f"{name} is not installed: pip install 'visemill[features]'")


class _Output:
    """What the service says while it works, on standard error as it comes; and that it works, where it says nothing."""

    def __init__(self, process: subprocess.Popen[str], what: str) -> None:
        self._process, self._what = process, what
        self._lines: list[str] = []
        self._at_s = self._since_s = time.monotonic()
        self._threads = [threading.Thread(target=call, daemon=True) for call in (self._pass_on, self._reassure)]
        for thread in self._threads:
            thread.start()

    def end(self) -> str:
        """Waits for the process. All that it said."""
        self._process.wait()
        for thread in self._threads:
            thread.join()
        return "".join(self._lines)

    def _pass_on(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line)
            # Its last word is the refusal, which is told as ours; a traceback is part of that.
            if not line.startswith(("{", "Traceback", " ")):
                self._say(line.rstrip())

    def _reassure(self) -> None:
        while self._process.poll() is None:
            time.sleep(_POLL_S)
            if time.monotonic() - self._at_s > _QUIET_S:
                self._say(f"{self._what}: at work for {time.monotonic() - self._since_s:.0f} s")

    def _say(self, text: str) -> None:
        self._at_s = time.monotonic()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _text(found: dict[str, Any]) -> str:
    lines = [f"can be exported: {name}, {text}" for name, text in found["networks"].items()]
    for model in found["models"]:
        result = "; ".join(model["problems"]) or "ok"
        lines.append(f"{model['model']} version {model['version']}, weights {_weights(model['weights'])}: {result}")
    return "\n".join(lines) or "the repository holds no model"


def _refusal(module: str, stderr: str, exit_code: int) -> Exception:
    for line in reversed(stderr.splitlines()):
        if line.startswith('{"kind"'):
            fields = json.loads(line)
            return from_kind(fields["kind"], fields["reason"], fields["message"])
    return BadConfig("MODELS_FAILED", f"{module} exited with {exit_code}", stderr[-2000:])


def _weights(name: str) -> str:
    return f"{name} (random, of no use but for tests)" if name.startswith("seeded:") else name or "unknown"
