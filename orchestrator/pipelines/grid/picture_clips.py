"""Folders of pictures that are clips: they join the media of the folder they lie in, by names that end in `/`. Pure."""

from __future__ import annotations

from collections import defaultdict

from orchestrator.pipelines.catalog import Problem
from orchestrator.pipelines.grid.layouts import Layout
from orchestrator.pipelines.grid.remedy import film_command
from orchestrator.pipelines.grid.tree import Folder, Tree, stem_of
from services.base.media.pictures import Fault, PictureFolder
from services.formats.align import sentence_of_stem


def place_picture_clips(tree: Tree, media_suffix: str, align_suffix: str) -> None:
    """A folder of pictures is a clip where it has the name of an align, or one that spells a GRID sentence.

    Those with a video of the same name beside them are no clips of their own. What is no clip stays in `tree.pictures`.
    """
    if not tree.pictures:
        return
    aligns = {stem for folder in tree.folders.values() for stem in folder.stems(align_suffix)}
    parents: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(tree.pictures):
        parent, _, name = path.rpartition("/")
        stem = stem_of(name, "")
        if name and (stem in aligns or sentence_of_stem(stem) is not None):
            parents[parent].append(name)
    for parent, names in parents.items():
        videos = set(tree.folders.get(parent, Folder()).stems(media_suffix))
        listed = tree.folders.setdefault(parent, Folder())
        for name in names:
            path = f"{parent}/{name}".lstrip("/")
            if stem_of(name, "") in videos:
                tree.beside.append(path)
            else:
                _append(listed, parent, name, tree.pictures[path])
            del tree.pictures[path]


def picture_problems(tree: Tree, layout: Layout) -> list[Problem]:
    """Folders of pictures where clips lie that are none: a video of the same name lies beside them, or no align is
    theirs.
    """
    problems = []
    for reason, paths, message in (
        (
            "PICTURES_BESIDE",
            tree.beside,
            "{num} folders of pictures here have a video of the same name beside them: the video is read, and the "
            "pictures are not",
        ),
        (
            "PICTURES_ALONE",
            list(tree.pictures),
            "{num} folders of pictures here, such as {first}, are not read: no align has their name",
        ),
    ):
        named: defaultdict[str, list[str]] = defaultdict(list)
        for path in paths:
            folder, _, name = path.rpartition("/")
            if layout.speaker_of(folder) is not None:
                named[folder].append(name)
        problems += [
            Problem(folder, reason, message.format(num=len(names), first=min(names)), 0)
            for folder, names in sorted(named.items())
        ]
    return problems


def _append(listed: Folder, parent: str, name: str, pictures: PictureFolder) -> None:
    listed.names.append(f"{name}/")
    listed.sizes_bytes.append(pictures.size_bytes)
    listed.versions.append(pictures.version)
    fault = pictures.fault()
    if fault is not None:
        listed.faults[f"{name}/"] = _with_command(fault, parent, pictures.first)


def _with_command(fault: Fault, parent: str, first: str) -> Fault:
    if fault.reason not in ("PICTURES_NOT_READ", "TOO_MANY_PICTURES"):
        return fault
    command = film_command(parent or ".", first)
    hint = f"videos of all such folders are made, in the input root, with: {command}"
    return fault._replace(message=f"{fault.message}; {hint}")
