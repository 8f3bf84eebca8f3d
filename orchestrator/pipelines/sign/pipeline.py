"""Sign videos to keypoints and features: reading a folder of clips, and what a finished run writes last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.pipelines.base import (
    Agreement,
    DataSet,
    Inputs,
    Made,
    Names,
    Pipeline,
    Settings,
    Summaries,
    same_bytes,
)
from orchestrator.pipelines.prediction import Prediction
from orchestrator.pipelines.sign.discovery import discover, output_names
from orchestrator.pipelines.sign.images import image_lacks
from orchestrator.pipelines.sign.label_tables import GLOSSES_FILE, labels_given
from orchestrator.pipelines.sign.labels import plan_labels
from orchestrator.pipelines.sign.needs import needs
from orchestrator.pipelines.sign.options import SignOptions, stages
from services.base.errors import BadConfig, BadInput
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.sharding import assign_shards
from services.base.run.spec import QuarantineEntry, RunSpec
from services.base.store.interface import NotThere, Store
from services.records.sign.files.agreement import disagreements
from services.records.sign.files.label_table import form_of, gloss_key, label_key, lost_glosses, lost_labels
from services.records.sign.files.labels import Gloss, LabelRow, render_glosses, render_labels, upsert
from services.records.sign.files.npz import weights_in_words
from services.records.sign.files.parquet import is_table
from services.records.sign.files.validate import validate
from services.records.sign.points import FACE_INDICES, NUM_COORDINATES, NUM_KEYPOINTS, ORDER
from services.records.sign.writer import npz_name, output_name, parquet_name
from services.triton.measures import TOLERANCE

_SPLIT = "train"
_NPZ = ".npz"
_USUAL_BITS_A_SECOND, _USUAL_FPS = 1.5e6, 25.0
_NUM_FEATURES = 2048


def read(inputs: Inputs, options: SignOptions) -> DataSet:
    """Finds the clips, names their outputs and labels them. Raises BadConfig before any work starts."""
    found = discover(inputs.entries)
    # Files that cannot be read count, so that fixing one renames no other clip's output.
    names = output_names([file.path for file in found.clips] + [problem.path for problem in found.problems])
    labels = plan_labels(
        {file.path: names[file.path] for file in found.clips},
        options,
        inputs,
        {problem.path: names[problem.path] for problem in found.problems},
    )
    assignment = assign_shards([file.path for file in found.clips], options.num_shards)
    rows = [
        ClipRow(
            file.path,
            names[file.path],
            "",
            file.path,
            _SPLIT,
            int(assignment.shard_N[i]),
            int(assignment.position_N[i]),
            i,
            file.size_bytes,
            file.version,
        )
        for i, file in enumerate(found.clips)
    ]
    rows.sort(key=lambda row: (row.shard, row.position))
    lines = tuple(QuarantineEntry(p.path, p.path, "none", "BAD_INPUT", p.reason, p.message) for p in found.problems)
    renamed = sum(names[file.path] != _stem(file.path) for file in found.clips)
    notes = (
        [f"{renamed} clips share a base name or have none: their outputs are named by their paths"] if renamed else []
    )
    if options.write_iv3_features and not (options.iv3_weights or options.iv3_weights_sha256):
        notes.append(
            f"NO --iv3-weights: X2048 is of SEEDED RANDOM WEIGHTS (seed {options.iv3_seed}), not of a trained network"
        )
    notes = [*found.notes, *notes, *labels.notes]
    return DataSet(ClipTable.of_rows(rows), lines, tuple(notes), labels.details(), labels.appends)


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]


def count(inputs: Inputs, options: SignOptions) -> int:  # noqa: ARG001
    """Videos that a run would process."""
    return len(discover(inputs.entries).clips)


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: a sign clip has no label file of its own."""
    return []


def summary_files(run: Made) -> Summaries:
    """labels.csv with a row a clip, glosses.csv where labels have names, and meta.json; the same from run to run.

    Goes through quality once; of a clip it keeps its row alone.
    """
    spec = run.spec
    labels: Mapping[str, Sequence[int]] = spec.details["labels"]
    made: list[LabelRow] = []
    counts: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for clip in run.quality:
        file, occluded = str(clip["file"]), int(clip["occluded"])
        counts.update(clips=1, frames=int(clip["num_frames"]), occluded=occluded)
        flags.update(clip["flags"])
        if (name := file.removesuffix(_NPZ)) in labels:
            made.append(LabelRow(file, labels[name][0], labels[name][1], occluded))
    files: dict[str, list[bytes]] = {}
    if labels or spec.details["kept_labels"]:
        files[spec.details["labels_file"]] = [_labels_file(spec, made)]
    if spec.details["glosses"]:
        files[GLOSSES_FILE] = [_glosses_file(spec)]
    counts["quarantined"] = sum(shard.num_quarantined for shard in run.done)
    files["meta.json"] = [_meta(spec, counts, flags)]
    return files


def tables(spec: RunSpec) -> frozenset[str]:
    """labels.csv and glosses.csv, to which users add columns, and which they correct."""
    return frozenset({spec.details["labels_file"], GLOSSES_FILE})


def lost(specs: Sequence[RunSpec], name: str, before: bytes, after: bytes) -> str:
    """What such a table says that it would not say any more. A label that a run gave may be replaced by another run,
    and so may one of before any run.
    """
    earlier, own = labels_given(specs[:-1]), labels_given(specs[-1:])
    appends = specs[-1].appends

    def may_replace(key: str, label: tuple[int, int]) -> bool:
        if label in own.get(key, ()):
            return True
        return label in earlier[key] if key in earlier else appends and key in own

    try:
        if name == GLOSSES_FILE:
            return lost_glosses(before, after)
        return lost_labels(before, after, may_replace, again=appends)
    except BadConfig as error:
        return f"what it says ({error.message})"


def _labels_file(spec: RunSpec, made: Sequence[LabelRow]) -> bytes:
    rows = upsert((LabelRow(*row) for row in spec.details["kept_labels"]), made)
    form = form_of(spec.details.get("labels_form"))
    return form.render((row._asdict() for row in rows), label_key) if form else render_labels(rows)


def _glosses_file(spec: RunSpec) -> bytes:
    rows = [Gloss(*gloss) for gloss in spec.details["glosses"]]
    form = form_of(spec.details.get("glosses_form"))
    if not form:
        return render_glosses(rows)
    named = ({"gloss_id": g.gloss, "label": g.label, "cat_id": g.cat, "category": g.category} for g in sorted(rows))
    return form.render(named, gloss_key)


def _meta(spec: RunSpec, counts: Mapping[str, int], flags: Mapping[str, int]) -> bytes:
    settings = {stage.name: dict(stage.config) for stage in spec.stages}
    made = settings["signfiles"]
    meta = {
        "clips": counts["clips"],
        "frames": counts["frames"],
        "quarantined": counts["quarantined"],
        "occluded": counts["occluded"],
        "flags": dict(sorted(flags.items())),
        "dims_per_frame": NUM_COORDINATES,
        "keypoints_total": NUM_KEYPOINTS,
        "order": ORDER,
        "face_indices": list(FACE_INDICES),
        "settings": {name: value for name, value in sorted(made.items()) if name != "preview"},
        "models": {name: digest for stage in spec.stages for name, digest in sorted(stage.models.items())},
        "libraries": dict(spec.libraries),
    }
    if made["features"]:
        weights = next(digest for stage in spec.stages if stage.name == "features" for digest in stage.models.values())
        meta["iv3_weights"] = weights_in_words(weights)
    return (json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def file_of(spec: RunSpec, row: ClipRow) -> str:  # noqa: ARG001
    """The npz of a clip."""
    return npz_name(row.utterance_id)


def file_of_product(spec: RunSpec, row: ClipRow, name: str) -> str:  # noqa: ARG001
    """The npz of a clip, or its table."""
    return output_name(row.utterance_id, name)


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    """The npz itself."""
    yield 0, outputs.read(name)


def check_outputs(spec: RunSpec, outputs: Store, names: Names) -> Iterator[tuple[str, str]]:
    """(file, rule and message) of every rule that a published clip breaks."""
    del spec
    for name in names:
        if not name.endswith(_NPZ):
            continue
        table = parquet_name(name.removesuffix(_NPZ))
        try:
            npz = outputs.read(name)
            parquet = outputs.read(table) if table in names else None
        except NotThere as error:
            yield error.name, f"GONE: {error.message}"
            continue
        for breach in validate(npz, parquet):
            about = table if breach.rule.startswith(("PARQUET", "BAD_PARQUET")) else name
            yield about, f"{breach.rule}: {breach.message}"


def compare(spec: RunSpec, kept: bytes, made: bytes) -> Agreement:
    """Bytes are compared, but where a server computed the features: these agree within the stated tolerance. They are
    in the npz, and not in the table.
    """
    served = any(stage.config.get("backend") == "triton" for stage in spec.stages if stage.name == "features")
    if not served or is_table(kept):
        return same_bytes(spec, kept, made)
    try:
        return Agreement(*disagreements(kept, made, {"X2048": TOLERANCE}))
    except BadInput as error:
        return Agreement((error.message,))


def predict(settings: Settings, media_bytes: float) -> Prediction:
    """A guess: how long a clip is follows from its bytes at a usual rate, and a frame takes its points and features.

    Both are in the npz, in the parquet, and once more among what is kept for other runs.
    """
    files = settings["signfiles"]
    num_frames = media_bytes * 8 / _USUAL_BITS_A_SECOND * (settings["decode"]["target_fps"] or _USUAL_FPS)
    frame_bytes = 4.0 * (NUM_COORDINATES * files["keypoints"] + _NUM_FEATURES * files["features"])
    copies = 2 if files["parquet"] else 1
    return Prediction(copies * num_frames * frame_bytes, num_frames * frame_bytes)


PIPELINE = Pipeline(
    "sign",
    "sign videos to keypoints and InceptionV3 features, one npz per clip",
    SignOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    check_outputs=check_outputs,
    tables=tables,
    lost=lost,
    compare=compare,
    needs=needs,
    checked_options=("iv3_weights",),
    predict=predict,
    image_lacks=image_lacks,
    free_settings=frozenset({"signfiles.preview", "decode.max_decoded_frames"}),
    output_name=file_of_product,
    positionals=("VIDEO_DIRECTORY", "OUTPUT_DIRECTORY"),
    preview="preview.jpg",
    product="clips",
    splits=(_SPLIT,),
    append_flag="--append",
    figures=(
        ("num_frames", "frames"),
        ("kept_fps", "frames a second"),
        ("source_fps", "of the video"),
        ("duration_s", "seconds"),
        ("left_hand_share", "left hand"),
        ("right_hand_share", "right hand"),
        ("hands_share", "any hand"),
        ("visible_share", "points visible"),
        ("occluded", "occluded"),
    ),
    clip_time_s=300.0,
    clip_memory_mib=4096,
)
