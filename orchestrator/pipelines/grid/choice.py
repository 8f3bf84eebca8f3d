"""Which layout a copy of GRID has, and where below the root it begins; or the error that says what lies where. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from orchestrator.pipelines.grid.elsewhere import aligns_elsewhere
from orchestrator.pipelines.grid.layouts import ALIGNMENTS, PROCESSED, Layout
from orchestrator.pipelines.grid.remedy import remedy_of
from orchestrator.pipelines.grid.tree import Tree, is_medium
from services.base.errors import BadConfig
from services.base.media.pictures import is_picture_folder

AUTO = "auto"
_MOST_DEPTH = 3
_SHOWN = 6
_FOLDERS = "folders of pictures"


def choose_layout(tree: Tree, name: str, layouts: Sequence[Layout]) -> Layout:
    """The layout that makes most pairs, in the root; where none makes any, in the one folder below it that has some.

    name: of a layout, or `auto`. Raises BadConfig UNKNOWN_LAYOUT, AMBIGUOUS_LAYOUT, or what `_nothing_found` says.
    """
    known = {layout.name: layout for layout in layouts}
    if name != AUTO and name not in known:
        raise BadConfig("UNKNOWN_LAYOUT", f"there is no layout {name!r}, only {', '.join([AUTO, *known])}")
    tried = layouts if name == AUTO else (known[name],)
    best = _best(tree, tried)
    if best is not None:
        return best
    looked_at = list(tried)
    for depth in range(1, _MOST_DEPTH + 1):
        folders = {"/".join(path.split("/")[:depth]) + "/" for path in tree.folders if path.count("/") >= depth - 1}
        below = [[layout.under(folder) for layout in tried] for folder in sorted(folders) if folder != "/"]
        looked_at += [layout for layouts in below for layout in layouts]
        found = [best for layouts in below if (best := _best(tree, layouts)) is not None]
        if len(found) > 1:
            shown = ", ".join(f"{layout.below} ({num_pairs(tree, layout)})" for layout in found[:_SHOWN])
            raise BadConfig(
                "AMBIGUOUS_ROOT",
                f"clips with their aligns lie in {len(found)} folders of the input root: {shown}: "
                "add one of them to --input-root",
            )
        if found:
            return found[0]
    others = {layout.name: num_pairs(tree, layout) for layout in layouts}
    finds = [f"layout {other} finds {count} clips: give --layout auto" for other, count in others.items() if count]
    _raise_if_elsewhere(tree, looked_at)
    raise _nothing_found(tree, tried, finds[0] if finds else "")


def _raise_if_elsewhere(tree: Tree, layouts: Sequence[Layout]) -> None:
    """Raises BadConfig ALIGNS_ELSEWHERE where no clip has an align of its own but those of other speakers fit."""
    problems = max(
        (aligns_elsewhere(tree, layout) for layout in layouts), key=lambda found: sum(p.num_files for p in found)
    )
    if problems:
        more = f"; and {len(problems) - _SHOWN} more speakers" if len(problems) > _SHOWN else ""
        shown = "; ".join(problem.message for problem in problems[:_SHOWN])
        raise BadConfig("ALIGNS_ELSEWHERE", f"no clip has its align in place: {shown}{more}")


def _best(tree: Tree, layouts: Sequence[Layout]) -> Layout | None:
    counts = {layout.name: num_pairs(tree, layout) for layout in layouts}
    most = max(counts.values())
    if most == 0:
        return None
    best = [layout for layout in layouts if counts[layout.name] == most]
    # Where a copy can be read in an old and in a new way, it stays what it was.
    first = [layout for layout in best if layout.name in (PROCESSED.name, ALIGNMENTS.name)] or best
    if len(first) > 1:
        raise BadConfig(
            "AMBIGUOUS_LAYOUT",
            f"layouts {' and '.join(layout.name for layout in first)} each find {most} clips: choose with --layout",
        )
    return first[0]


def num_pairs(tree: Tree, layout: Layout) -> int:
    """Pairs of a clip and its align that a layout makes."""
    found = 0
    stems_of: dict[str, set[str]] = {}
    for path, folder in tree.folders.items():
        if layout.speaker_of(path) is None:
            continue
        align_path = layout.align_folder_of(path)
        align = tree.folders.get(align_path)
        if align:
            stems = stems_of.get(align_path)
            if stems is None:
                stems = stems_of[align_path] = set(align.stems(layout.align_suffix))
            found += sum(stem in stems for stem in folder.media_stems(layout.media_suffix))
    return found


def _nothing_found(tree: Tree, layouts: Sequence[Layout], other: str) -> BadConfig:
    """The error that says what was seen and where, what is expected, and a remedy: `other` where there is one."""
    counts = Counter(_ending(name) for folder in tree.folders.values() for name in folder.names)
    seen = ", ".join(f"{count} {suffix}" for suffix, count in sorted((counts + tree.ignored).items())) or "no file"
    expected = "; or ".join(layout.looks_like for layout in layouts)
    first = layouts[0]
    media = _where(tree, lambda name: is_medium(name, first.media_suffix))
    aligns = _where(tree, lambda name: name.endswith(first.align_suffix))
    named = ((_media_word(counts), media), (".align", aligns))
    places = [f"the {what} lie in {_shown(found)}" for what, found in named if found]
    reason, remedy = "NO_CLIPS", other or remedy_of(tree, first, media, aligns)
    if "" in media:
        reason = "ROOT_IS_A_SPEAKER"
        remedy = "clips lie in the root itself, as in one speaker's folder: make its parent folder the --input-root"
    if seen == "no file" and not (tree.links or tree.broken):
        remedy = "check --input-root: it is empty"
    return BadConfig(
        reason,
        f"no clip with its align below the input root: it holds {seen}{''.join(f'; {place}' for place in places)}. "
        f"{remedy}. Expected: {expected}",
    )


def _ending(name: str) -> str:
    return _FOLDERS if is_picture_folder(name) else name[name.rfind(".") :]


def _media_word(counts: Counter[str]) -> str:
    return " and ".join(what for what in (".mpg", _FOLDERS) if counts[what])


def _where(tree: Tree, is_wanted: Callable[[str], bool]) -> dict[str, int]:
    """Folder -> how many of its names are wanted, those with most first."""
    counts = {path: sum(map(is_wanted, folder.names)) for path, folder in tree.folders.items()}
    return dict(sorted(((p, n) for p, n in counts.items() if n), key=lambda found: (-found[1], found[0])))


def _shown(found: dict[str, int]) -> str:
    more = f" and {len(found) - _SHOWN} more folders" if len(found) > _SHOWN else ""
    return ", ".join(f"{path or 'the root itself'} ({n})" for path, n in list(found.items())[:_SHOWN]) + more
