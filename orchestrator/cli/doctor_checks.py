"""What `doctor` looks for: a table of parts, each with what it is for, who needs it, and the command that gets it."""

from __future__ import annotations

import dataclasses
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

from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.needs import (
    DecoderNeed,
    Need,
    PackageNeed,
    SpaceNeed,
    StageNeed,
    pip_install,
    stage_needs,
)
from orchestrator.planner.services import describe
from services.base.errors import BadConfig
from services.base.process.cgroup import granted_cores, granted_memory_bytes
from services.base.process.quantities import num_bytes
from services.base.store.open import open_store
from services.base.store.roots import absolute

_LEAST_FREE_BYTES = 1 << 30
_COMMAND_LIMIT_S = 60.0
# Decoder -> what it is for, where no pipeline says so.
_DECODERS = {
    "mpeg1video": "older .mpg files",
    "h264": "most .mp4 and .mov files",
    "mpeg2video": ".vob, .ts and DVD recordings",
    "mpeg4": ".avi and older .mp4 files",
    "hevc": "recordings of phones (H.265)",
    "vp8": ".webm files",
    "vp9": ".webm files, of YouTube among others",
    "av1": "newer .webm and .mp4 files",
}
# Extra of the distribution -> (package, purpose), where no pipeline says so.
_EXTRAS = {
    "tensorboard": ("tensorboard", "curves of trainings, in TensorBoard"),
    "zh": ("opencc", "scores of Mandarin texts: --normalization zh"),
    "hub": ("huggingface_hub", "downloads of data sets: visemill download"),
    "credentials": ("c2pa-python", "signed marks of films that talking heads speak in: --certificate"),
    "tensorflow": ("tensorflow-cpu", "reading records with tf.data; of use to developers"),
}
_MORE_DECODERS = f"{sys.executable} -m pip install --force-reinstall --no-deps av: wheels from PyPI have every decoder"


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


def checks_of(
    pipelines: Sequence[str], roots: Sequence[str], given: Mapping[str, str], *, optional_extras: bool = False
) -> list[Check]:
    """The checks for these pipelines: of the machine, then of what they run, then of what they may use.

    given: values of the options that `doctor` takes, by name. optional_extras: pipelines of an extra of the
    distribution need not be able to run here.
    """
    checks = [*_machine(), *_decoders()]
    named: dict[str, Check] = {check.name: check for check in checks}
    for need in _needs(pipelines, given, optional_extras=optional_extras):
        is_needed = need.is_needed or (need.name in named and named[need.name].needed)
        found = Check(need.name, need.purpose, need.fix or _fix_of(need.what), is_needed, _finder(need.what))
        named[need.name] = found
    checks = [*named.values(), *_extras(), *_cluster()]
    for root in roots:
        fix = f"make {root}, or give this user the right to write there"
        checks.append(Check(f"store {root}", "reading and writing there", fix, True, functools.partial(_store, root)))
    return checks


def needs_of(pipeline: str, given: Mapping[str, str]) -> Sequence[Need]:
    """What the pipeline of that name needs with these of its options."""
    found = pipeline_of(pipeline)
    options = found.options(**{name: given[name] for name in found.checked_options if given.get(name)})
    if found.needs is not None:
        return found.needs(options)
    try:
        names = tuple(name for name, _ in found.stages(options))
    except BadConfig:
        # Its stages follow from options that have no default.
        return ()
    return stage_needs(names)


def _needs(pipelines: Sequence[str], given: Mapping[str, str], *, optional_extras: bool) -> Iterator[Need]:
    for name in pipelines:
        is_optional = optional_extras and bool(pipeline_of(name).extra)
        for need in needs_of(name, given):
            yield dataclasses.replace(need, is_needed=need.is_needed and not is_optional)


def _finder(what: object) -> Callable[[], str]:
    match what:
        case StageNeed(stage, config):
            return lambda: _identity(stage, config)
        case DecoderNeed(decoder):
            return functools.partial(_decoder, decoder)
        case PackageNeed(distribution):
            return functools.partial(_package, distribution)
        case SpaceNeed(folder, least_bytes):
            return functools.partial(_free, folder, least_bytes)
    raise TypeError(f"{what!r} is no need")


def _fix_of(what: object) -> str:
    return _MORE_DECODERS if isinstance(what, DecoderNeed) else pip_install("visemill")


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


def _decoders() -> Iterator[Check]:
    for name, purpose in _DECODERS.items():
        yield Check(f"decoder {name}", purpose, _MORE_DECODERS, False, functools.partial(_decoder, name))


def _extras() -> Iterator[Check]:
    for extra, (package, purpose) in _EXTRAS.items():
        find = functools.partial(_package, package)
        yield Check(f"{extra} (optional)", purpose, pip_install(f"visemill[{extra}]"), False, find)


def _cluster() -> Iterator[Check]:
    purpose = "runs on Kubernetes: --cluster kube"
    yield Check(
        "kubernetes client (optional)", purpose, pip_install("visemill[kube]"), False, lambda: _package("kubernetes")
    )
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
