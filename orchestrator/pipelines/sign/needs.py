"""PURE: what the sign pipeline needs of a machine."""

from __future__ import annotations

from orchestrator.pipelines.needs import (
    DecoderNeed,
    Need,
    PackageNeed,
    SpaceNeed,
    StageNeed,
    pip_install,
)
from orchestrator.pipelines.sign.options import SignOptions

# What a worker and a server of one host share: a batch of 32 frames of 299x299 takes 9 MB, and there are a few.
_LEAST_SHARED_BYTES = 64 << 20
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where it is, on Linux
_FETCH_MODELS = "python -m services.landmarks.model_files fetch"
_FEATURES = "run sign --write-iv3-features"


def needs(options: SignOptions) -> tuple[Need, ...]:
    """Weights that are given are needed too, in the backend that reads them."""
    return (
        Need("decode", StageNeed("decode"), "reading videos", pip_install("visemill")),
        Need("decoder h264", DecoderNeed("h264"), "most .mp4 and .mov files", ""),
        Need("signfiles", StageNeed("signfiles"), "the npz of a clip", pip_install("visemill")),
        Need("keypoints", StageNeed("keypoints"), "run sign --write-keypoints", _FETCH_MODELS),
        *(_network(backend, options.iv3_weights) for backend in ("torch", "onnxruntime")),
        Need(
            "triton client (optional)",
            PackageNeed("tritonclient"),
            f"{_FEATURES} with --triton HOST:PORT",
            pip_install("visemill[triton]"),
            False,
        ),
        Need(
            f"{_SHARED_MEMORY} (optional)",
            SpaceNeed(_SHARED_MEMORY, _LEAST_SHARED_BYTES),
            "frames to a Triton of this host without a copy; else they go by gRPC",
            "give the container more, such as docker run --shm-size 256m",
            False,
        ),
    )


def _network(backend: str, weights: str) -> Need:
    return Need(
        f"features {backend} (optional)",
        StageNeed("features", {"backend": backend, "weights": weights}),
        f"{_FEATURES}, --features-backend {backend}",
        pip_install("visemill[features]"),
        bool(weights) and backend == "torch",
    )
