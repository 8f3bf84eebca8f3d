"""Glosses and categories from the folders that clips lie in. Pure: exact, or a refusal by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from orchestrator.pipelines.sign.label_words import few
from services.base.errors import BadConfig
from services.base.media.clip import MAX_ID
from services.records.sign.files.labels import Gloss, composed

Label = tuple[int, int]

# As file managers name a copy of a folder: "tea (copy)", "tea (2)", "tea - Copy", "tea copy 2".
_COPY = re.compile(r"( \((copy|another copy|\d+)( \d+)?\)| - [Cc]opy( \(\d+\))?| copy( \d+)?)$")
# Also with a sign, a fraction or an exponent, in digits of any script.
_LIKE_A_NUMBER = re.compile(r"[+\-\u2212]?\d+([.,]\d*)?([eE][+-]?\d+)?")


def label_folders(
    folders_of: Mapping[str, Sequence[str]],
    table: Sequence[Gloss] = (),
    known: Sequence[Gloss] = (),
    taken: Collection[Label] = (),
) -> tuple[dict[str, Label], tuple[Gloss, ...]]:
    """(clip -> (gloss, cat), the glosses). folders_of: clip -> names of the folders that it lies in, at least one.

    The gloss is the folder of the clip, the category the folder above, where each gloss has one. Folders named by whole
    numbers are ids; other names are found in the table, or are those of known glosses, and the rest are numbered on in
    order of the alphabet, over what is taken by clips of which no name is known.

    Raises BadConfig for a folder that the table lacks, for two of one number, for numbers beside words, names like
    numbers that are no ids, a copy beside its original, names that differ by upper and lower case alone, clips in
    folders of other depths, and glosses of which some alone have a category.
    """
    folders_of = {clip: [composed(folder) for folder in folders] for clip, folders in folders_of.items()}
    if table:
        return _by_table(folders_of, table), tuple(sorted(table))
    above: dict[str, set[str]] = {}
    for folders in folders_of.values():
        above.setdefault(folders[-1], set()).add(folders[-2] if len(folders) > 1 else "")
    nested = all(len(found) == 1 and "" not in found for found in above.values())
    _check_names([*above, *(gloss.label for gloss in known)])
    if nested:
        _check_names([*(name for found in above.values() for name in found), *(gloss.category for gloss in known)])
    _check_numbers(above)
    _check_depth(above)
    _check_same_depth(folders_of)
    gloss_ids = _ids(set(above), {gloss.label: gloss.gloss for gloss in known}, [gloss for gloss, _ in taken])
    category = {gloss: next(iter(found)) if nested else gloss for gloss, found in above.items()}
    known_cats = {gloss.category: gloss.cat for gloss in known}
    cat_ids = _ids(set(category.values()), known_cats, [cat for _, cat in taken]) if nested else gloss_ids
    label_of = {clip: (gloss_ids[f[-1]], cat_ids[category[f[-1]]]) for clip, f in folders_of.items()}
    glosses = [Gloss(gloss_ids[g], g, cat_ids[category[g]], category[g]) for g in above]
    return label_of, tuple(sorted(glosses))


def _by_table(folders_of: Mapping[str, Sequence[str]], table: Sequence[Gloss]) -> dict[str, Label]:
    by_name = {gloss.label: gloss for gloss in table}
    unknown = sorted({folders[-1] for folders in folders_of.values()} - set(by_name))
    if unknown:
        raise BadConfig(
            "BAD_LABEL_MAP", f"{len(unknown)} folders are no label in it, the first {unknown[0]!r}: add them"
        )
    return {clip: (by_name[f[-1]].gloss, by_name[f[-1]].cat) for clip, f in folders_of.items()}


def _check_names(folders: Iterable[str]) -> None:
    """Raises BadConfig where a folder is named as a copy of another one, or as another one but for case and spaces."""
    names = sorted(set(folders))
    by_folded: dict[str, str] = {}
    for folder in names:
        original = _COPY.sub("", folder)
        if original != folder and original in names:
            raise BadConfig(
                "FOLDERS_DISAGREE",
                f"the folder {folder!r} looks like a copy of {original!r} and would be a gloss of its own: join them, "
                "or rename it",
            )
        other = by_folded.setdefault(folder.strip().casefold(), folder)
        if other != folder:
            raise BadConfig(
                "FOLDERS_DISAGREE",
                f"{other!r} and {folder!r} differ by upper and lower case or spaces alone and would be two glosses: "
                "rename one, or give a --label-map with gloss_id,label,cat_id",
            )


def _check_depth(above: Mapping[str, set[str]]) -> None:
    """Raises BadConfig where some glosses lie in a category's folder and others in none. above: gloss -> folders."""
    bare = sorted(gloss for gloss, found in above.items() if "" in found)
    below = sorted(gloss for gloss, found in above.items() if found - {""})
    if bare and below:
        fewer, what = min((bare, "in no folder"), (below, "below another folder"), key=lambda one: len(one[0]))
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{few(fewer)} {'lies' if len(fewer) == 1 else 'lie'} {what} and the other glosses do not, so what is a "
            "gloss and what a category is ambiguous: move it, or give a --label-map",
        )


def _check_same_depth(folders_of: Mapping[str, Sequence[str]]) -> None:
    """Raises BadConfig where clips lie in folders of other depths: one too deep is taken for a gloss of its own."""
    depths = Counter(len(folders) for folders in folders_of.values())
    if len(depths) > 1:
        usual = max(depths, key=lambda depth: (depths[depth], depth))
        odd = sorted(clip for clip, folders in folders_of.items() if len(folders) != usual)
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{few(odd)}: not {usual} folders deep as the other clips, so which folder is the gloss cannot be told: "
            "move it, or give a --label-map",
        )


def _check_numbers(folders: Iterable[str]) -> None:
    """Raises BadConfig where a folder is named by a number that is no id: it would be numbered as a word is."""
    odd = sorted(f for f in folders if _LIKE_A_NUMBER.fullmatch(f.strip()) and not _is_number(f))
    if odd:
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{few(odd)}: named like a number and no id, which is a whole number from 0 to {MAX_ID} in plain digits: "
            "rename it, or give a --label-map with gloss_id,label,cat_id",
        )


def _is_number(folder: str) -> bool:
    return folder.isdecimal() and folder.isascii()


def _ids(folders: set[str], known: Mapping[str, int], taken: Iterable[int]) -> dict[str, int]:
    numbers = sorted(filter(_is_number, folders))
    words = sorted(folders - set(numbers))
    if numbers and words:
        fewer, what, others = min(
            (words, "no number", "are numbers"), (numbers, "a number", "are none"), key=lambda one: len(one[0])
        )
        raise BadConfig(
            "FOLDERS_DISAGREE",
            f"{few(fewer)}: {what}, and the other {len(folders) - len(fewer)} folders {others}, so numbering them "
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
    first = max([*known.values(), *taken], default=-1) + 1
    return dict(known) | {folder: i for i, folder in enumerate(sorted(folders - set(known)), first)}
