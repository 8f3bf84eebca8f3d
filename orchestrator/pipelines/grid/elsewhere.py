"""Aligns that lie under another speaker's name: told by the names of the clips, before anything is read. Pure."""

from __future__ import annotations

from orchestrator.pipelines.catalog import Problem
from orchestrator.pipelines.grid.layouts import Layout
from orchestrator.pipelines.grid.tree import Tree


def aligns_elsewhere(tree: Tree, layout: Layout) -> list[Problem]:
    """Media folders of which over half has no align, while another speaker's aligns have more of its names than its own
    aligns have, and more than of that speaker's clips; or have over half of its names, of none of that speaker's clips.

    A problem's clips are all of such a folder: the few that have an align of their own name are no better. Where all
    speakers say the same sentences, every folder of aligns fits its own clips best, and none is found.
    """
    if layout.shares_aligns:
        return []
    media = {path: set(folder.media_stems(layout.media_suffix)) for path, folder in tree.folders.items()}
    media = {path: stems for path, stems in media.items() if stems and layout.speaker_of(path) is not None}
    owners = {layout.align_folder_of(path): path for path in media}
    aligns = {path: set(folder.stems(layout.align_suffix)) for path, folder in tree.folders.items()}
    aligns = {
        path: stems
        for path, stems in aligns.items()
        if stems and (path in owners or layout.media_folder_of(path) is not None)
    }
    found = []
    for path, stems in sorted(media.items()):
        own_path = layout.align_folder_of(path)
        own = len(stems & aligns.get(own_path, set()))
        if 2 * own >= len(stems):
            continue
        best, fits = "", 0
        for align_path, names in sorted(aligns.items()):
            shared = len(stems & names)
            # Of aligns that nobody's clips are there for, most must be these clips'.
            owned = media[owners[align_path]] & names if align_path in owners else set()
            theirs = len(owned) if align_path in owners else len(names) - shared
            spare = len(stems & names - owned)
            is_spare = bool(owned) and 2 * spare > max(len(stems), len(names - owned))
            is_better = shared > max(own, theirs) or is_spare
            if align_path != own_path and shared > fits and is_better:
                best, fits = align_path, shared
        if best and 2 * fits > len(stems):
            found.append(_problem(tree, layout, path, best, fits, own))
    return found


def aligns_without_clips(tree: Tree, layout: Layout) -> dict[str, str]:
    """Name of an align whose speaker has no clip of it -> the folder where it lies, the first of several."""
    found: dict[str, str] = {}
    if layout.shares_aligns:
        return found
    owners = {layout.align_folder_of(path): path for path in tree.folders if layout.speaker_of(path) is not None}
    for path, folder in sorted(tree.folders.items()):
        if path in owners or layout.media_folder_of(path) is not None:
            clips = tree.folders[owners[path]].media_stems(layout.media_suffix) if path in owners else []
            for stem in set(folder.stems(layout.align_suffix)).difference(clips):
                found.setdefault(stem, path)
    return found


def _problem(tree: Tree, layout: Layout, path: str, best: str, fits: int, own: int) -> Problem:
    clips = tuple(f"{path}/{name}" for _, name, _ in tree.folders[path].media(layout.media_suffix))
    speaker = layout.speaker_of(path)
    own_path = layout.align_folder_of(path)
    chance = f", and {own} in {own_path}, which may be another speaker's as well" if own else ""
    message = (
        f"{fits} of {len(clips)} clips of {speaker} have their aligns in {best}{chance}: they lie under another "
        f"speaker's name; rename the folders so that the aligns of {speaker} lie in {own_path}. All of its clips are "
        "left out"
    )
    return Problem(path, "ALIGNS_ELSEWHERE", message, len(clips) - own, clips)
