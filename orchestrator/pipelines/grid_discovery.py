"""From a listing of files to GRID clips and problems. Pure: nothing is opened, nothing is skipped without a word."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.listing import ClipColumns, Entry, FileColumn, Problem
from orchestrator.pipelines.grid_layouts import LAYOUTS, Layout
from orchestrator.pipelines.grid_tree import Folder, Tree, sort_out, stem_of
from services.base.errors import BadConfig

ALIGN = "align"
AUTO = "auto"

_WHY: dict[str, str] = {
    "MISSING_ALIGN": "this clip has no align: add {partner}, or delete the clip",
    "MISSING_MEDIA": "this align has no clip: add {partner}, or delete the align",
    "EMPTY_FILE": "the file holds 0 bytes: fetch it again, or delete it",
    "NOT_A_FILE": "not a file: a folder, a device, a broken link, or a name that is not UTF-8; rename or delete it",
    "LEAVES_ROOT": "this link leaves the input root and is not followed: copy its target here, or give --follow-links",
    "UNKNOWN_EXTENSION": "not read: this layout reads {partner}, in lower case; rename or convert the file",
}


@dataclass(frozen=True)
class Discovery:
    """What a listing holds.

    clips: every pair of names, sorted by folder and file name (code points): a clip's index here is its place in the
    original script's order, too. unusable: indices of clips that a problem forbids to process.
    ignored: files that are no part of the layout, counted by extension.
    """

    layout: Layout
    clips: ClipColumns
    unusable: frozenset[int]
    problems: tuple[Problem, ...]
    ignored: Mapping[str, int]

    def speakers(self) -> list[str]:
        return sorted(set(self.clips.speakers))


def discover(entries: Iterable[Entry], layout: str = AUTO, layouts: Sequence[Layout] = LAYOUTS) -> Discovery:
    """Clips and problems of a listing, in one pass over it; directories may be in it, and should be on a disk.

    layout: a layout's name, or `auto` for the one that makes most pairs. Raises BadConfig when there is no such layout,
    when it finds no pair, or when two find equally many.
    """
    tree = sort_out(entries, layouts)
    chosen = _choose(tree, layout, layouts)
    pairing = _Pairing(tree, chosen)
    pairing.pair_all()
    problems = [*pairing.problems, *_unread(tree, chosen), *_names(tree, chosen)]
    problems.sort(key=lambda problem: (problem.path, problem.reason))
    return Discovery(chosen, pairing.clips, frozenset(pairing.unusable), tuple(problems), dict(tree.ignored))


def _num_pairs(tree: Tree, layout: Layout, below: str = "") -> int:
    """Pairs that a layout makes below a folder (`` or `name/`)."""
    num_pairs = 0
    for path, folder in tree.folders.items():
        if path.startswith(below) and layout.speaker_of(path.removeprefix(below)) is not None:
            align = tree.folders.get(below + layout.align_folder_of(path.removeprefix(below)))
            if align:
                stems = set(align.stems(layout.align_suffix))
                num_pairs += sum(stem in stems for stem in folder.stems(layout.media_suffix))
    return num_pairs


def _choose(tree: Tree, name: str, layouts: Sequence[Layout]) -> Layout:
    known = {layout.name: layout for layout in layouts}
    if name != AUTO and name not in known:
        raise BadConfig("UNKNOWN_LAYOUT", f"there is no layout {name!r}, only {', '.join([AUTO, *known])}")
    tried = layouts if name == AUTO else (known[name],)
    found = sorted(((_num_pairs(tree, layout), layout.name) for layout in tried), reverse=True)
    if found[0][0] == 0:
        raise _nothing_found(tree, tried)
    if len(found) > 1 and found[0][0] == found[1][0]:
        raise BadConfig(
            "AMBIGUOUS_LAYOUT",
            f"layouts {found[0][1]} and {found[1][1]} both find {found[0][0]} clips: choose with --layout",
        )
    return known[found[0][1]]


def _nothing_found(tree: Tree, layouts: Sequence[Layout]) -> BadConfig:
    """The error that says what was seen, what is expected, and the likeliest remedy."""
    counts = Counter(name[name.rfind(".") :] for folder in tree.folders.values() for name in folder.names)
    seen = ", ".join(f"{count} {suffix}" for suffix, count in sorted((counts + tree.ignored).items())) or "no file"
    expected = "; or ".join(layout.looks_like for layout in layouts)
    remedy = "check --input-root" if seen != "no file" else "check --input-root: it is empty"
    reason = "NO_CLIPS"
    root = tree.folders.get("")
    if root and any(root.with_suffix(layout.media_suffix) for layout in layouts):
        reason = "ROOT_IS_A_SPEAKER"
        remedy = "clips lie in the root itself, as in one speaker's folder: make its parent folder the --input-root"
    for below in sorted({path.partition("/")[0] + "/" for path in tree.folders}):
        if any(_num_pairs(tree, layout, below) for layout in layouts):
            remedy = f"clips were found one folder deeper: add {below!r} to --input-root"
            break
    return BadConfig(
        reason, f"no clip with its align below the input root: it holds {seen}. Expected: {expected}. {remedy}"
    )


class _Pairing:
    """Pairs up one tree by one layout, folder by folder."""

    def __init__(self, tree: Tree, layout: Layout) -> None:
        self._tree = tree
        self._layout = layout
        self.clips = ClipColumns(extras={ALIGN: FileColumn()})
        self.unusable: set[int] = set()
        self.problems: list[Problem] = []

    def pair_all(self) -> None:
        layout, folders = self._layout, self._tree.folders
        speakers = {path: layout.speaker_of(path) for path in sorted(folders)}
        speaker_of = {path: speaker for path, speaker in speakers.items() if speaker is not None}
        # Several folders may share a speaker, or aligns: what they use is kept until the last of them has been paired.
        speakers_left = Counter(speaker_of.values())
        aligns_left = Counter(map(layout.align_folder_of, speaker_of))
        stems_of: defaultdict[str, set[str]] = defaultdict(set)
        used_of: defaultdict[str, set[str]] = defaultdict(set)
        for path, speaker in speaker_of.items():
            align_path = layout.align_folder_of(path)
            used_of[align_path] |= self._pair_folder(path, speaker, stems_of[speaker])
            speakers_left[speaker] -= 1
            if not speakers_left[speaker]:
                del stems_of[speaker]
            aligns_left[align_path] -= 1
            if not aligns_left[align_path]:
                self._report_aligns_alone(align_path, used_of.pop(align_path))
        for path in folders:
            if path not in aligns_left and layout.media_folder_of(path) is not None:
                self._report_aligns_alone(path, set())

    def _pair_folder(self, path: str, speaker: str, stems: set[str]) -> set[str]:
        """Appends the folder's pairs; returns the stems of its media. stems: the speaker's so far."""
        layout, media = self._layout, self._tree.folders[path]
        align_path = layout.align_folder_of(path)
        align = self._tree.folders.get(align_path, Folder())
        partners = {stem_of(name, layout.align_suffix): (name, k) for name, k in align.with_suffix(layout.align_suffix)}
        listed = [(stem_of(name, layout.media_suffix), name, i) for name, i in media.with_suffix(layout.media_suffix)]
        paired = [row for row in listed if row[0] in partners]
        first = len(self.clips)
        self.clips.keys.extend(f"{speaker}/{stem}" for stem, _, _ in paired)
        self.clips.speakers.extend(itertools.repeat(speaker, len(paired)))
        self._append(self.clips.media, path, media, [(name, i) for _, name, i in paired])
        self._append(self.clips.extras[ALIGN], align_path, align, [partners[stem] for stem, _, _ in paired])
        for clip, (stem, name, _) in enumerate(paired, first):
            if stem in stems:
                self._refuse_equal_key(clip, f"{path}/{name}", f"{speaker}/{stem}")
            stems.add(stem)
        self._report_alone(path, [name for stem, name, _ in listed if stem not in partners], len(listed))
        return {stem for stem, _, _ in listed}

    def _append(self, column: FileColumn, path: str, folder: Folder, files: list[tuple[str, int]]) -> None:
        """Appends a file a clip, each (name, index in its folder), and notes those that hold nothing to read."""
        versions = folder.versions[:]
        sizes_bytes = [folder.sizes_bytes[i] for _, i in files]
        first = len(column)
        column.extend((f"{path}/{name}" for name, _ in files), sizes_bytes, (versions[i] for _, i in files))
        for clip, ((name, _), size_bytes) in enumerate(zip(files, sizes_bytes, strict=True), first):
            if size_bytes == 0:
                reason = _odd_reason(folder.odd[name]) if name in folder.odd else "EMPTY_FILE"
                self.problems.append(Problem(f"{path}/{name}", reason, _WHY[reason]))
                self.unusable.add(clip)

    def _refuse_equal_key(self, clip: int, path: str, key: str) -> None:
        message = f"another clip has the key {key!r} already; keys must differ: rename or delete one of them"
        self.problems.append(Problem(path, "DUPLICATE_KEY", message))
        self.unusable.add(clip)

    def _report_alone(self, path: str, names: list[str], num_media: int) -> None:
        """Media without an align: one problem a file, or one for the folder when it has none at all."""
        layout, odd = self._layout, self._tree.folders[path].odd
        align_path = layout.align_folder_of(path)
        if len(names) > 1 and len(names) == num_media and not odd:
            message = (
                f"none of its {num_media} {layout.media_suffix} has an align: add {align_path}/ID{layout.align_suffix}"
            )
            self.problems.append(Problem(path, "MISSING_ALIGN", message, num_media))
            return
        for name in names:
            reason = _odd_reason(odd[name]) if name in odd else "MISSING_ALIGN"
            partner = f"{align_path}/{name.removesuffix(layout.media_suffix)}{layout.align_suffix}"
            self.problems.append(Problem(f"{path}/{name}", reason, _WHY[reason].format(partner=partner)))

    def _report_aligns_alone(self, path: str, used: set[str]) -> None:
        """Aligns without media: one problem a file, or one for the folder when none has any."""
        layout, folder = self._layout, self._tree.folders.get(path, Folder())
        names = [name for name in folder.names if name.endswith(layout.align_suffix)]
        alone = [name for name in names if stem_of(name, layout.align_suffix) not in used]
        media_path = layout.media_folder_of(path) or "a media folder"
        if len(alone) > 1 and len(alone) == len(names) and not folder.odd:
            message = (
                f"none of its {len(alone)} {layout.align_suffix} has a clip: add {media_path}/ID{layout.media_suffix}"
            )
            self.problems.append(Problem(path, "MISSING_MEDIA", message, len(alone)))
            return
        for name in alone:
            reason = _odd_reason(folder.odd[name]) if name in folder.odd else "MISSING_MEDIA"
            partner = f"{media_path}/{name.removesuffix(layout.align_suffix)}{layout.media_suffix}"
            self.problems.append(Problem(f"{path}/{name}", reason, _WHY[reason].format(partner=partner)))


def _odd_reason(kind: str) -> str:
    return "LEAVES_ROOT" if kind == "outside" else "NOT_A_FILE"


def _unread(tree: Tree, layout: Layout) -> list[Problem]:
    """Folders with media or aligns that the layout does not look at."""
    problems = []
    aligns = {layout.align_folder_of(path) for path in tree.folders if layout.speaker_of(path) is not None}
    for path, folder in tree.folders.items():
        is_align = path in aligns or layout.media_folder_of(path) is not None
        for suffix, is_read in (
            (layout.media_suffix, layout.speaker_of(path) is not None),
            (layout.align_suffix, is_align),
        ):
            count = 0 if is_read else sum(name.endswith(suffix) for name in folder.names)
            if count:
                message = f"{count} {suffix} in this folder are not read: layout {layout.name} is {layout.looks_like}"
                problems.append(Problem(path or ".", "UNREAD_FOLDER", message, count))
    return problems


def _names(tree: Tree, layout: Layout) -> list[Problem]:
    """Names that keep a file from being read: an extension nearly right, a folder that is a link out of the root."""
    problems = []
    for folder, name in tree.lookalikes:
        is_media = layout.speaker_of(folder) is not None
        if is_media or layout.media_folder_of(folder) is not None:
            expected = layout.media_suffix if is_media else layout.align_suffix
            message = _WHY["UNKNOWN_EXTENSION"].format(partner=expected)
            problems.append(Problem(f"{folder}/{name}", "UNKNOWN_EXTENSION", message))
    problems.extend(Problem(path, "LEAVES_ROOT", _WHY["LEAVES_ROOT"]) for path in tree.links if _matters(path, layout))
    return problems


def _matters(path: str, layout: Layout) -> bool:
    """Whether the layout would read a link's target were it a folder."""
    return layout.speaker_of(path) is not None or layout.media_folder_of(path) is not None
