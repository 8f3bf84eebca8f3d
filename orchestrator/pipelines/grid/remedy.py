"""What to do about a copy of GRID in which no clip was found: a sentence, and the command that fixes it. Pure."""

from __future__ import annotations

import re
import shlex

from orchestrator.pipelines.grid.layouts import Layout
from orchestrator.pipelines.grid.tree import Folder, Tree

# Parts of paths that are nobody's name.
_NO_SPEAKER = frozenset({"align", "alignments", "video", "videos", "mpg_6000", "mpg_vcd", "data", "datasets"})
_UNPACKERS = ((".zip", "unzip"), (".7z", "7z x"), (".rar", "unrar x"))
_TARS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")


def remedy_of(tree: Tree, layout: Layout, media: dict[str, int], aligns: dict[str, int]) -> str:
    """Why nothing was found and what fixes it, without a full stop. media, aligns: how many by folder, most first."""
    upper = [f"{folder}/{name}".lstrip("/") for folder, name in tree.lookalikes]
    same = [path for path in upper if path.lower().endswith((layout.media_suffix, layout.align_suffix))]
    if tree.archives and not (media and aligns):
        return _unpack(tree.archives)
    if same:
        return (
            f"{len(same)} names end in capitals, the first {min(same)}: rename them, in the input root, with: "
            + " && ".join(_lower(suffix) for suffix in (layout.media_suffix, layout.align_suffix) if _any(same, suffix))
        )
    if upper and not media:
        return f"{len(upper)} files of another kind, the first {min(upper)}: convert them to .mpg, or rename them"
    if tree.pictures and not media:
        return _name_pictures(tree)
    if tree.links and not (media and aligns):
        return (
            f"{len(tree.links)} links lead out of the root, the first {min(tree.links)}: give --follow-links, or copy "
            "what they lead to here"
        )
    if tree.broken and not (media and aligns):
        return f"{len(tree.broken)} links lead to nothing, or are no files, the first {min(tree.broken)}: fix them"
    pair = _likeliest_pair(tree, layout, media, aligns)
    if pair is None:
        missing = [suffix for suffix, found in ((".mpg", media), (".align", aligns)) if not found]
        none = " and ".join(missing)
        return (
            f"no {none} was found: fetch them, or check --input-root"
            if missing
            else ("no .align has the name of a .mpg: check that both are of the same clips")
        )
    return f"fix it, a speaker at a time, in the input root, with: {_moves(tree, layout, media, *pair)}"


def film_command(folder: str, first: str) -> str:
    """The command that makes a video of 25 Hz, of the same pictures, of each folder of pictures in a folder.

    first: the name of the first picture of one of them, which tells how all are numbered.
    """
    number = re.search(r"(\d+)(?=\.[^.]*$)", first)
    inputs = f"-start_number {int(number[1])} -i" if number else "-pattern_type glob -i"
    if number:
        width = f"0{len(number[1])}" if len(number[1]) > 1 else ""
        pattern = f"{first[: number.start()].replace('%', '%%')}%{width}d{first[number.end() :]}"
    else:
        pattern = f"*{first[first.rfind('.') :]}"
    # QuickTime takes JPEG and PNG as they are; other kinds are coded anew, without loss.
    how = "-c copy -f mov" if first.lower().endswith((".jpg", ".jpeg", ".png")) else "-c:v ffv1 -f matroska"
    return (
        f'for d in {shlex.quote(folder)}/*/; do ffmpeg -framerate 25 {inputs} "$d"{shlex.quote(pattern)} {how} '
        '"${d%/}.mpg"; done'
    )


def _name_pictures(tree: Tree) -> str:
    first = min(tree.pictures)
    num_pictures = sum(map(len, tree.pictures.values()))
    return (
        f"{len(tree.pictures)} folders hold {num_pictures} pictures, the first {first or 'the root itself'}, and none "
        "has the name of an align: a clip that is a folder of pictures, such as s1/bbaf2n/1.jpg, has the name of its "
        "align, bbaf2n.align"
    )


def _unpack(archives: list[str]) -> str:
    first = min(archives)
    what = "1 archive is" if len(archives) == 1 else f"{len(archives)} archives are"
    command = unpack_command(first)
    return f"{what} still packed, the first {first}: unpack them here" + (f", as with: {command}" if command else "")


def unpack_command(path: str) -> str:
    """The command, for the input root; empty for a kind that packs no files of names."""
    folder, _, name = path.rpartition("/")
    lower = name.lower()
    tool = "tar -xf" if lower.endswith(_TARS) else next((t for end, t in _UNPACKERS if lower.endswith(end)), "")
    if not tool:
        return ""
    return f"{f'cd {shlex.quote(folder)} && ' if folder else ''}{tool} {shlex.quote(name)}"


def _lower(suffix: str) -> str:
    # `-iname` also finds `.Mpg`.
    return f"find . -iname '*{suffix}' ! -name '*{suffix}' -exec sh -c 'mv \"$1\" \"${{1%.*}}{suffix}\"' _ {{}} \\;"


def _any(paths: list[str], suffix: str) -> bool:
    return any(path.lower().endswith(suffix) for path in paths)


def _likeliest_pair(
    tree: Tree, layout: Layout, media: dict[str, int], aligns: dict[str, int]
) -> tuple[str, str] | None:
    """The folders of media and of aligns, among those with most, that share most names; None where none do."""
    best, most = None, 0
    for path in list(media)[:64]:
        stems = set(tree.folders[path].media_stems(layout.media_suffix))
        for align_path in list(aligns)[:64]:
            shared = len(stems.intersection(tree.folders.get(align_path, Folder()).stems(layout.align_suffix)))
            if shared > most:
                best, most = (path, align_path), shared
    return best


def _moves(tree: Tree, layout: Layout, media: dict[str, int], path: str, align_path: str) -> str:
    """Files are moved, since a folder would be moved into one that is there; aligns that others need are copied."""
    parts = [part for part in path.split("/") if part not in _NO_SPEAKER] or path.split("/")
    speaker = next((part for part in parts if part[:1] == "s" and part[1:].isdecimal()), parts[-1])
    names = set(tree.folders[align_path].stems(layout.align_suffix))
    users = sum(not names.isdisjoint(tree.folders[other].media_stems(layout.media_suffix)) for other in media)
    end = layout.media_suffix if tree.folders[path].stems(layout.media_suffix) else "/"
    places: list[tuple[str, str, str, str]] = [("mv", path, speaker, end)]
    places.append(("cp" if users > 1 else "mv", align_path, f"alignments/{speaker}", layout.align_suffix))
    places = [place for place in places if place[1] != place[2]]
    made = shlex.join(["mkdir", "-p", *(to for _, _, to, _ in places)])
    moves = [f"{tool} {shlex.quote(source)}/*{end} {shlex.quote(to)}" for tool, source, to, end in places]
    return " && ".join([made, *moves])
