"""From a listing of files to GRID clips and problems. Pure: nothing is opened, nothing is skipped without a word."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.pipelines.catalog import ClipColumns, Entry, FileColumn, Problem, utterance_of
from orchestrator.pipelines.grid.choice import AUTO, choose_layout
from orchestrator.pipelines.grid.elsewhere import aligns_elsewhere, aligns_without_clips
from orchestrator.pipelines.grid.layouts import LAYOUTS, Layout
from orchestrator.pipelines.grid.picture_clips import picture_problems, place_picture_clips
from orchestrator.pipelines.grid.remedy import unpack_command
from orchestrator.pipelines.grid.tree import Folder, Tree, is_medium, media_stem, name_in_folder, sort_out, stem_of
from services.base.media.pictures import is_picture_folder
from services.formats.align import sentence_of_stem

ALIGN = "align"

_WHY: dict[str, str] = {
    "MISSING_ALIGN": "this clip has no align and is left out: add {partner}",
    "MISSING_MEDIA": "this align has no clip: add {partner}, or leave it there unused",
    "EMPTY_FILE": "the file holds 0 bytes: fetch it again",
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

    layout: a layout's name, or `auto` for the one that makes most pairs, in the root or else in a folder of it. Raises
    BadConfig when there is no such layout, when it finds no pair, or when two find equally many.
    """
    tree = sort_out(entries, layouts)
    place_picture_clips(tree, layouts[0].media_suffix, layouts[0].align_suffix)
    chosen = choose_layout(tree, layout, layouts)
    pairing = _Pairing(tree, chosen)
    pairing.pair_all()
    elsewhere = aligns_elsewhere(tree, chosen)
    reported = {path for problem in elsewhere for path in problem.clips}
    pairing.leave_out(reported)
    own = [problem for problem in pairing.problems if not reported.issuperset(problem.clips or (problem.path,))]
    own = _with_hints(own, tree, chosen)
    problems = [*own, *elsewhere, *_unread(tree, chosen), *_names(tree, chosen), *picture_problems(tree, chosen)]
    problems += _packed(tree, chosen, set(pairing.clips.speakers))
    problems.sort(key=lambda problem: (problem.path, problem.reason))
    return Discovery(chosen, pairing.clips, frozenset(pairing.unusable), tuple(problems), dict(tree.ignored))


class _Pairing:
    """Pairs up one tree by one layout, folder by folder."""

    def __init__(self, tree: Tree, layout: Layout) -> None:
        self._tree = tree
        self._layout = layout
        self.clips = ClipColumns(extras={ALIGN: FileColumn()})
        self.unusable: set[int] = set()
        self.problems: list[Problem] = []

    def leave_out(self, media: set[str]) -> None:
        """Forbids to process the clips of these media."""
        if media:
            self.unusable.update(i for i, path in enumerate(self.clips.media.paths) if path in media)

    def refuse_shared_aligns(self) -> None:
        """Of clips with one align: if their name spells a GRID sentence it has their words; else nobody knows whose."""
        users: defaultdict[str, list[int]] = defaultdict(list)
        for i, path in enumerate(self.clips.extras[ALIGN].paths):
            users[path].append(i)
        num_spelled = 0
        for path, clips in sorted(users.items()):
            keys = [self.clips.keys[i] for i in clips]
            if len(clips) > 1 and sentence_of_stem(utterance_of(keys[0])) is not None:
                num_spelled += 1
            elif len(clips) > 1:
                message = f"it would be the label of {', '.join(keys)}: give each speaker a folder of aligns"
                media = tuple(self.clips.media.paths[i] for i in clips)
                self.problems.append(Problem(path, "SHARED_ALIGN", message, 0, media))
                self.unusable.update(clips)
        if num_spelled:
            message = (
                f"{num_spelled} aligns serve clips of several speakers: the words are those of their names, the times "
                "can be those of one speaker only"
            )
            self.problems.append(Problem(self._layout.below + self._layout.align_folder, "SHARED_TIMES", message, 0))

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
        if layout.shares_aligns:
            self.refuse_shared_aligns()

    def _pair_folder(self, path: str, speaker: str, stems: set[str]) -> set[str]:
        """Appends the folder's pairs; returns the stems of its media. stems: the speaker's so far."""
        layout, media = self._layout, self._tree.folders[path]
        align_path = layout.align_folder_of(path)
        align = self._tree.folders.get(align_path, Folder())
        partners = {stem_of(name, layout.align_suffix): (name, k) for name, k in align.with_suffix(layout.align_suffix)}
        listed = media.media(layout.media_suffix)
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
            if name in folder.faults:
                fault = folder.faults[name]
                self.problems.append(Problem(f"{path}/{name}", fault.reason, fault.message, 1, (f"{path}/{name}",)))
                self.unusable.add(clip)
            elif size_bytes == 0 and clip not in self.unusable:
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
                f"none of its {num_media} {_media_word(names, layout)} has an align: "
                f"add {align_path}/ID{layout.align_suffix}"
            )
            clips = tuple(f"{path}/{name}" for name in names)
            self.problems.append(Problem(path, "MISSING_ALIGN", message, num_media, clips))
            return
        for name in names:
            reason = _odd_reason(odd[name]) if name in odd else "MISSING_ALIGN"
            partner = f"{align_path}/{media_stem(name, layout.media_suffix)}{layout.align_suffix}"
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


def _media_word(names: Iterable[str], layout: Layout) -> str:
    return "clips" if any(map(is_picture_folder, names)) else layout.media_suffix


def _odd_reason(kind: str) -> str:
    return "LEAVES_ROOT" if kind == "outside" else "NOT_A_FILE"


def _unread(tree: Tree, layout: Layout) -> list[Problem]:
    """Folders with media or aligns that the layout does not look at."""
    problems = []
    aligns = {layout.align_folder_of(path) for path in tree.folders if layout.speaker_of(path) is not None}
    for path, folder in tree.folders.items():
        is_align = path in aligns or layout.media_folder_of(path) is not None
        media = [name for name in folder.names if is_medium(name, layout.media_suffix)]
        others = [name for name in folder.names if name.endswith(layout.align_suffix)]
        for names, what, is_read in (
            (media, _media_word(media, layout), layout.speaker_of(path) is not None),
            (others, layout.align_suffix, is_align),
        ):
            if names and not is_read:
                message = (
                    f"{len(names)} {what} in this folder are not read and left out: layout {layout.name} is "
                    f"{layout.looks_like}: move them to where it looks"
                )
                clips = tuple(sorted(f"{path}/{name}".lstrip("/") for name in names)) if names is media else ()
                problems.append(Problem(path or ".", "UNREAD_FOLDER", message, len(names), clips))
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
    for reason, paths in (("LEAVES_ROOT", tree.links), ("NOT_A_FILE", tree.broken)):
        problems.extend(Problem(path, reason, _WHY[reason]) for path in paths if _matters(path, layout))
    return problems


def _with_hints(problems: list[Problem], tree: Tree, layout: Layout) -> list[Problem]:
    """A clip without an align is told where one of its name lies that no clip has."""
    if not any(problem.reason == "MISSING_ALIGN" and not problem.clips for problem in problems):
        return problems
    spare = aligns_without_clips(tree, layout)

    def hinted(problem: Problem) -> Problem:
        place = spare.get(media_stem(name_in_folder(problem.path), layout.media_suffix))
        if place is None or problem.reason != "MISSING_ALIGN" or problem.clips:
            return problem
        hint = f"one of this name lies in {place}, without a clip of its own: move it if it is this speaker's"
        return problem._replace(message=f"{problem.message}; {hint}")

    return [hinted(problem) for problem in problems]


def _packed(tree: Tree, layout: Layout, speakers: set[str]) -> list[Problem]:
    """Archives that may hold clips nobody has unpacked; those of a speaker whose aligns are there do."""
    places = (layout.media_folder_of(path) for path in tree.folders)
    waiting = {layout.speaker_of(place) for place in places if place is not None} - speakers
    problems = []
    for path in tree.archives:
        name = path.rpartition("/")[2]
        speaker = name.partition(".")[0]
        if speaker not in speakers and not name.startswith(("align", "audio")):
            command = unpack_command(path)
            how = f", with: {command}" if command else ""
            if speaker in waiting:
                message = f"an archive is not read, and the aligns of {speaker} are here: unpack it{how}"
                problems.append(Problem(path, "PACKED", message, 0, (path,)))
            else:
                message = f"an archive is not read: unpack it here if it holds clips{how}"
                problems.append(Problem(path, "PACKED", message, 0))
    return problems


def _matters(path: str, layout: Layout) -> bool:
    """Whether the layout would read a link's target were it a folder."""
    return layout.speaker_of(path) is not None or layout.media_folder_of(path) is not None
