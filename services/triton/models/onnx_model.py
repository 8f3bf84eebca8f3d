"""An ONNX file behind Triton's python backend. Stands alone: numpy and onnxruntime, nothing of visemill.

Beside it lie model.onnx and model.json, whose `digest` is the file's sha256 and whose `weights` says whose it holds.
A network of items of one size takes one input or several, such as uint8 [N, H, W, 3]; one of sequences, be they of
vectors or of pictures, takes [N, T, ...] and int64 [N, 1] lengths, and may take more.
Requests that the server batched are computed as one; where that does not fit into memory, each alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

# A processor is no faster with more frames at once, and each wants memory.
CPU_PIECE = 8
MEMORY_WORDS = ("out of memory", "failed to allocate memory", "bad_alloc", "alloc_failed")


class TritonPythonModel:
    """What the python backend drives."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the network once an instance. Raises TritonModelException for a file that model.json does not name."""
        folder = Path(args["model_repository"]) / args["model_version"]
        card = json.loads((folder / "model.json").read_text())
        _require(folder / "model.onnx", card["digest"])
        if card.get("data_digest"):
            _require(folder / "model.onnx.data", card["data_digest"])
        self._weights = card["weights"]
        self._inputs = [given["name"] for given in card["inputs"]]
        self._flat = [len(given.get("shape", (-1, -1))) == 1 for given in card["inputs"]]
        self._has_lengths = len(self._inputs) > 1 and len(card["inputs"][1].get("shape", (-1,))) == 1
        self._outputs = [made["name"] for made in card["outputs"]]
        self._longer_with = [self._input_of(made) for made in card["outputs"]]
        parameters = json.loads(args["model_config"]).get("parameters", {})
        self._most_padding = int(parameters.get("max_padding_percent", {}).get("string_value", "0")) / 100
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters.get("num_threads", {}).get("string_value", "1"))
        self._on_gpu = args["model_instance_kind"] == "GPU"
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=_providers(args))

    def _input_of(self, made: dict[str, Any]) -> int | None:
        """Which input an output's second axis grows with: a step for each of a sequence's, or for every two, or an item
        for each of another input's; None for an axis of one size.
        """
        shape = made.get("shape", (-1, -1))
        return self._inputs.index(made.get("of", self._inputs[0])) if len(shape) > 1 and shape[1] < 0 else None

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """One response a request, in their order."""
        responses: list[Any] = [None] * len(requests)
        accepted = []
        for i, request in enumerate(requests):
            expected = json.loads(request.parameters() or "{}").get("weights", self._weights)
            if expected == self._weights:
                accepted.append((i, [pb_utils.get_input_tensor_by_name(request, n).as_numpy() for n in self._inputs]))
            else:
                text = f"WEIGHTS_DIFFER: this server holds {self._weights}, and the caller is pinned to {expected}"
                responses[i] = _failure(text, pb_utils.TritonError.INVALID_ARG)
        for group in self._alike(accepted):
            for i, answer in self._answers(group):
                responses[i] = answer
        return responses

    def _alike(self, asked: list[tuple[int, list[np.ndarray]]]) -> list[list[tuple[int, list[np.ndarray]]]]:
        """Requests of sequences by length, in groups that padding makes little longer; others are one group."""
        if not self._most_padding or not self._has_lengths:
            return [asked]
        groups: list[list[tuple[int, list[np.ndarray]]]] = []
        for one in sorted(asked, key=lambda each: each[1][0].shape[1]):
            shortest = groups[-1][0][1][0].shape[1] if groups else 0
            if groups and one[1][0].shape[1] <= (1 + self._most_padding) * shortest:
                groups[-1].append(one)
            else:
                groups.append([one])
        return groups

    def _answers(self, asked: list[tuple[int, list[np.ndarray]]]) -> list[tuple[int, Any]]:
        """(place, inputs) of requests -> (place, response) of each."""
        if not asked:
            return []
        try:
            found = self._run([given for _, given in asked])
        except Exception as error:  # noqa: BLE001 - every request must be answered, whatever the network raises
            text = str(error)
            if not any(words in text.lower() for words in MEMORY_WORDS) and not isinstance(error, MemoryError):
                return [(i, _failure(text, pb_utils.TritonError.INTERNAL)) for i, _ in asked]
            if len(asked) == 1:
                return [(asked[0][0], _failure(f"OUT_OF_MEMORY: {text}", pb_utils.TritonError.INTERNAL))]
            # Together they were the server's idea; each is entitled to what it would get alone.
            return [answer for one in asked for answer in self._answers([one])]
        made = [
            pb_utils.InferenceResponse([pb_utils.Tensor(*named) for named in zip(self._outputs, arrays, strict=True)])
            for arrays in found
        ]
        return [(i, response) for (i, _), response in zip(asked, made, strict=True)]

    def _run(self, given: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
        """given: the inputs of each request -> the outputs of each."""
        if not self._has_lengths:
            padded = []
            outputs = self._run_items([_joined(list(arrays)) for arrays in zip(*given, strict=True)])
        else:
            padded = self._padded(given)
            outputs = self._session.run(self._outputs, dict(zip(self._inputs, padded, strict=True)))
        ends = np.cumsum([len(request[0]) for request in given])[:-1]
        answers: list[list[np.ndarray]] = [[] for _ in given]
        for output, which in zip(outputs, self._longer_with, strict=True):
            for answer, request, piece in zip(answers, given, np.split(output, ends), strict=True):
                if padded and which is not None:
                    # What the padding to other requests' lengths has added is cut off, rounded up.
                    num_steps = -(-piece.shape[1] * request[which].shape[1] // padded[which].shape[1])
                    answer.append(np.ascontiguousarray(piece[:, :num_steps]))
                else:
                    answer.append(np.ascontiguousarray(piece))
        return answers

    def _padded(self, given: list[list[np.ndarray]]) -> list[np.ndarray]:
        """The inputs of several requests, each padded with zeros to the longest; lengths are of what is there."""
        padded = [
            _joined([array.reshape(-1) for array in arrays]) if flat else _joined(_of_one_shape(arrays))
            for flat, arrays in zip(self._flat, zip(*given, strict=True), strict=True)
        ]
        padded[1] = np.clip(padded[1].reshape(-1), 1, padded[0].shape[1])
        return padded

    def _run_items(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        num_items = len(inputs[0])
        most = num_items if self._on_gpu else CPU_PIECE
        answers = []
        for first in range(0, num_items, most):
            piece = [array_Nx[first : first + most] for array_Nx in inputs]
            answers.append(self._session.run(self._outputs, dict(zip(self._inputs, piece, strict=True))))
        return [_joined([answer[i] for answer in answers]) for i in range(len(self._outputs))]


def _require(path: Path, expected: str) -> None:
    """The file is read in pieces: it may be larger than the memory. Raises TritonModelException."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    if digest.hexdigest() != expected:
        raise pb_utils.TritonModelException(
            f"{path.name} has sha256 {digest.hexdigest()}, and model.json says {expected}"
        )


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _of_one_shape(arrays_Nx: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Along all axes but that of the items."""
    sizes = np.max([array.shape[1:] for array in arrays_Nx], axis=0)
    missing = [[(0, 0), *((0, n) for n in sizes - array.shape[1:])] for array in arrays_Nx]
    return [np.pad(array, one) for array, one in zip(arrays_Nx, missing, strict=True)]


def _failure(message: str, code: int) -> Any:
    return pb_utils.InferenceResponse([], pb_utils.TritonError(message, code))


def _providers(args: dict[str, str]) -> list[Any]:
    if args["model_instance_kind"] != "GPU":
        return ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise pb_utils.TritonModelException(
            "this model is to run on a GPU, and the onnxruntime here has no CUDA: install onnxruntime-gpu in the "
            "server's image, or export with --kind cpu"
        )
    # TF32 would keep 10 bits of the 23, and the answer must be that of the in-process network within 1e-4.
    return [("CUDAExecutionProvider", {"device_id": int(args["model_instance_device_id"]), "use_tf32": "0"})]
