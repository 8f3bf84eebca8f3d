"""The onnxruntime backend: an exported network on this process's CPU."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from services.base.errors import BadConfig, OutOfMemory
from services.base.media.arrays import Float32Array
from services.base.worker.fingerprint import library_version
from services.features import ops
from services.features.backend import FeatureModel, Items
from services.features.models import check_digest, sha256_of, warn_of_random_weights, weights_of, weights_path
from services.features.networks import network_named
from services.features.runtimes.export_cache import cache_folder, exported, exporter_digest
from services.features.spec import FeaturesConfig

_LOG = logging.getLogger(__name__)

# What onnxruntime's own allocators say; it has no class for it.
_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "out of memory")


def open_onnx(config: FeaturesConfig) -> FeatureModel:
    """The network of a config, loaded. Raises BadConfig as `load_weights` does, or for a file of another network.

    `weights` may name an exported .onnx file, whose digest is then the weights' name; anything else is exported first,
    which needs torch and some seconds, once a machine (`export_cache`).
    """
    if config.weights.endswith(".onnx"):
        path = weights_path(config)
        assert path is not None
        check_digest(sha256_of(path), config)
        return OnnxItems(path, weights_of(config), config.num_threads, config.model)
    if not config.weights and config.weights_sha256:
        # Nothing can be exported: let it say so.
        return _exported(config, "")
    return _exported(config, weights_of(config))


def _exported(config: FeaturesConfig, weights: str) -> FeatureModel:
    """The network of a state dict or a seed, exported, or found exported by these very versions."""
    folder = cache_folder(os.environ)
    libraries = {name: library_version(name) for name in ("torch", "onnx", "onnxscript")}
    # A file's name may promise a digest, which only the export checks.
    facts = {
        "weights": weights,
        "file": Path(config.weights).name,
        "exporter": exporter_digest(config.model),
        **libraries,
    }

    exports = 0

    def export(path: Path) -> None:
        nonlocal exports
        exports += 1
        from services.features.runtimes import export as export_module

        export_module.export_network(config, path)

    for attempt in (1, 2):
        with exported(folder, config.model, facts, export) as path:
            if weights_path(config) is None and not exports:
                warn_of_random_weights(config.seed)
            try:
                return OnnxItems(path, weights, config.num_threads, config.model)
            except BadConfig as error:
                if attempt == 2:
                    raise
                _LOG.warning("the kept %s is damaged and is exported again: %s", path, error)
                path.unlink(missing_ok=True)
    raise AssertionError("unreachable")


class OnnxItems:
    """A FeatureModel. Same items in the same batch, same bytes."""

    num_in_flight = 1

    def __init__(self, path: Path, weights: str, num_threads: int = 1, name: str = "inception_v3") -> None:
        self.name = name
        self.weights = weights
        self._network = network_named(name)
        self._input = self._network.inputs[0].name
        self._session = _session(path, self.name, num_threads)

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel. The stretch of frames is OpenCV's, outside of the graph."""
        return ops.by_pieces(self._run, ops.as_taken(self._network, items_NX), ops.cpu_piece(self._network))

    def _run(self, items_NX: Items) -> Float32Array:
        vectors_ND: Float32Array = _run(self._session, {self._input: np.ascontiguousarray(items_NX)})
        return vectors_ND


def open_session(path: Path, num_threads: int, remedy: str) -> Any:
    """An onnxruntime session of a file on the CPU. Raises BadConfig MODEL_UNREADABLE with the remedy."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = num_threads, 1
    options.use_deterministic_compute = True
    # Nobody reads the optimizer's notes; what is fatal raises.
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise BadConfig(
            "MODEL_UNREADABLE",
            f"{path} is no ONNX file that onnxruntime {onnxruntime.__version__} loads: {remedy}",
            str(error),
        ) from error
    return session


def _session(path: Path, name: str, num_threads: int) -> Any:
    remedy = f"write it with `python -m services.features.runtimes.export {name} FILE`"
    session = open_session(path, num_threads, remedy)
    found = session.get_modelmeta().custom_metadata_map.get("model", "")
    if found != name:
        raise BadConfig(
            "MODEL_OF_ANOTHER_NETWORK",
            f"{path} holds {found or 'a network that says no name'}, not {name}: {remedy}",
        )
    return session


def _run(session: Any, inputs: dict[str, np.ndarray]) -> Any:
    try:
        return session.run(None, inputs)[0]
    except Exception as error:
        if any(words in str(error) for words in _OUT_OF_MEMORY):
            raise OutOfMemory(str(error)) from error
        raise
