"""Which layout a copy of GRID has, and where below the root it begins; or the error that says what lies where. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from orchestrator.pipelines.grid_layouts import ALIGNMENTS, PROCESSED, Layout
from orchestrator.pipelines.grid_tree import Folder, Tree
from services.base.errors import BadConfig

AUTO = "auto"
_MOST_DEPTH = 3
_SHOWN = 6


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
    for depth in range(1, _MOST_DEPTH + 1):
        folders = {"/".join(path.split("/")[:depth]) + "/" for path in tree.folders if path.count("/") >= depth - 1}
        below = [[layout.under(folder) for layout in tried] for folder in sorted(folders) if folder != "/"]
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
    raise _nothing_found(tree, tried, finds[0] if finds else "")


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
            found += sum(stem in stems for stem in folder.stems(layout.media_suffix))
    return found


def _nothing_found(tree: Tree, layouts: Sequence[Layout], other: str) -> BadConfig:
    """The error that says what was seen and where, what is expected, and a remedy: `other` where there is one."""
    counts = Counter(name[name.rfind(".") :] for folder in tree.folders.values() for name in folder.names)
    seen = ", ".join(f"{count} {suffix}" for suffix, count in sorted((counts + tree.ignored).items())) or "no file"
    expected = "; or ".join(layout.looks_like for layout in layouts)
    media, aligns = _where(tree, layouts[0].media_suffix), _where(tree, layouts[0].align_suffix)
    places = [
        f"the {suffix} lie in {_shown(found)}" for suffix, found in ((".mpg", media), (".align", aligns)) if found
    ]
    reason, remedy = "NO_CLIPS", other or _remedy(tree, layouts[0], media, aligns)
    if "" in media:
        reason = "ROOT_IS_A_SPEAKER"
        remedy = "clips lie in the root itself, as in one speaker's folder: make its parent folder the --input-root"
    if seen == "no file":
        remedy = "check --input-root: it is empty"
    return BadConfig(
        reason,
        f"no clip with its align below the input root: it holds {seen}{''.join(f'; {place}' for place in places)}. "
        f"{remedy}. Expected: {expected}",
    )


def _where(tree: Tree, suffix: str) -> dict[str, int]:
    """Folder -> how many files of that ending, those with most first."""
    counts = {path: sum(name.endswith(suffix) for name in folder.names) for path, folder in tree.folders.items()}
    return dict(sorted(((p, n) for p, n in counts.items() if n), key=lambda found: (-found[1], found[0])))


def _shown(found: dict[str, int]) -> str:
    more = f" and {len(found) - _SHOWN} more folders" if len(found) > _SHOWN else ""
    return ", ".join(f"{path or 'the root itself'} ({n})" for path, n in list(found.items())[:_SHOWN]) + more


def _remedy(tree: Tree, layout: Layout, media: dict[str, int], aligns: dict[str, int]) -> str:
    """One sentence, without its full stop: why nothing was found, and the command that mends it where there is one."""
    upper = [f"{folder}/{name}".lstrip("/") for folder, name in tree.lookalikes]
    same = [path for path in upper if path.lower().endswith((layout.media_suffix, layout.align_suffix))]
    if tree.archives and not (media and aligns):
        return f"{len(tree.archives)} archives are still packed, the first {min(tree.archives)}: unpack them here"
    if same:
        return (
            f"{len(same)} names end in capitals, the first {min(same)}: rename them, in the input root, with: "
            "find . -name '*.MPG' -exec sh -c 'mv \"$1\" \"${1%.MPG}.mpg\"' _ {} \\; and likewise for .ALIGN"
        )
    if upper and not media:
        return f"{len(upper)} files of another kind, the first {min(upper)}: convert them to .mpg, or rename them"
    links = sorted([*tree.links, *tree.broken])
    if links and not (media and aligns):
        return (
            f"{len(links)} links lead out of the root or to nothing, the first {links[0]}: mend them, or give "
            "--follow-links"
        )
    if not media and aligns and any(tree.ignored[image] for image in (".jpg", ".png", ".bmp")):
        return "clips are folders of pictures here, which are not read: fetch the .mpg files of the corpus"
    pair = _likeliest_pair(tree, layout, media, aligns)
    if pair is None:
        missing = [suffix for suffix, found in ((".mpg", media), (".align", aligns)) if not found]
        none = " and ".join(missing)
        return (
            f"no {none} was found: fetch them, or check --input-root"
            if missing
            else ("no .align has the name of a .mpg: check that both are of the same clips")
        )
    return f"mend it, a speaker at a time, in the input root, with: {_moves(*pair)}"


def _likeliest_pair(
    tree: Tree, layout: Layout, media: dict[str, int], aligns: dict[str, int]
) -> tuple[str, str] | None:
    """The folders of media and of aligns, among those with most, that share most names; None where none do."""
    best, most = None, 0
    for path in list(media)[:64]:
        stems = set(tree.folders[path].stems(layout.media_suffix))
        for align_path in list(aligns)[:64]:
            shared = len(stems.intersection(tree.folders.get(align_path, Folder()).stems(layout.align_suffix)))
            if shared > most:
                best, most = (path, align_path), shared
    return best


def _moves(media: str, align: str) -> str:
    speaker = next((part for part in media.split("/") if part[:1] == "s" and part[1:].isdecimal()), "")
    speaker = speaker or media.rpartition("/")[2]
    moves = [] if media == speaker else [("mv", media, speaker)]
    if align != f"alignments/{speaker}":
        moves += [("mkdir", "-p", "alignments"), ("mv", align, f"alignments/{speaker}")]
    return " && ".join(shlex.join(words) for words in moves)
