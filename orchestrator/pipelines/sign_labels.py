"""Which gloss and category each sign clip has, decided when the run is planned. Reads tables; writes nothing."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.commands.roots import absolute
from orchestrator.pipelines.sign_label_match import label_clips
from services.base.errors import BadConfig
from services.base.store import NotThere, open_store
from services.records.sign.labels import (
    GLOSS_COLUMNS,
    HEADER,
    MAX_ID,
    Gloss,
    LabelRow,
    composed,
    is_gloss_table,
    other_columns,
    parse_clip_map,
    parse_glosses,
    parse_labels,
    same_clip,
)

DEFAULT_FILE = "labels.csv"
GLOSSES_FILE = "glosses.csv"
_SHOWN = 3
# As file managers name a copy of a folder: "tea (copy)", "tea (2)", "tea - Copy", "tea copy 2".
_COPY = re.compile(r"( \((copy|another copy|\d+)( \d+)?\)| - [Cc]opy( \(\d+\))?| copy( \d+)?)$")


@dataclass(frozen=True)
class Labels:
    """Labels of a run. of_name: output name -> (gloss, cat). glosses: names of ids, where names were given.

    file: the labels file below the output root. kept: rows of other clips that it goes on holding.
    """

    of_name: Mapping[str, tuple[int, int]]
    glosses: tuple[Gloss, ...] = ()
    file: str = DEFAULT_FILE
    kept: tuple[LabelRow, ...] = ()
    notes: tuple[str, ...] = ()
    appends: bool = False

    def details(self) -> dict[str, Any]:
        """What finishing the run needs, JSON-able."""
        return {
            "labels_file": self.file,
            "appends": self.appends,
            "labels": {name: list(label) for name, label in self.of_name.items()},
            "glosses": [list(gloss) for gloss in self.glosses],
            "kept_labels": [list(row) for row in self.kept],
        }


def plan_labels(names: Mapping[str, str], flags: argparse.Namespace, odd: Mapping[str, str] | None = None) -> Labels:
    """The labels that the flags ask for. Raises BadConfig.

    names: path -> output name of every clip. odd: the same of files that are none, such as empty ones: a line of a map
    may mean one of them, and is then not another clip's.
    """
    file, source = _where(flags)
    known = _known_glosses(flags) if flags.append else ()
    made = _made(names, flags, known, odd or {})
    kept = _kept(source, names) if flags.append else ()
    return Labels(made.of_name, _joined(known, made.glosses), file, kept, made.notes, flags.append)


def _known_glosses(flags: argparse.Namespace) -> tuple[Gloss, ...]:
    """Those of earlier runs in this output."""
    try:
        data = open_store(absolute(flags.output_root)).read(GLOSSES_FILE)
    except NotThere:
        return ()
    _check_columns(data, GLOSSES_FILE, GLOSS_COLUMNS)
    return tuple(parse_glosses(data))


def _check_columns(data: bytes, file: str, known: Sequence[str]) -> None:
    """Raises BadConfig LABELS_HAVE_COLUMNS where the file has columns that writing it anew would lose."""
    if others := other_columns(data, known):
        raise BadConfig(
            "LABELS_HAVE_COLUMNS",
            f"{file} has the columns {', '.join(others)} beside {', '.join(known)}, and --append writes it anew "
            f"without them: keep them in a table of their own, by {known[0]}, and take them out of {file}",
        )


def _joined(known: Sequence[Gloss], made: Sequence[Gloss]) -> tuple[Gloss, ...]:
    """Raises BadConfig GLOSS_IDS_DIFFER where an id would stand for two words, or a word have two ids."""
    by_id = {gloss.gloss: gloss for gloss in known}
    by_label = {gloss.label: gloss for gloss in known}
    for gloss in made:
        for other in (by_id.get(gloss.gloss, gloss), by_label.get(gloss.label, gloss)):
            if (other.gloss, other.label, other.cat) != (gloss.gloss, gloss.label, gloss.cat):
                raise BadConfig(
                    "GLOSS_IDS_DIFFER",
                    f"{gloss.label!r} would be gloss {gloss.gloss} of category {gloss.cat}, and {GLOSSES_FILE} in the "
                    f"output has {other.label!r} as {other.gloss} of {other.cat}: give a --label-map that agrees",
                )
    return tuple(sorted({*known, *made}))


def _made(
    names: Mapping[str, str], flags: argparse.Namespace, known: Sequence[Gloss], odd: Mapping[str, str]
) -> Labels:
    gloss_id = flags.id if flags.id is not None else flags.gloss_id
    asked = {"--id": gloss_id is not None, "--label-map": bool(flags.label_map)}
    if all(asked.values()) or (gloss_id is not None and flags.label_from):
        raise BadConfig(
            "FLAGS_DISAGREE", "labels come from --id, from --label-from or from --label-map: give one of them"
        )
    if flags.label_map:
        root = absolute(flags.input_root) if getattr(flags, "input_root", "") else ""
        return _from_map(names, odd, flags.label_map, root)
    if flags.label_from == "folder":
        return from_folders(names, known=known)
    if gloss_id is None:
        return Labels({}, notes=("no --id, --label-from or --label-map: no labels.csv is written",))
    cat_id = flags.cat_id if flags.cat_id is not None else gloss_id
    for number in (gloss_id, cat_id):
        if not 0 <= number <= MAX_ID:
            raise BadConfig("BAD_FLAGS", f"ids are whole numbers from 0 to {MAX_ID}, and {number} was given")
    return Labels(dict.fromkeys(names.values(), (gloss_id, cat_id)))


def from_folders(names: Mapping[str, str], table: Sequence[Gloss] = (), known: Sequence[Gloss] = ()) -> Labels:
    """The gloss is the folder that a clip lies in, the category the folder above, where each gloss has one.

    Folders named by whole numbers are ids; other names are found in the table, or are those of known glosses, and the
    rest are numbered on in order of the alphabet. Raises BadConfig for a folder that the table lacks, for two of one
    number, for numbers beside words, a copy beside its original, and glosses of which some alone have a category.
    """
    parts = {path: [composed(folder) for folder in path.split("/")[:-1]] for path in names}
    placed = {path: folders for path, folders in parts.items() if folders}
    notes = _told([path for path in names if path not in placed], "lie in no folder and get no label")
    by_name = {gloss.label: gloss for gloss in table}
    if table:
        unknown = sorted({folders[-1] for folders in placed.values()} - set(by_name))
        if unknown:
            raise BadConfig(
                "BAD_LABEL_MAP", f"{len(unknown)} folders are no label in it, the first {unknown[0]!r}: add them"
            )
        of_name = {names[p]: (by_name[f[-1]].gloss, by_name[f[-1]].cat) for p, f in placed.items()}
        return Labels(of_name, tuple(sorted(table)), notes=notes)
    _check_copies({folders[-1] for folders in placed.values()})
    gloss_ids = _ids({folders[-1] for folders in placed.values()}, {gloss.label: gloss.gloss for gloss in known})
    above: dict[str, set[str]] = {}
    for folders in placed.values():
        above.setdefault(folders[-1], set()).add(folders[-2] if len(folders) > 1 else "")
    nested = all(len(found) == 1 and "" not in found for found in above.values())
    _check_depth(above)
    category = {gloss: next(iter(found)) if nested else gloss for gloss, found in above.items()}
    cat_ids = _ids(set(category.values()), {gloss.category: gloss.cat for gloss in known}) if nested else gloss_ids
    of_name = {names[p]: (gloss_ids[f[-1]], cat_ids[category[f[-1]]]) for p, f in placed.items()}
    glosses = [Gloss(gloss_ids[g], g, cat_ids[category[g]], category[g]) for g in above]
    return Labels(of_name, tuple(sorted(glosses)), notes=notes)


def _check_copies(folders: set[str]) -> None:
    """Raises BadConfig where a folder is named as a file manager names a copy of another one."""
    for folder in sorted(folders):
        original = _COPY.sub("", folder)
        if original != folder and original in folders:
            raise BadConfig(
                "FOLDERS_DISAGREE",
                f"the folder {folder!r} looks like a copy of {original!r} and would be a gloss of its own: join them, "
                "or rename it",
            )


def _check_depth(above: Mapping[str, set[str]]) -> None:
    """Raises BadConfig where some glosses lie in a category's folder and others in none. above: gloss -> folders."""
    bare = sorted(gloss for gloss, found in above.items() if "" in found)
    below = sorted(gloss for gloss, found in above.items() if found - {""})
    if bare and below:
        fewer, what = min((bare, "in no folder"), (below, "below another folder"), key=lambda one: len(one[0]))
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{_few(fewer)} {'lies' if len(fewer) == 1 else 'lie'} {what} and the other glosses do not, so what is a "
            "gloss and what a category cannot be told: move it, or give a --label-map",
        )


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _is_number(folder: str) -> bool:
    return folder.isdecimal() and folder.isascii()


def _ids(folders: set[str], known: Mapping[str, int]) -> dict[str, int]:
    numbers = sorted(filter(_is_number, folders))
    words = sorted(folders - set(numbers))
    if numbers and words:
        fewer, what, others = min(
            (words, "no number", "are numbers"), (numbers, "a number", "are none"), key=lambda one: len(one[0])
        )
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{_few(fewer)}: {what}, and the other {len(folders) - len(fewer)} folders {others}, so numbering them "
            "anew would change what is an id already: rename or remove what does not belong, or give a "
            "--label-map with gloss_id,label,cat_id",
        )
    if too_large := [folder for folder in numbers if int(folder) > MAX_ID]:
        raise BadConfig("FOLDERS_DISAGREE", f"the folder {too_large[0]!r} is over the largest id, {MAX_ID}: rename it")
    if not words:
        numbered: dict[int, str] = {}
        for folder in sorted(folders):
            if numbered.setdefault(int(folder), folder) != folder:
                raise BadConfig(
                    "FOLDERS_DISAGREE",
                    f"the folders {numbered[int(folder)]!r} and {folder!r} are both gloss {int(folder)}: join them",
                )
        return {folder: number for number, folder in numbered.items()}
    first = max(known.values(), default=-1) + 1
    return dict(known) | {folder: i for i, folder in enumerate(sorted(folders - set(known)), first)}


def _from_map(names: Mapping[str, str], odd: Mapping[str, str], path: str, input_root: str) -> Labels:
    data = _read_file(path)
    try:
        if is_gloss_table(data):
            return from_folders(names, parse_glosses(data))
        rows = parse_clip_map(data)
        labels, unused = label_clips({**names, **odd}, rows, input_root)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{path}: {error.message}") from error
    of_name = {names[clip]: label for clip, label in labels.items() if clip in names}
    notes = _told([clip for clip, name in names.items() if name not in of_name], f"are not in {path} and get no label")
    if unused:
        shape = f" (here a clip is named as {next(iter(names))!r})" if names else ""
        notes += _told(unused, f"are in {path} and are no clip{shape}")
    if not of_name:
        raise BadConfig(
            "BAD_LABEL_MAP",
            f"{path}: none of its {len(rows)} files is a clip, such as {rows[0].file!r}: name them as below the root, "
            f"such as {next(iter(names), 'folder/clip.mp4')!r}"
            if rows
            else f"{path}: it has no line below its header",
        )
    return Labels(of_name, notes=notes)


def _told(paths: Sequence[str], what: str) -> tuple[str, ...]:
    return (f"{len(paths)} {what}, such as {', '.join(paths[:_SHOWN])}",) if paths else ()


def _where(flags: argparse.Namespace) -> tuple[str, str]:
    """(name of the labels file below the output root, the file that --append reads)."""
    root = absolute(flags.output_root).rstrip("/")
    asked = absolute(flags.labels_csv) if flags.labels_csv else f"{root}/{DEFAULT_FILE}"
    if asked.startswith(f"{root}/"):
        name = asked.removeprefix(f"{root}/")
        # Other files of an output have other endings, so this one cannot take the place of a clip's.
        if name.lower() == GLOSSES_FILE or not name.lower().endswith(".csv"):
            raise BadConfig(
                "BAD_FLAGS",
                f"--labels-csv {flags.labels_csv}: a labels file ends in .csv, and {GLOSSES_FILE} is taken: name it "
                f"{DEFAULT_FILE}, say",
            )
        return name, asked
    if flags.append:
        return DEFAULT_FILE, asked
    raise BadConfig(
        "LABELS_OUTSIDE",
        f"--labels-csv {flags.labels_csv} is not below the output root {root}: name a file in it, or give --append to "
        f"take its rows over into {DEFAULT_FILE} there",
    )


def _kept(source: str, names: Mapping[str, str]) -> tuple[LabelRow, ...]:
    """Rows of an earlier labels file that are of none of the run's clips, so that a second run keeps the same."""
    root, _, name = source.rpartition("/")
    try:
        data = open_store(root).read(name)
        _check_columns(data, name, HEADER)
        rows = parse_labels(data)
    except NotThere:
        return ()
    except BadConfig as error:
        raise BadConfig(error.reason, f"{source}: {error.message}") from error
    ours = set(names.values())
    return tuple(sorted(row for row in rows if same_clip(row.file) not in ours))


def _read_file(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise BadConfig("NOT_READABLE", f"--label-map {path} cannot be read: {error.strerror}") from error
