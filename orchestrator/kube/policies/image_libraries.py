"""Whether the workers' image can compute what a run asks for, as far as the image's name tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from orchestrator.pipelines.base import Pipeline
from services.base.errors import BadConfig

# The project's own images of workers -> the libraries of networks that they hold. Of any other image nothing is known.
_WORKER, _WITH_TORCH, _TRAINING = "visemill-worker", "visemill-worker-torch", "visemill-training"
_LIBRARIES = {
    _WORKER: frozenset({"onnxruntime"}),
    _WITH_TORCH: frozenset({"onnxruntime", "torch"}),
    _TRAINING: frozenset({"onnxruntime", "torch"}),
}

Stages = Iterable[tuple[str, Mapping[str, Any]]]


def check_image(image: str, pipeline: Pipeline, stages: Stages, pods_gpus: int, remote: Collection[str] = ()) -> None:
    """stages: (name, settings). remote: names of those that run elsewhere. Raises BadConfig IMAGE_LACKS."""
    held = _LIBRARIES.get(name_of(image))
    if held is not None and pipeline.image == _TRAINING != name_of(image):
        raise BadConfig(
            "IMAGE_LACKS",
            f"the image {image} cannot train: give --image {_named(image, _TRAINING)} (made by `make images-training`)",
        )
    if held is None or "torch" in held:
        return
    other = _named(image, _WITH_TORCH)
    get = f"--image {other} (made by `make images-worker-torch`)"
    if pods_gpus:
        raise BadConfig(
            "IMAGE_LACKS",
            f"--pods-gpus {pods_gpus}: nothing in the image {image} can use a GPU, for it holds no torch: leave the "
            f"flag out, or give {get}",
        )
    here = {name: settings for name, settings in stages if name not in remote}
    if why := pipeline.image_lacks(here, held):
        raise BadConfig("IMAGE_LACKS", f"the image {image} cannot carry out the run: {why}, or {get}")


def name_of(image: str) -> str:
    """Without registry, tag and digest: visemill-worker of registry.example:5000/team/visemill-worker:0.1.0@sha256:…"""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _named(image: str, name: str) -> str:
    """The image of that name from the same place, of the same version."""
    plain = image.partition("@")[0]
    folder, slash, last = plain.rpartition("/")
    _, colon, tag = last.partition(":")
    return f"{folder}{slash}{name}{colon}{tag}"
