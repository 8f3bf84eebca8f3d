"""Whether a model repository, and a server that reads it, hold what they say; differences come with both values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from services.base.errors import BadConfig, Transient, VisemillError
from services.triton.config import Tensor
from services.triton.layout import (
    BACKEND_FILE,
    CARD_FILE,
    DATA_FILE,
    ONNX_FILE,
    Card,
    check_file,
    check_inputs,
    digest_of_file,
    model_folders,
    versions,
)
from services.triton.measures import CODES_TOLERANCE, TOLERANCE

CONFIG_FILE = "config.pbtxt"

# What decides answers and speed, of a model's config; a server fills in the rest, and names its instances.
_COMPARED = (
    "backend",
    "max_batch_size",
    "input",
    "output",
    "dynamic_batching",
    "instance_group",
    "version_policy",
    "parameters",
)
_FILLED_IN = ("instance_group.name", "instance_group.gpus")


@dataclass(frozen=True)
class Finding:
    """What was found of one version. problems: empty where all is well."""

    model: str
    version: int
    weights: str
    digest: str
    problems: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "problems": list(self.problems)}


def verify_repository(repository: Path, server: str = "") -> list[Finding]:
    """Reads every file and computes every network here; with a server, also asks it for the latest versions."""
    found = []
    asked = _Server(server) if server else None
    for folder in model_folders(repository):
        numbers = versions(folder)
        found += [_verified(folder, version, asked, is_latest=version == numbers[-1]) for version in numbers]
        if not numbers:
            found.append(Finding(folder.name, 0, "", "", ("it has no version: export it again",)))
    return found


def _verified(folder: Path, version: int, server: _Server | None, *, is_latest: bool) -> Finding:
    place = folder / str(version)
    try:
        card = Card.of_file(place / CARD_FILE)
    except BadConfig as error:
        return Finding(folder.name, version, "", "", (error.message,))
    checks = [lambda: _file_problems(place, card)]
    if is_latest:
        checks.append(lambda: _config_problems(folder, place, card))
    if is_latest and server is not None:
        checks.append(lambda: server.problems(folder, card))
    problems = [problem for check in checks for problem in _problems_of(check)]
    return Finding(folder.name, version, card.weights, card.digest, tuple(problems))


def _problems_of(check: Callable[[], Iterator[str]]) -> list[str]:
    """What a check finds, or what it broke off with: one that fails hides no other."""
    try:
        return list(check())
    except (OSError, ValueError, VisemillError) as error:
        return [str(error)]


def _file_problems(place: Path, card: Card) -> Iterator[str]:
    for name, expected in ((ONNX_FILE, card.digest), (DATA_FILE, card.data_digest)):
        if expected and (digest := digest_of_file(place / name)) != expected:
            yield f"{place / name} has sha256 {digest}, its card says {expected}: export it again"
            return
    yield from _differences("onnxruntime", computed(place / ONNX_FILE, card), card, place)


def _config_problems(folder: Path, place: Path, card: Card) -> Iterator[str]:
    from services.triton.client import parse_config

    config = parse_config((folder / CONFIG_FILE).read_text())
    if config.name != folder.name:
        yield f"{CONFIG_FILE} is of {config.name}, and lies in the folder {folder.name}"
    for name in ("digest", "weights"):
        if (stated := config.parameters[name].string_value) != getattr(card, name):
            yield f"{CONFIG_FILE} says {name} {stated or 'nothing'}, the latest version has {getattr(card, name)}"
    for kind, tensors in (("input", card.inputs), ("output", card.outputs)):
        said_names, names = [t.name for t in getattr(config, kind)], [t.name for t in tensors]
        if said_names != names:
            yield f"{CONFIG_FILE} has the {kind}s {', '.join(said_names)}, the network has {', '.join(names)}"
    if config.backend == "python" and digest_of_file(place / "model.py") != digest_of_file(BACKEND_FILE):
        yield f"{place / 'model.py'} is not the one of this visemill: export it again, or keep to the one that wrote it"


class _Server:
    """Asked of one model after another, until it does not answer: patience with it is spent once."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._silent_for = ""

    def problems(self, folder: Path, card: Card) -> Iterator[str]:
        if self._silent_for:
            yield f"{self._target} was not checked: it did not answer for {self._silent_for}"
            return
        try:
            yield from _server_problems(self._target, folder, card)
        except Transient:
            self._silent_for = card.name
            raise


def _server_problems(server: str, folder: Path, card: Card) -> Iterator[str]:
    from services.triton.client import TritonClient, parse_config

    inputs = check_inputs(card)
    client = TritonClient(server, card.name)
    for name in ("weights", "digest"):
        if (served := getattr(client.facts, name)) != getattr(card, name):
            yield f"{server} serves {card.name} of {name} {served or 'unknown'}, here lies {getattr(card, name)}"
    here = parse_config((folder / CONFIG_FILE).read_text())
    for what in config_differences(here, client.served_config()):
        yield f"{CONFIG_FILE} and {server} differ in {what}: let the server load it again"
    sent = [(name, array if array.ndim > 1 else array[:, None]) for name, array in inputs]
    answers = client.infer_all(sent, [output.name for output in card.outputs])
    found = [_without_padding(o, answer, inputs) for o, answer in zip(card.outputs, answers, strict=True)]
    yield from _differences(server, found, card, folder / str(versions(folder)[-1]))


def config_differences(here: Any, served: Any) -> list[str]:
    """Settings of two ModelConfig messages that are not the same, as "name (one, other)". Pure."""
    one, other = dict(_settings(here)), dict(_settings(served))
    names = sorted(set(one) | set(other))
    return [
        f"{name} ({one.get(name, 'unset')}, {other.get(name, 'unset')})"
        for name in names
        if one.get(name) != other.get(name)
    ]


def _settings(message: Any, path: str = "", kind: str = "") -> Iterator[tuple[str, str]]:
    """(name, value) of the set fields, nested ones by dotted names with [index] or [key]."""
    for field, value in message.ListFields():
        name, kind_of = f"{path}{field.name}", f"{kind}{field.name}"
        if (not path and field.name not in _COMPARED) or kind_of in _FILLED_IN:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            items = [(f"{name}[{key}]", value[key]) for key in sorted(value)]
        elif isinstance(value, str | bytes | int | float) or hasattr(value, "ListFields"):
            items = [(name, value)]
        else:
            items = [(f"{name}[{i}]", each) for i, each in enumerate(value)]
        for item_name, item in items:
            if hasattr(item, "ListFields"):
                yield from _settings(item, f"{item_name}.", f"{kind_of}.")
            else:
                yield item_name, str(item)


Answer = npt.NDArray[Any]


def computed(onnx: Path, card: Card) -> list[Answer]:
    """What a network answers to `check_inputs` on onnxruntime, by output, as `check_file` holds it."""
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    inputs = check_inputs(card)
    answers = session.run([output.name for output in card.outputs], dict(inputs))
    return [_without_padding(o, answer, inputs) for o, answer in zip(card.outputs, answers, strict=True)]


def _without_padding(output: Tensor, answer: Answer, inputs: list[tuple[str, np.ndarray]]) -> Answer:
    """The items' own steps, one item behind the other."""
    if len(inputs) == 1 or not output.has_time:
        return answer
    most, lengths_N = inputs[0][1].shape[1], inputs[1][1]
    steps = [answer.shape[1] * int(length) // most for length in lengths_N]
    return joined(output, [row[:num] for row, num in zip(answer, steps, strict=True)])


def joined(output: Tensor, rows: list[Answer]) -> Answer:
    """An output of several items as one array: their steps one behind the other, or where it has none, the items."""
    return np.concatenate(rows) if output.has_time else np.stack(rows)


def _differences(who: str, answers: list[Answer], card: Card, place: Path) -> Iterator[str]:
    for output, answer in zip(card.outputs, answers, strict=True):
        which = "" if len(card.outputs) == 1 else f" in {output.name}"
        expected = np.load(place / check_file(card, output), allow_pickle=False)
        if answer.shape != expected.shape:
            yield f"{who} answers {answer.shape} where the network answers {expected.shape}{which}"
        elif np.issubdtype(expected.dtype, np.integer):
            if (share := float((answer != expected).mean())) > CODES_TOLERANCE:
                yield f"{who} differs from the network in {share:.2%} of the codes{which}; at most .1% is allowed"
        elif (share := float(np.abs(answer - expected).max() / expected.std())) > TOLERANCE:
            yield (
                f"{who} differs from the network by {share:.2g} of the outputs' deviation{which}; "
                f"at most {TOLERANCE:g} is allowed"
            )
