"""Which gloss and category each sign clip has, decided when the run is planned. Reads tables; writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.sign.label_folders import label_folders
from orchestrator.pipelines.sign.label_match import label_clips
from orchestrator.pipelines.sign.label_tables import (
    DEFAULT_FILE,
    KeptRows,
    KnownGlosses,
    joined,
    kept_rows,
    known_glosses,
    labels_taken,
    where,
)
from orchestrator.pipelines.sign.label_words import such_as
from orchestrator.pipelines.sign.options import SignOptions
from services.base.errors import BadConfig
from services.base.media.clip import MAX_ID
from services.records.sign.files.labels import Gloss, is_gloss_table, parse_clip_map, parse_glosses


@dataclass(frozen=True)
class Labels:
    """Labels of a run. of_name: output name -> (gloss, cat). glosses: names of ids, where names were given.

    file: the labels file below the output root. kept: rows of other clips that it goes on holding. known: what the
    output's table of glosses holds already.
    """

    of_name: Mapping[str, tuple[int, int]]
    glosses: tuple[Gloss, ...] = ()
    file: str = DEFAULT_FILE
    kept: KeptRows = field(default_factory=KeptRows)
    known: KnownGlosses = field(default_factory=KnownGlosses)
    notes: tuple[str, ...] = ()
    appends: bool = False

    def details(self) -> dict[str, Any]:
        """What finishing the run needs, JSON-able. Forms of tables are in it where these are not as this program
        writes them.
        """
        forms = {"labels_form": self.kept.form, "glosses_form": self.known.form}
        return {
            "labels_file": self.file,
            "labels": {name: list(label) for name, label in self.of_name.items()},
            "glosses": [list(gloss) for gloss in self.glosses],
            "kept_labels": [list(row) for row in self.kept.rows],
        } | {name: form.details() for name, form in forms.items() if form}


def plan_labels(
    names: Mapping[str, str],
    options: SignOptions,
    inputs: Inputs,
    odd: Mapping[str, str] | None = None,
) -> Labels:
    """The labels that the options ask for. Raises BadConfig.

    names: path -> output name of every clip. odd: the same of files that are none, such as empty ones: a line of a map
    may mean one of them, and is then not another clip's.
    """
    file, source = where(options, inputs.output_root)
    files = inputs.files
    known = known_glosses(inputs.output_root, files) if options.append else KnownGlosses()
    taken = labels_taken(source, files) if options.append and options.label_from else set[tuple[int, int]]()
    made = _made(names, options, inputs, known.glosses, odd or {}, taken)
    kept = kept_rows(source, made.of_name, inputs.earlier, files) if options.append else KeptRows()
    return Labels(
        made.of_name, joined(known.glosses, made.glosses), file, kept, known, made.notes + kept.notes, options.append
    )


def _made(
    names: Mapping[str, str],
    options: SignOptions,
    inputs: Inputs,
    known: Sequence[Gloss],
    odd: Mapping[str, str],
    taken: Collection[tuple[int, int]],
) -> Labels:
    gloss_id = options.id if options.id is not None else options.gloss_id
    asked = {"--id": gloss_id is not None, "--label-map": bool(options.label_map)}
    if all(asked.values()) or (gloss_id is not None and options.label_from):
        raise BadConfig(
            "FLAGS_DISAGREE", "labels come from --id, from --label-from or from --label-map: give one of them"
        )
    if options.cat_id is not None and gloss_id is None:
        raise BadConfig("FLAGS_DISAGREE", "--cat-id is the category of --gloss-id, which was not given: give both")
    if options.id is not None and options.gloss_id not in (None, options.id):
        given = f"--id {options.id} and --gloss-id {options.gloss_id}"
        raise BadConfig("FLAGS_DISAGREE", f"{given} are one thing: give one")
    if options.label_map:
        return _from_map(names, odd, options.label_map, inputs, from_folder=bool(options.label_from))
    if options.label_from == "folder":
        return _from_folders(names, known=known, taken=taken)
    if gloss_id is None:
        return Labels({}, notes=("no --id, --label-from or --label-map: no labels.csv is written",))
    cat_id = options.cat_id if options.cat_id is not None else gloss_id
    for number in (gloss_id, cat_id):
        if not 0 <= number <= MAX_ID:
            raise BadConfig("BAD_FLAGS", f"ids are whole numbers from 0 to {MAX_ID}, and {number} was given")
    return Labels(dict.fromkeys(names.values(), (gloss_id, cat_id)))


def _from_folders(
    names: Mapping[str, str],
    table: Sequence[Gloss] = (),
    known: Sequence[Gloss] = (),
    taken: Collection[tuple[int, int]] = (),
) -> Labels:
    folders_of = {path: path.split("/")[:-1] for path in names}
    placed = {path: folders for path, folders in folders_of.items() if folders}
    notes = such_as([path for path in names if path not in placed], "lie in no folder and get no label")
    labels, glosses = label_folders(placed, table, known, taken)
    return Labels({names[path]: label for path, label in labels.items()}, glosses, notes=notes)


def _from_map(
    names: Mapping[str, str], odd: Mapping[str, str], path: str, inputs: Inputs, *, from_folder: bool
) -> Labels:
    data = inputs.files.read("--label-map", path)
    try:
        if is_gloss_table(data):
            return _from_folders(names, parse_glosses(data))
        if from_folder:
            raise BadConfig(
                "FLAGS_DISAGREE", "it labels clips, and --label-from folder was given too: leave one of them out"
            )
        rows = parse_clip_map(data)
        labels, unused = label_clips({**names, **odd}, rows, *inputs.input_roots)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{path}: {error.message}") from error
    of_name = {names[clip]: label for clip, label in labels.items() if clip in names}
    notes = such_as(
        [clip for clip, name in names.items() if name not in of_name], f"are not in {path} and get no label"
    )
    if unused:
        shape = f" (here a clip is named as {next(iter(names))!r})" if names else ""
        notes += such_as(unused, f"are in {path} and are no clip{shape}")
    if not of_name:
        raise BadConfig(
            "BAD_LABEL_MAP",
            f"{path}: none of its {len(rows)} files is a clip, such as {rows[0].file!r}: name them as below the root, "
            f"such as {next(iter(names), 'folder/clip.mp4')!r}"
            if rows
            else f"{path}: it has no line below its header",
        )
    return Labels(of_name, notes=notes)
