"""The folders of a Triton model repository: NAME/config.pbtxt, NAME/1/{model.py,model.onnx,model.json,check.npy}."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig
from services.base.store.by_digest import sha256_in_pieces
from services.triton import models
from services.triton.config import LENGTHS_INPUT, WARM_LENGTHS, WARM_STEPS, Serving, Tensor, config_text, has_lengths

SCHEMA = 1
ONNX_FILE, CARD_FILE = "model.onnx", "model.json"
# Of a network over 2 GiB, its tensors.
DATA_FILE = "model.onnx.data"
NUM_CHECKED = 2
BACKEND_FILE = Path(models.__path__[0]) / "onnx_model.py"


@dataclass(frozen=True)
class Card:
    """What lies in a version's folder. digest: sha256 of model.onnx. weights: "sha256:<hex>" or "seeded:0".

    data_digest: sha256 of the file of its tensors; empty where model.onnx holds them.
    """

    name: str
    weights: str
    digest: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    data_digest: str = ""

    def to_json(self) -> str:
        tensors = {what: [_told(tensor) for tensor in getattr(self, what)] for what in ("inputs", "outputs")}
        facts = {"schema": SCHEMA, "name": self.name, "weights": self.weights, "digest": self.digest}
        facts |= {"data_digest": self.data_digest} if self.data_digest else {}
        return json.dumps({**facts, **tensors}, indent=2) + "\n"

    @classmethod
    def of_file(cls, path: Path) -> Card:
        """Raises BadConfig for what is no card of ours."""
        try:
            values: Mapping[str, Any] = json.loads(path.read_text())
            inputs, outputs = (
                tuple(Tensor(t["name"], t["type"], tuple(t["shape"]), t.get("of", "")) for t in values[what])
                for what in ("inputs", "outputs")
            )
            names = (values["name"], values["weights"], values["digest"])
            return cls(*names, inputs, outputs, values.get("data_digest", ""))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadConfig("NO_CARD", f"{path} does not describe a model: {error!r}; export it again") from error


def card_of(onnx: Path, name: str, weights: str) -> Card:
    """Describes an ONNX file. Raises BadConfig for inputs that are not served."""
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    try:
        first, *others = session.get_inputs()
        of_axis = {t.shape[1]: t.name for t in others if len(t.shape) > 1} | dict.fromkeys(first.shape[1:2], "")
        inputs = tuple(_tensor(t) for t in (first, *others))
        outputs = tuple(_tensor(t, of_axis) for t in session.get_outputs())
    except ValueError as error:
        raise BadConfig("NOT_SERVED", f"{name}: {error}") from error
    data = onnx.with_name(onnx.name + DATA_FILE.removeprefix(ONNX_FILE))
    return Card(name, weights, digest_of_file(onnx), inputs, outputs, digest_of_file(data) if data.exists() else "")


def _tensor(found: Any, of_axis: Mapping[Any, str] = MappingProxyType({})) -> Tensor:
    """found: onnxruntime's. of_axis: name of a second axis of any size -> of its input; of the first's: empty."""
    axis = found.shape[1] if len(found.shape) > 1 else None
    of = of_axis.get(axis, "") if isinstance(axis, str) else ""
    return Tensor(found.name, found.type, tuple(s if isinstance(s, int) else -1 for s in found.shape), of)


def _told(tensor: Tensor) -> dict[str, Any]:
    told = {"name": tensor.name, "type": tensor.type, "shape": list(tensor.shape)}
    return told | ({"of": tensor.of} if tensor.of else {})


def check_file(card: Card, output: Tensor) -> str:
    """Where the answers of an output to `check_inputs` lie, in a version's folder."""
    return "check.npy" if len(card.outputs) == 1 else f"check.{output.name}.npy"


def write_version(
    repository: Path, card: Card, onnx: Path, check: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]], serving: Serving
) -> Path:
    """Adds a network as the next version of its name, or renews the config of the same network. Answers the folder.

    A server that watches the repository never sees half a version. check: the answers to `check_inputs`, by the name
    of the output where there are several.
    """
    folder = repository / card.name
    folder.mkdir(parents=True, exist_ok=True)
    latest = versions(folder)[-1:]
    version = latest[0] if latest and Card.of_file(folder / str(latest[0]) / CARD_FILE) == card else sum(latest) + 1
    target = folder / str(version)
    if not target.exists():
        partial = folder / f".{version}.{os.getpid()}"
        partial.mkdir()
        shutil.copyfile(onnx, partial / ONNX_FILE)
        if card.data_digest:
            shutil.copyfile(onnx.with_name(onnx.name + DATA_FILE.removeprefix(ONNX_FILE)), partial / DATA_FILE)
        for output in card.outputs:
            np.save(partial / check_file(card, output), check[output.name] if isinstance(check, Mapping) else check)
        (partial / CARD_FILE).write_text(card.to_json())
        partial.rename(target)
    if serving.platform == "python":
        shutil.copyfile(BACKEND_FILE, target / "model.py")
    if has_lengths(card.inputs):
        (folder / "warmup").mkdir(exist_ok=True)
        (folder / "warmup" / WARM_LENGTHS).write_bytes(np.array([WARM_STEPS], np.int64).tobytes())
    parameters = {"weights": card.weights, "digest": card.digest}
    text = config_text(card.name, card.inputs, card.outputs, serving, parameters)
    temporary = folder / f".config.{os.getpid()}"
    temporary.write_text(text)
    temporary.replace(folder / "config.pbtxt")
    return target


def make_folder(repository: Path) -> None:
    """Before networks are computed, which takes a minute. Raises BadConfig."""
    try:
        repository.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfig(
            "NO_REPOSITORY", f"{str(repository)!r} cannot be a folder ({error.strerror}): give another path"
        ) from error


def versions(folder: Path) -> list[int]:
    """Numbers of a model's versions, in order."""
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def model_folders(repository: Path) -> list[Path]:
    """Folders of the models. Raises BadConfig where there is no repository."""
    if not repository.is_dir():
        raise BadConfig("NO_REPOSITORY", f"{str(repository)!r} is no folder: write one with `visemill models export`")
    return sorted(path.parent for path in repository.glob("*/config.pbtxt"))


def digest_of_file(path: Path) -> str:
    """sha256 (hex). Raises OSError."""
    return sha256_in_pieces(path)


def check_inputs(card: Card) -> list[tuple[str, np.ndarray]]:
    """Inputs that are a function of the card's shapes alone: noise, lengths of which one is shorter, and of further
    whole numbers, which are ids, 0 to 3: the marks that every vocabulary has.
    """
    lengths = LENGTHS_INPUT if has_lengths(card.inputs) else None
    return [(tensor.name, _noise(i, tensor, is_lengths=i == lengths)) for i, tensor in enumerate(card.inputs)]


def _noise(seed: int, tensor: Tensor, *, is_lengths: bool) -> np.ndarray:
    shape = (NUM_CHECKED, *(WARM_STEPS if size < 0 else size for size in tensor.shape[1:]))
    if is_lengths:
        return np.array([WARM_STEPS, WARM_STEPS - 3], np.int64)
    # Raw bits: numpy promises the same ones for ever, of its distributions it does not.
    levels = np.frombuffer(np.random.PCG64(seed).random_raw(-(-int(np.prod(shape)) // 8)).tobytes(), np.uint8)
    levels = levels[: int(np.prod(shape))].reshape(shape).copy()
    if tensor.triton_type == "TYPE_INT64":
        return levels.astype(np.int64) % 4
    return levels if tensor.triton_type == "TYPE_UINT8" else (levels.astype(np.float32) - 127.5) / 74.0
