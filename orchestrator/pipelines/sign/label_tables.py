"""I/O: the tables of labels that an output holds already, of earlier runs and of its user, which a run adds to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.pipelines.base import EarlierRuns
from orchestrator.pipelines.files import Files
from orchestrator.pipelines.sign.label_words import such_as
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.run.spec import RunSpec
from services.base.store.roots import absolute
from services.records.sign.files.label_table import TableForm, glosses_form, labels_form
from services.records.sign.files.labels import Gloss, LabelRow, parse_glosses, parse_labels, same_clip

DEFAULT_FILE = "labels.csv"
GLOSSES_FILE = "glosses.csv"
Label = tuple[int, int]


@dataclass(frozen=True)
class KeptRows:
    """Rows that a labels file goes on holding, and how it is written where this is not as this program does it.

    notes: of labels that are replaced.
    """

    rows: tuple[LabelRow, ...] = ()
    form: TableForm | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownGlosses:
    """Glosses of earlier runs in an output, and how their table is written, likewise."""

    glosses: tuple[Gloss, ...] = ()
    form: TableForm | None = None


def where(options: SignOptions, output_root: str) -> tuple[str, str]:
    """(name of the labels file below the output root, the file that --append reads). Raises BadConfig."""
    root = output_root.rstrip("/")
    asked = absolute(options.labels_csv) if options.labels_csv else f"{root}/{DEFAULT_FILE}"
    if asked.startswith(f"{root}/"):
        name = asked.removeprefix(f"{root}/")
        # Other files of an output have other endings, so this one cannot take the place of a clip's.
        if name.lower() == GLOSSES_FILE or not name.lower().endswith(".csv"):
            raise BadConfig(
                "BAD_FLAGS",
                f"--labels-csv {options.labels_csv}: a labels file ends in .csv, and {GLOSSES_FILE} is taken: name it "
                f"{DEFAULT_FILE}, say",
            )
        return name, asked
    if options.append:
        return DEFAULT_FILE, asked
    raise BadConfig(
        "LABELS_OUTSIDE",
        f"--labels-csv {options.labels_csv} is not below the output root {root}: name a file in it, or give --append "
        f"to take its rows over into {DEFAULT_FILE} there",
    )


def known_glosses(output_root: str, files: Files) -> KnownGlosses:
    """Those of the output's table. Raises BadConfig where it cannot be read."""
    data = files.read_if_there("--output-root", f"{output_root.rstrip('/')}/{GLOSSES_FILE}")
    if data is None:
        return KnownGlosses()
    try:
        return KnownGlosses(tuple(parse_glosses(data)), glosses_form(data))
    except BadConfig as error:
        raise BadConfig(error.reason, f"{GLOSSES_FILE} in the output: {error.message}") from error


def joined(known: Sequence[Gloss], made: Sequence[Gloss]) -> tuple[Gloss, ...]:
    """Raises BadConfig GLOSS_IDS_DIFFER where an id would stand for two words, or a word have two ids; so for
    categories.
    """
    by_id = {gloss.gloss: gloss for gloss in known}
    by_label = {gloss.label: gloss for gloss in known}
    categories = {gloss.cat: gloss.category for gloss in known if gloss.category}
    cat_ids = {gloss.category: gloss.cat for gloss in known if gloss.category}
    held = set(known)
    for gloss in made:
        if gloss in held:
            continue
        for other in (by_id.get(gloss.gloss, gloss), by_label.get(gloss.label, gloss)):
            if (other.gloss, other.label, other.cat) != (gloss.gloss, gloss.label, gloss.cat):
                raise BadConfig(
                    "GLOSS_IDS_DIFFER",
                    f"{gloss.label!r} would be gloss {gloss.gloss} of category {gloss.cat}, and {GLOSSES_FILE} in the "
                    f"output has {other.label!r} as {other.gloss} of {other.cat}: give a --label-map that agrees",
                )
        pair = (gloss.cat, gloss.category)
        there = (cat_ids.get(gloss.category, gloss.cat), categories.get(gloss.cat, gloss.category))
        if gloss.category and pair != there:
            raise BadConfig(
                "GLOSS_IDS_DIFFER",
                f"category {gloss.cat} of {gloss.label!r} would be {gloss.category!r}, and {GLOSSES_FILE} in the "
                f"output has {there[1]!r} as it, and {gloss.category!r} as {there[0]}: give a --label-map that agrees",
            )
    by_word = {gloss.label: gloss for gloss in made} | by_label
    return tuple(sorted(by_word.values()))


def labels_taken(source: str, files: Files) -> set[Label]:
    """The labels of a labels file, so that no other word gets them. Raises BadConfig BAD_LABELS."""
    data = _labels_there(source, files)
    return {(row.gloss, row.cat) for row in parse_labels(data)} if data else set()


def _labels_there(source: str, files: Files) -> bytes:
    """The labels file, empty where there is none. Raises BadConfig BAD_LABELS where it cannot be read."""
    data = files.read_if_there("--labels-csv", source)
    if data is None:
        return b""
    try:
        parse_labels(data)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{source}: {error.message}") from error
    return data


def kept_rows(source: str, made: Mapping[str, Label], earlier: EarlierRuns, files: Files) -> KeptRows:
    """Rows of a labels file that is there but those that the run makes anew, so that a second run keeps the same.

    made: output name -> label of the run. earlier: the runs that the output holds. Raises BadConfig BAD_LABELS where
    the file cannot be read, LABELS_EDITED where a clip of the run had its label from a run before it, and has another
    one in the file now.
    """
    data = _labels_there(source, files)
    if not data:
        return KeptRows()
    rows = parse_labels(data)
    try:
        form = labels_form(data, map(same_clip, made))
    except BadConfig as error:
        raise BadConfig(error.reason, f"{source}: {error.message}") from error
    ours = {same_clip(name): label for name, label in made.items()}
    replaced = [row for row in rows if ours.get(same_clip(row.file), (row.gloss, row.cat)) != (row.gloss, row.cat)]
    if replaced:
        _check_not_edited(source, replaced, ours, labels_given(earlier()))
    others = {same_clip(row.file): row for row in rows if same_clip(row.file) not in ours}
    shown = [f"{row.file} (gloss {row.gloss}, now {ours[same_clip(row.file)][0]})" for row in replaced]
    return KeptRows(
        tuple(sorted(others.values())), form, such_as(shown, f"rows of {source.rpartition('/')[2]} get another label")
    )


def _check_not_edited(
    source: str, rows: Iterable[LabelRow], ours: Mapping[str, Label], given: Mapping[str, Collection[Label]]
) -> None:
    """A label that was changed by hand is its user's. ours: key of a clip -> the label it would have."""
    for row in rows:
        before = given.get(same_clip(row.file))
        if before and (row.gloss, row.cat) not in before:
            gloss, cat = ours[same_clip(row.file)]
            raise BadConfig(
                "LABELS_EDITED",
                f"{source} gives {row.file} the gloss {row.gloss} and the category {row.cat}, as no run did, and this "
                f"run would give it {gloss} and {cat}: take the row out, put in it what is right, or give the run the "
                "same label",
            )


def labels_given(specs: Iterable[RunSpec]) -> dict[str, set[Label]]:
    """Key of a clip -> the labels that these runs gave it."""
    given: dict[str, set[Label]] = {}
    for spec in specs:
        for name, (gloss, cat) in spec.details.get("labels", {}).items():
            given.setdefault(same_clip(name), set()).add((gloss, cat))
    return given
