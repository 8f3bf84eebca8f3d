"""The import graph of the code: no circle, nothing upward, and the same as the one that docs/architecture.md draws.

Imports inside functions and for type checkers count: an edge that only runs late is an edge.
"""

import re
import tomllib
from collections.abc import Iterable

import pytest
from import_graph import (
    ROOT,
    Edge,
    Layers,
    box_of,
    boxed,
    circles,
    contracts,
    import_graph,
    imports_of,
    module_files,
    reduced,
    upward,
    with_parents,
)

from services.__main__ import STAGES

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GRAPH = import_graph()
STARTS = re.compile(r'"-m",\s*"services"')


def diagram(document: str) -> tuple[set[str], set[Edge], set[Edge]]:
    """(boxes, arrows, dotted arrows) of a document's mermaid diagram, by the modules' dotted names.

    A box in `subgraph a["b/c"]` is b.c.<its id>, one with a label of its own is that label.
    """
    (text,) = re.findall(r"```mermaid\n(.*?)```", document, re.DOTALL)
    prefix, names = "", dict[str, str]()
    arrows: dict[str, set[Edge]] = {"-->": set(), "-.->": set()}

    def box(node: str) -> str:
        match = re.fullmatch(r'(\w+)(?:\["(.+)"\])?', node.strip())
        assert match, f"not a box: {node!r}"
        label = match[2].replace("/", ".") if match[2] else ".".join(filter(None, (prefix, match[1])))
        return names.setdefault(match[1], label)

    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith(("flowchart ", "%%")):
            continue
        if line.startswith("subgraph "):
            match = re.fullmatch(r'subgraph (\w+)(?:\["(.+)"\])?', line)
            assert match, line
            prefix = (match[2] or match[1]).replace("/", ".")
        elif line == "end":
            prefix = ""
        else:
            parts = re.split(r"\s(-->|-\.->)\s", line)
            assert len(parts) in (1, 3), f"one arrow a line: {line!r}"
            source = box(parts[0])
            if len(parts) == 3:
                arrows[parts[1]] |= {(source, box(node)) for node in parts[2].split("&")}
    return set(names.values()), arrows["-->"], arrows["-.->"]


DRAWN = diagram((ROOT / "docs" / "architecture.md").read_text())


def lines(edges: Iterable[Edge]) -> list[str]:
    return [f"{name} --> {target}" for name, target in sorted(edges)]


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circles(with_parents(GRAPH)) == []


@pytest.mark.parametrize("layers", contracts(PYPROJECT), ids=lambda layers: layers.name)
def test_no_import_goes_up_or_sideways(layers: Layers) -> None:
    assert lines(upward(GRAPH, layers)) == []


def test_the_layers_are_those_of_the_linter() -> None:
    names = {one for layers in contracts(PYPROJECT) for names in layers.layers for one in names}
    assert {"orchestrator.cli", "services.base.errors", "services.containers"} <= names
    boxes = set(boxed(GRAPH))
    # A box without a place is a package that may import whatever it likes.
    assert boxes - names == {"services.__main__", "services.base.process"}


def test_the_diagram_has_every_package() -> None:
    assert DRAWN[0] == set(boxed(GRAPH))


def test_the_diagram_has_every_import_and_no_other() -> None:
    actual = reduced(boxed(GRAPH))
    assert lines(actual - DRAWN[1]) == [], "imports that docs/architecture.md does not draw: add these arrows"
    assert lines(DRAWN[1] - actual) == [], "arrows that no import makes, or that longer ways imply: take them out"


def test_the_diagram_has_every_start_by_name() -> None:
    files = module_files(ROOT)
    entry = "services.__main__"
    starts = {(box_of(name), entry) for name, path in files.items() if STARTS.search(path.read_text())}
    assert DRAWN[2] == starts | {(entry, box_of(module)) for module in STAGES.values()}


# ------------------------------------------------------------------------------------- the tools themselves

SOURCE = """
from __future__ import annotations
import os.path
from typing import TYPE_CHECKING
from services.a import thing, Value
if TYPE_CHECKING:
    import services.b
def late():
    from services import c
    from visemill.v1 import runs_pb2
"""
KNOWN = {"services", "services.a", "services.a.thing", "services.b", "services.c", "services.d"}


def test_imports_count_wherever_they_stand() -> None:
    assert imports_of(SOURCE, KNOWN) == {"services.a", "services.a.thing", "services.b", "services.c", "visemill"}


def test_a_relative_import_is_refused() -> None:
    with pytest.raises(ValueError, match="relative"):
        imports_of("from . import a", KNOWN)


def graph(**edges: str) -> dict[str, frozenset[str]]:
    named = {name.replace("_", "."): frozenset(targets.split()) for name, targets in edges.items()}
    return named | {t: frozenset() for targets in named.values() for t in targets if t not in named}


def test_a_circle_is_found_however_long_it_is() -> None:
    assert circles(graph(a="b", b="c", c="d e", d="b")) == [["b", "c", "d"]]
    assert circles(graph(a="b c", b="d", c="d")) == []


def test_a_package_that_imports_its_own_module_is_in_a_circle_with_it() -> None:
    assert circles(graph(p="p.a", p_a="q")) == []
    assert circles(with_parents(graph(p="p.a", p_a="q"))) == [["p", "p.a"]]


LAYERS = Layers("three", (("p.high",), ("p.left", "p.right"), ("p.low",)))


@pytest.mark.parametrize(
    ("edge", "is_wrong"),
    [
        (("p.high.x", "p.low.y"), False),
        (("p.left.x", "p.left.y"), False),
        (("p.low.x", "p.high.y"), True),
        (("p.left.x", "p.right"), True),
        (("p.low.x", "q.y"), False),
    ],
)
def test_an_import_up_or_sideways_is_found(edge: Edge, is_wrong: bool) -> None:
    assert upward({edge[0]: frozenset({edge[1]})}, LAYERS) == ([edge] if is_wrong else [])


def test_what_a_longer_way_implies_is_not_drawn() -> None:
    assert reduced(graph(a="b c d", b="c", d="")) == {("a", "b"), ("b", "c"), ("a", "d")}


def test_a_diagram_is_read_as_it_is_drawn() -> None:
    text = '```mermaid\nflowchart TB\nsubgraph x["s/x"]\na --> b & c\nd["s/__main__"]\nend\ne -.-> d\n```'
    assert diagram(text) == (
        {"s.x.a", "s.x.b", "s.x.c", "s.__main__", "e"},
        {("s.x.a", "s.x.b"), ("s.x.a", "s.x.c")},
        {("e", "s.__main__")},
    )
