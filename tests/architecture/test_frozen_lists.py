"""Lists that may only grow on purpose: change one here and say why in docs/decisions/."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools import PackageFinder

ROOT = Path(__file__).resolve().parents[2]

# Packages, not modules: a package has a charter, and what belongs there may be added.
BASE = {"media", "process", "rpc", "run", "sandbox", "stage", "store", "worker"}
BASE_MODULES = {"digest", "errors"}
SERVICES = {
    "audio",
    "base",
    "containers",
    "corpus",
    "decode",
    "features",
    "formats",
    "geometry",
    "landmarks",
    "lipreading",
    "lips",
    "records",
    "talker",
    "text",
    "training",
    "triton",
}
ORCHESTRATOR = {
    "access",
    "cli",
    "console",
    "execution",
    "kube",
    "pipelines",
    "planner",
    "report",
    "runs",
    "service",
}
ORCHESTRATOR_MODULES = {"roots"}
STAGES = (
    "audio", "audio/aligned", "audio/voice", "decode", "features", "features/fbank", "features/talker", "features/tts",
    "landmarks", "landmarks/body", "lipreading", "records/grid", "records/sign", "records/talker",
    "records/tts", "records/tts/existing", "talker", "text",
)  # fmt: skip
# More in one folder, and nobody sees what is there.
MOST_MODULES = 13
QUESTIONS = {"spec", "stage"}
FORBIDDEN_NAMES = re.compile(r"utils?|common|helpers?|misc|managers?")


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}


def sources() -> list[Path]:
    return [path for top in ("services", "orchestrator") for path in sorted((ROOT / top).rglob("*.py"))]


def packages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def test_base_is_a_closed_list():
    assert packages(ROOT / "services" / "base") == BASE
    assert modules(ROOT / "services" / "base") == BASE_MODULES


def test_services_are_a_closed_list():
    assert packages(ROOT / "services") == SERVICES


def test_the_orchestrator_is_a_closed_list():
    assert packages(ROOT / "orchestrator") == ORCHESTRATOR
    assert modules(ROOT / "orchestrator") == ORCHESTRATOR_MODULES


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_answers_the_questions(stage):
    assert modules(ROOT / "services" / stage) >= QUESTIONS


@pytest.mark.parametrize("package", sorted({p.parent for p in sources()}), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_folder_can_be_seen_at_one_look(package):
    assert len(modules(package)) <= MOST_MODULES


@pytest.mark.parametrize("stage", STAGES)
def test_specs_are_inert(stage):
    """A spec imports nothing that computes, and calls nothing when it is imported but constructors of values."""
    tree = ast.parse((ROOT / "services" / stage / "spec.py").read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {"__future__", "dataclasses", "typing", "collections", "services", "math"}


def test_no_module_is_named_by_nothing_it_holds():
    assert [str(path) for path in sources() if FORBIDDEN_NAMES.fullmatch(path.stem)] == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_stay_small(path):
    assert len(path.read_text().splitlines()) <= 400


def test_nothing_unsafe_is_loaded():
    unsafe = re.compile(
        r"\bpickle\.loads?\(|allow_pickle=True|shell=True|(?<!\.)\beval\(|torch\.load\((?!.*weights_only=True)"
    )
    assert [str(path) for path in sources() if unsafe.search(path.read_text())] == []


def test_the_distribution_holds_every_package_and_the_files_beside_its_modules():
    """Asked of setuptools itself, by the rules of pyproject.toml: what a wheel would hold."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    find, patterns = tool["packages"]["find"], tool["package-data"]["*"]
    held = {
        ROOT / top / Path(*name.split("."))
        for top in find["where"]
        for name in PackageFinder.find(str(ROOT / top), include=find["include"])
    }
    tops = (ROOT / "services", ROOT / "orchestrator", ROOT / "protos" / "visemill")
    assert held == {path.parent for top in tops for path in top.rglob("*.py")}
    data = {path for folder in held for pattern in patterns for path in folder.glob(pattern)}
    others = {path for top in tops for path in top.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert others - data == {ROOT / "services" / "Dockerfile"}
    # An image is made of a copy of the same files. Its module imports pip, which does not go with setuptools.
    (suffixes,) = re.findall(r"^_SUFFIXES = (.+)$", (ROOT / "scripts" / "image_context.py").read_text(), re.M)
    assert {path.suffix for path in data} <= ast.literal_eval(suffixes)


def bounds() -> list[Requirement]:
    """What the wheel's metadata asks for, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = (
        project["optional-dependencies"][name] for name in ("features", "hub", "kube", "tensorflow", "train", "triton")
    )
    return [Requirement(text) for texts in (project["dependencies"], *extras) for text in texts]


@pytest.mark.parametrize("needed", bounds(), ids=str)
def test_a_wheel_asks_for_versions_within_bounds_that_hold_what_the_tests_ran_with(needed):
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pinned = {canonicalize_name(name): version for name, version in pins.items()}[canonicalize_name(needed.name)]
    assert needed.specifier.contains(pinned)
    # Certificates are to be the newest.
    assert needed.name == "certifi" or any(clause.operator in ("<", "==") for clause in needed.specifier)
