"""The network as an ONNX file: for onnxruntime in this process, and as a model of a Triton server."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from services.features.backend import FeatureModel
from services.features.networks import Array
from services.features.runtimes.export import export_graph
from services.features.runtimes.onnx import OnnxGraph, open_kept
from services.features.talker.hubert.loaded import HubertOfSteps, graph_of_steps
from services.features.talker.hubert.models import files_of, models_of, weights_name
from services.features.talker.hubert.steps import STATES, STEPS
from services.features.talker.spec import AudioFeaturesConfig
from services.triton.config import Serving
from services.triton.layout import ONNX_FILE, card_of, check_inputs, write_version
from services.triton.verify import Finding

_NAME = "hubert"


def export_hubert(repository: Path, config: AudioFeaturesConfig, serving: Serving) -> Finding:
    """Adds the network to a model repository, which is there. Raises BadConfig as `graph_of_steps` does."""
    with tempfile.TemporaryDirectory(dir=repository, prefix=".export.") as scratch:
        onnx = Path(scratch) / ONNX_FILE
        graph, weights = _exported(config, onnx)
        card = card_of(onnx, _NAME, weights)
        ((_, steps_NTF),) = check_inputs(card)
        with torch.inference_mode():
            check_NTD = graph(torch.from_numpy(steps_NTF)).numpy()
        folder = write_version(repository, card, onnx, check_NTD, serving)
    return Finding(_NAME, int(folder.name), weights, card.digest)


def open_onnx_hubert(config: AudioFeaturesConfig) -> FeatureModel:
    """On onnxruntime: a file that `export_hubert` wrote, or any other weights, which are exported once a machine and
    take torch for that. Raises BadConfig as `graph_of_steps` does, MODEL_UNREADABLE, MODEL_OF_ANOTHER_NETWORK.
    """
    files = files_of(config)
    weights = weights_name(config, files)
    if files.weights is not None and files.weights.suffix == ".onnx":
        return OnnxGraph(files.weights, weights, config.num_threads, _NAME)
    return open_kept(
        _NAME,
        __name__,
        models_of(config),
        lambda path: _exported(config, path),
        lambda path: OnnxGraph(path, weights, config.num_threads, _NAME),
    )


def _exported(config: AudioFeaturesConfig, path: Path) -> tuple[HubertOfSteps, str]:
    """Writes the file. What is in it, and how that got its weights."""
    graph, weights = graph_of_steps(config)
    states = Array(STATES, "float32", ("N", "T", graph.num_values))
    export_graph(graph, (STEPS,), (states,), path, {"model": _NAME, "weights": weights})
    return graph, weights
