"""Finds code that nothing but tests uses: `python scripts/dead_code.py [FOLDER...]`. Exits 1 and names each place.

vulture knows names: one that is written somewhere counts as used. Beside it every public function and class of a
module must be used in its module or imported from it, so that `summary` here is not saved by another `summary` there.
Attributes that a template (*.j2) reads are used. What is used in a way that none of them sees is on the list beside
this file, by pattern and with its reason; an entry that matches nothing any more is an error too.
"""

from __future__ import annotations

import argparse
import ast
import fnmatch
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import vulture

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("services", "orchestrator", "scripts")
ALLOWED = Path(__file__).with_name("dead_code_allowed.toml")
# vulture is sure of what is unreachable and of unused arguments; of functions, classes and attributes it is 60 % sure.
MIN_CONFIDENCE = 60


@dataclass(frozen=True)
class Unused:
    """path: as from the root. name: of the function, class, attribute or variable."""

    path: str
    line: int
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: unused {self.kind} {self.name}"


@dataclass(frozen=True)
class Allowed:
    """paths, names: shell patterns. Raises ValueError without a reason."""

    paths: tuple[str, ...]
    names: tuple[str, ...]
    reason: str

    def __post_init__(self) -> None:
        if not (self.paths and self.names and self.reason.strip()):
            raise ValueError(f"an entry has paths, names and a reason, not {self.paths}, {self.names}, {self.reason!r}")

    def matches(self, unused: Unused, pattern: str) -> bool:
        """Whether it is this entry's, by one of its patterns of names."""
        return fnmatch.fnmatchcase(unused.name, pattern) and any(
            fnmatch.fnmatchcase(unused.path, path) for path in self.paths
        )


def read_allowed(text: str) -> list[Allowed]:
    """Entries of the list. Raises ValueError."""
    return [Allowed(tuple(e["paths"]), tuple(e["names"]), e["reason"]) for e in tomllib.loads(text)["allowed"]]


def judged(found: Iterable[Unused], allowed: Sequence[Allowed]) -> list[str]:
    """A line for everything that is unused and not allowed, then one for every pattern that nothing needs."""
    found = list(found)
    patterns = [(entry, pattern) for entry in allowed for pattern in entry.names]
    lines = [str(one) for one in found if not any(entry.matches(one, pattern) for entry, pattern in patterns)]
    return lines + [
        f"{ALLOWED.name}: {pattern!r} in {', '.join(entry.paths)} allows nothing any more: take it out"
        for entry, pattern in patterns
        if not any(entry.matches(one, pattern) for one in found)
    ]


def unused_in(root: Path, folders: Sequence[str]) -> list[Unused]:
    """All that is unused in the folders below root, sorted."""
    finder = vulture.Vulture()
    finder.scavenge([str(root / folder) for folder in folders], exclude=["*_pb2*"])
    read_by_templates = _read_by_templates(root, folders)
    found = {
        (path, item.name): Unused(path, item.first_lineno, item.typ, item.name)
        for item in finder.get_unused_code(min_confidence=MIN_CONFIDENCE)
        for path in [Path(item.filename).relative_to(root).as_posix()]
        if not (item.typ in ("attribute", "property", "variable") and item.name in read_by_templates)
    }
    for one in _never_imported(root, folders):
        found.setdefault((one.path, one.name), one)
    return sorted(found.values(), key=lambda one: (one.path, one.line))


def _read_by_templates(root: Path, folders: Sequence[str]) -> set[str]:
    """Names of attributes."""
    templates = (path for folder in folders for path in sorted((root / folder).rglob("*.j2")))
    trees = (jinja2.Environment().parse(path.read_text(encoding="utf-8")) for path in templates)  # noqa: S701 - parsed only
    return {node.attr for tree in trees for node in tree.find_all(jinja2.nodes.Getattr)}


def _never_imported(root: Path, folders: Sequence[str]) -> list[Unused]:
    """Public functions and classes that their own module does not use, and that none takes from there."""
    trees = {
        path.relative_to(root): ast.parse(path.read_text(encoding="utf-8"), str(path))
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
    }
    # Scripts are imported by their bare names.
    modules = {_module_of(path): path for path in trees} | {p.stem: p for p in trees if p.parts[0] == "scripts"}
    taken: set[tuple[Path, str]] = set()
    for path, tree in trees.items():
        taken |= _taken_by(tree, path, modules)
    return [
        Unused(path.as_posix(), node.lineno, "class" if isinstance(node, ast.ClassDef) else "function", node.name)
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (path, node.name) not in taken
    ]


def _module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _taken_by(tree: ast.Module, path: Path, modules: dict[str, Path]) -> set[tuple[Path, str]]:
    """(module, name) of what one module uses, its own names outside of their own definitions included."""
    taken: set[tuple[Path, str]] = set()
    aliases: dict[str, Path] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                if (module := modules.get(f"{node.module}.{name.name}")) is not None:
                    aliases[name.asname or name.name] = module
                elif node.module in modules:
                    taken.add((modules[node.module], name.name))
        elif isinstance(node, ast.Import):
            aliases |= {n.asname or n.name: modules[n.name] for n in node.names if n.name in modules}
    for statement in tree.body:
        own = getattr(statement, "name", None)
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id != own:
                taken.add((path, node.id))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != own:
                # Annotations of a later class, and lists of names such as __all__.
                taken.add((path, node.value))
            elif isinstance(node, ast.Attribute) and (module := aliases.get(ast.unparse(node.value))) is not None:
                taken.add((module, node.attr))
    return taken


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Name what only tests use.")
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER", help="below the root (default: all)")
    parser.add_argument("--root", type=Path, default=ROOT, help="of the tree (default: this one)")
    parser.add_argument("--allowed", type=Path, default=ALLOWED, help="list of exceptions (default: %(default)s)")
    flags = parser.parse_args(argv)
    found = unused_in(flags.root.resolve(), flags.folders)
    lines = judged(found, read_allowed(flags.allowed.read_text(encoding="utf-8")))
    for line in lines:
        sys.stdout.write(f"{line}\n")
    remedy = f": call it, remove it, or say in {flags.allowed.name} who uses it" if lines else ""
    sys.stdout.write(f"dead code: {len(lines)} found, {len(found) - len(lines)} allowed{remedy}\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
