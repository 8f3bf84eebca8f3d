"""PURE: which settings need a library that not every image of workers holds."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.pipelines.base import Settings


def image_lacks(settings: Settings, held: Collection[str]) -> str:
    """Why an image that holds these libraries of networks cannot compute features; empty: it can, or need not."""
    features = settings.get("features")
    if features is None or "torch" in held:
        return ""
    if features["backend"] == "torch":
        return "--features-backend torch (the default without --triton): it holds no torch: give --triton HOST:PORT"
    if features["backend"] == "onnxruntime" and not str(features.get("weights", "")).endswith(".onnx"):
        return (
            "--features-backend onnxruntime without --iv3-weights FILE.onnx: the network must be exported first, and "
            "it holds no torch to do so: give an exported file (`visemill models export` makes it; pods read it from "
            "--models-claim), --triton HOST:PORT"
        )
    return ""
