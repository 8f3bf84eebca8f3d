"""Prints the import graph of services/ and orchestrator/, package by package: `python scripts/import_graph.py`.

Read from the source and not from what was imported: an import inside a function or for a type checker counts as well.
`docs/architecture.md` shows the same graph; tests/architecture compares the two.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOPS = ("services", "orchestrator")
STUBS = "visemill"

Graph = Mapping[str, frozenset[str]]
Edge = tuple[str, str]


@dataclass(frozen=True)
class Layers:
    """A layers contract. layers: full names from the highest down; those of one layer do not import each other."""

    name: str
    layers: tuple[tuple[str, ...], ...]


def module_files(root: Path) -> dict[str, Path]:
    """Dotted name -> file of every module; a package is its __init__."""
    paths = [path for top in TOPS for path in sorted((root / top).rglob("*.py"))]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports_of(source: str, known: Iterable[str]) -> frozenset[str]:
    """Modules of `known`, and stubs, that a source imports anywhere in it. Raises ValueError for a relative import."""
    known, found = set(known), set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"line {node.lineno}: a relative import; name the module in full")
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in names}
    return frozenset(STUBS if name.split(".")[0] == STUBS else name for name in found if _is_ours(name, known))


def _is_ours(name: str, known: set[str]) -> bool:
    return name in known or name.split(".", maxsplit=1)[0] == STUBS


def import_graph(root: Path = ROOT) -> dict[str, frozenset[str]]:
    """Module -> modules that it imports."""
    files = module_files(root)
    return {name: imports_of(path.read_text(encoding="utf-8"), files) for name, path in files.items()}


def with_parents(graph: Graph) -> dict[str, frozenset[str]]:
    """The graph as Python loads it: importing a module runs the __init__ of each package above it first."""

    def loaded(name: str) -> set[str]:
        parts = name.split(".")
        return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}

    return {
        name: frozenset(set().union(*map(loaded, {*targets, name})) & set(graph) - {name})
        for name, targets in graph.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Groups of two modules or more each of which imports the others, directly or not; sorted."""
    return sorted(sorted(group) for group in _components(graph) if len(group) > 1)


def _components(graph: Graph) -> Iterator[set[str]]:
    """Tarjan's strongly connected components."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for target in graph.get(name, ()):
            if target not in index:
                visit(target)
            if target in stack:
                low[name] = min(low[name], low[target])
        if low[name] == index[name]:
            at = stack.index(name)
            found.append(set(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    yield from found


def contracts(pyproject: Mapping[str, Any]) -> list[Layers]:
    """The layers contracts of import-linter, a list for each of their containers."""
    found = []
    for contract in pyproject["tool"]["importlinter"]["contracts"]:
        if contract["type"] != "layers":
            continue
        for container in contract.get("containers", [""]):
            prefix = f"{container}." if container else ""
            layers = tuple(
                tuple(f"{prefix}{name.strip().strip('()')}" for name in layer.split("|"))
                for layer in contract["layers"]
            )
            found.append(Layers(f"{contract['name']} ({container})" if container else contract["name"], layers))
    return found


def upward(graph: Graph, layers: Layers) -> list[Edge]:
    """Imports that go up or sideways between the layers, sorted."""
    place = {name: (rank, name) for rank, names in enumerate(layers.layers) for name in names}
    found = []
    for name, targets in graph.items():
        for target in targets:
            here, there = _within(name, place), _within(target, place)
            if here is None or there is None or here == there:
                continue
            if there[0] <= here[0]:
                found.append((name, target))
    return sorted(found)


def _within(name: str, place: Mapping[str, tuple[int, str]]) -> tuple[int, str] | None:
    parts = name.split(".")
    held = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((place[one] for one in held if one in place), None)


def box_of(module: str) -> str:
    """The box of the diagram that a module is in: a package of the orchestrator, of services, or of services.base."""
    depth = 3 if module.startswith("services.base.") else 2
    return ".".join(module.split(".")[:depth])


def boxed(graph: Graph, box: Callable[[str], str] = box_of) -> dict[str, frozenset[str]]:
    """Box -> boxes that its modules import; packages that only hold boxes are none."""
    found: dict[str, set[str]] = {}
    for name, targets in graph.items():
        if name in TOPS or name == "services.base":
            continue
        found.setdefault(box(name), set()).update(box(target) for target in targets)
        for target in targets:
            found.setdefault(box(target), set())
    return {name: frozenset(targets - {name}) for name, targets in found.items()}


def reduced(graph: Graph) -> frozenset[Edge]:
    """The edges that no longer way implies: the least graph with the same order. The graph must have no circle."""

    def reach(name: str, seen: set[str]) -> set[str]:
        for target in graph.get(name, ()):
            if target not in seen:
                seen.add(target)
                reach(target, seen)
        return seen

    below = {name: reach(name, set()) for name in graph}
    return frozenset(
        (name, target)
        for name, targets in graph.items()
        for target in targets
        if not any(target in below[other] for other in targets if other != target)
    )


def main() -> int:
    graph = import_graph()
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    round_trips = circles(with_parents(graph))
    wrong = [edge for contract in contracts(pyproject) for edge in upward(graph, contract)]
    folders: dict[Path, int] = {}
    for path in module_files(ROOT).values():
        if path.stem not in ("__init__", "__main__"):
            folders[path.parent] = folders.get(path.parent, 0) + 1
    for name, target in sorted(reduced(boxed(graph))):
        sys.stdout.write(f"{name} --> {target}\n")
    fullest = max(folders, key=lambda folder: folders[folder])
    sys.stdout.write(
        f"{len(graph)} modules in {len(folders)} folders, at most {folders[fullest]} ({fullest.relative_to(ROOT)}); "
        f"{sum(len(targets) for targets in graph.values())} imports, {len(wrong)} upward, {len(round_trips)} circles\n"
    )
    return 1 if wrong or round_trips else 0


if __name__ == "__main__":
    sys.exit(main())
