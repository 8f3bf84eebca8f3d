"""The onnxruntime backend: an exported network on this process's CPU."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
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
from services.features.networks import NETWORKS, network_named
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
    # A file's name may promise a digest, which only the export checks.
    facts = {"weights": weights, "file": Path(config.weights).name}
    exports = 0

    def export(path: Path) -> None:
        nonlocal exports
        exports += 1
        from services.features.runtimes import export as export_module

        export_module.export_network(config, path)

    def opens(path: Path) -> FeatureModel:
        if weights_path(config) is None and not exports:
            warn_of_random_weights(config.seed)
        return OnnxItems(path, weights, config.num_threads, config.model)

    return open_kept(config.model, NETWORKS[config.model], facts, export, opens)


def open_kept(
    name: str,
    module: str,
    facts: Mapping[str, str],
    export: Callable[[Path], object],
    opens: Callable[[Path], FeatureModel],
) -> FeatureModel:
    """A network whose file `export` writes, once a machine. module: as of `exporter_digest`. facts: what else decides
    the file. Raises what both raise.
    """
    libraries = {library: library_version(library) for library in ("torch", "onnx", "onnxscript")}
    all_facts = {**facts, "exporter": exporter_digest(module), **libraries}
    for attempt in (1, 2):
        with exported(cache_folder(os.environ), name, all_facts, export) as path:
            try:
                return opens(path)
            except BadConfig as error:
                if attempt == 2:
                    raise
                _LOG.warning("the kept %s is damaged and is exported again: %s", path, error)
                path.unlink(missing_ok=True)
    raise AssertionError("unreachable")


class OnnxGraph:
    """A FeatureModel of a file of one input, all of a batch at once. Same items in the same batch, same bytes."""

    num_in_flight = 1

    def __init__(self, path: Path, weights: str, num_threads: int, name: str) -> None:
        self.name = name
        self.weights = weights
        self._session = _session(path, name, num_threads)
        self._input: str = self._session.get_inputs()[0].name

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel."""
        vectors_ND: Float32Array = _run(self._session, {self._input: np.ascontiguousarray(items_NX)})
        return vectors_ND


class OnnxItems(OnnxGraph):
    """Of a network of the table."""

    def __init__(self, path: Path, weights: str, num_threads: int = 1, name: str = "inception_v3") -> None:
        super().__init__(path, weights, num_threads, name)
        self._network = network_named(name)

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel. The stretch of frames is OpenCV's, outside of the graph."""
        taken_NX = ops.as_taken(self._network, items_NX)
        return ops.by_pieces(super().__call__, taken_NX, ops.cpu_piece(self._network))


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
    remedy = f"write it with `visemill models export {name} REPOSITORY`"
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
