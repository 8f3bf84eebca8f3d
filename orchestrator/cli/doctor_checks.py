"""What `doctor` looks for: a table of parts, each with what it is for, who needs it, and the command that gets it."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.console.quantities import num_bytes
from orchestrator.planner.services import describe
from services.base.errors import BadConfig
from services.base.process.cgroup import granted_cores, granted_memory_bytes
from services.base.store.open import open_store
from services.base.store.roots import absolute

# What a worker and a server of one host share: a batch of 32 frames of 299x299 takes 9 MB, and there are a few.
_LEAST_SHARED_BYTES = 64 << 20
_LEAST_FREE_BYTES = 1 << 30
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where it is, on Linux
_COMMAND_LIMIT_S = 60.0
# Decoder -> (what it is for, the pipelines that cannot do without).
_DECODERS: dict[str, tuple[str, frozenset[str]]] = {
    "mpeg1video": ("GRID's own .mpg files", frozenset({"grid"})),
    "h264": ("most .mp4 and .mov files", frozenset({"sign"})),
    "mpeg2video": (".vob, .ts and DVD recordings", frozenset()),
    "mpeg4": (".avi and older .mp4 files", frozenset()),
    "hevc": ("recordings of phones (H.265)", frozenset()),
    "vp8": (".webm files", frozenset()),
    "vp9": (".webm files, of YouTube among others", frozenset()),
    "av1": ("newer .webm and .mp4 files", frozenset()),
}
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall --no-deps"


@dataclass(frozen=True)
class Check:
    """One part. needed: whether the pipelines asked about cannot do without. find: what is there, in words; raises
    VisemillError where it is missing.
    """

    name: str
    purpose: str
    fix: str
    needed: bool
    find: Callable[[], str]


def checks_of(pipelines: Sequence[str], roots: Sequence[str], dlib_predictor: str, iv3_weights: str) -> list[Check]:
    """The checks for these pipelines: of the machine, then of what they run, then of what they may use."""
    checks = [*_machine(), *_decoders(pipelines)]
    if "grid" in pipelines:
        checks += _grid(dlib_predictor)
    if "sign" in pipelines:
        checks += _sign(iv3_weights)
    checks += _cluster()
    for root in roots:
        fix = f"make {root}, or give this user the right to write there"
        checks.append(Check(f"store {root}", "reading and writing there", fix, True, functools.partial(_store, root)))
    return checks


def _machine() -> Iterator[Check]:
    yield Check("python", "everything", "install Python 3.11", True, platform.python_version)
    yield Check(
        "cores granted",
        "a worker takes one: --workers",
        "raise the container's limit",
        True,
        lambda: str(granted_cores()),
    )
    yield Check(
        "memory granted", "a worker takes up to --clip-memory-mib", "raise the container's limit", True, _memory
    )
    scratch = tempfile.gettempdir()
    yield Check(
        f"free disk {scratch}",
        "scratch space of plan, verify and reproduce",
        f"free some space there, or set TMPDIR to a folder with {num_bytes(_LEAST_FREE_BYTES)} free",
        False,
        lambda: _free(scratch, _LEAST_FREE_BYTES),
    )


def _decoders(pipelines: Sequence[str]) -> Iterator[Check]:
    fix = f"{_REINSTALL} av: wheels from PyPI have every decoder"
    yield Check("decode", "reading videos", fix, True, lambda: _identity("decode", {}))
    for name, (purpose, needing) in _DECODERS.items():
        needed = bool(needing.intersection(pipelines))
        yield Check(f"decoder {name}", purpose, fix, needed, functools.partial(_decoder, name))


def _grid(dlib_predictor: str) -> Iterator[Check]:
    dlib = {"backend": "dlib", "mode": "tracked", "dlib_predictor": dlib_predictor}
    fetch = "python -m services.landmarks.model_files fetch"
    yield Check("records", "GRID's TFRecords", _pip("visemill"), True, lambda: _identity("records", {}))
    yield Check("landmarks mediapipe", "finding the mouth", fetch, True, lambda: _identity("landmarks", {}))
    yield Check(
        "landmarks dlib (optional)",
        "run grid --landmarks dlib, as the original script",
        f"{_pip('visemill[dlib68]')}, or give your own file with --dlib-predictor",
        bool(dlib_predictor),
        lambda: _identity("landmarks", dlib),
    )


def _sign(iv3_weights: str) -> Iterator[Check]:
    fetch = "python -m services.landmarks.model_files fetch"
    yield Check("signfiles", "the npz of a clip", _pip("visemill"), True, lambda: _identity("signfiles", {}))
    yield Check("keypoints", "run sign --write-keypoints", fetch, True, lambda: _identity("keypoints", {}))
    features = "run sign --write-iv3-features"
    for backend in ("torch", "onnxruntime"):
        yield Check(
            f"features {backend} (optional)",
            f"{features}, --features-backend {backend}",
            _pip("visemill[features]"),
            bool(iv3_weights) and backend == "torch",
            functools.partial(_identity, "features", {"backend": backend, "weights": iv3_weights}),
        )
    yield Check(
        "triton client (optional)",
        f"{features} with --triton HOST:PORT",
        _pip("visemill[triton]"),
        False,
        lambda: _package("tritonclient"),
    )
    yield Check(
        f"{_SHARED_MEMORY} (optional)",
        "frames to a Triton of this host without a copy; else they go by gRPC",
        "give the container more, such as docker run --shm-size 256m",
        False,
        lambda: _free(_SHARED_MEMORY, _LEAST_SHARED_BYTES),
    )


def _cluster() -> Iterator[Check]:
    purpose = "runs on Kubernetes: --cluster kube"
    yield Check("kubernetes client (optional)", purpose, _pip("visemill[kube]"), False, lambda: _package("kubernetes"))
    for tool, what, fix in (
        (
            "kubectl",
            "looking at a run's pods, as docs/operations.md does",
            "see https://kubernetes.io/docs/tasks/tools/",
        ),
        ("helm", "installing the services: docs/install.md", "see https://helm.sh/docs/intro/install/"),
        (
            "buf",
            "checking changed .proto files; of use to developers",
            "make setup-test, or see https://buf.build/docs",
        ),
    ):
        yield Check(f"{tool} (optional)", what, fix, False, functools.partial(_tool, tool))


def _pip(what: str) -> str:
    return f"{sys.executable} -m pip install '{what}'"


def _memory() -> str:
    granted = granted_memory_bytes()
    return "no limit" if granted is None else num_bytes(granted)


def _identity(stage: str, config: Mapping[str, object]) -> str:
    identity = describe([(stage, config)])[0]
    versions = ", ".join(f"{name} {version}" for name, version in identity["libraries"].items())
    models = ", ".join(f"{name} {digest[:12]}" for name, digest in identity["models"].items())
    device = "".join(f"; {name} {value}" for name, value in identity["settled"].items())
    return (f"{versions}; {models}" if models else versions) + device


def _package(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        raise BadConfig("NOT_INSTALLED", f"the package {name} is not installed") from None


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BadConfig("NOT_INSTALLED", f"no program {name} on PATH")
    return path


def _free(folder: str, least_bytes: int) -> str:
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        raise BadConfig("NO_FOLDER", f"{folder}: {error.strerror}") from error
    if free_bytes < least_bytes:
        raise BadConfig("LITTLE_SPACE", f"{num_bytes(free_bytes)} free, {num_bytes(least_bytes)} may be needed")
    return f"{num_bytes(free_bytes)} free"


def _decoder(name: str) -> str:
    if not _built_in_decoders().get(name, False):
        raise BadConfig("NOT_BUILT_IN", f"this build of the media library (PyAV) has no decoder {name}")
    return "built in"


@functools.cache
def _built_in_decoders() -> dict[str, bool]:
    """By the decode service's own argv: a media library is not for this process."""
    argv = [sys.executable, "-m", "services.containers.codecs", *_DECODERS]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_COMMAND_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return {}
    found: dict[str, bool] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def _store(root: str) -> str:
    promises = open_store(absolute(root)).probe()
    problems = "; ".join(promises.problems()) or "keeps every promise"
    return problems if promises.free_bytes is None else f"{problems}, {num_bytes(promises.free_bytes)} free"
