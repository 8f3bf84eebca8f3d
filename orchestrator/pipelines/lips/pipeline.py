"""Videos of Chinese-LiPS to sharded TFRecords of grey mouths and texts, and what a finished run writes last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from orchestrator.pipelines.base import Made, Pipeline, Settings, Summaries
from orchestrator.pipelines.face_records.files import file_of, judges_clips, payloads
from orchestrator.pipelines.lips.needs import needs
from orchestrator.pipelines.lips.options import LipsOptions, stages
from orchestrator.pipelines.lips.reading import count, read
from orchestrator.pipelines.prediction import Prediction
from services.base.run.clips_with_facts import clips_with_facts
from services.base.run.manifest import ClipRow
from services.formats.lips_clips import CLIPS_FILE, META_FILE, LipsClipRow, encode_clips
from services.geometry.mouth_window import profile_named
from services.training.data.lips.licence import NOTE, NOTE_FILE

# As videos of faces at 720p, and of mouths of 96x96 px, are usually encoded.
_USUAL_BITS_A_SECOND = {"face": 2.0e6, "processed": 1.5e5}
_POINT_BYTES_A_FRAME = 4.0e3


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: what a clip says is in its table."""
    return []


def summary_files(run: Made) -> Summaries:
    """clips.parquet, the note on the licence where what was made falls under it, and meta.json; the same from run to
    run.
    """
    files: dict[str, list[bytes]] = {CLIPS_FILE: [encode_clips(rows_of(run))]}
    if run.spec.details["is_licensed"]:
        files[NOTE_FILE] = [NOTE.encode()]
    files[META_FILE] = [_meta(run)]
    return files


def rows_of(run: Made) -> Iterator[LipsClipRow]:
    """A row a clip that is in a record; of one shard in order of splits and positions."""
    topics = run.spec.details["topics"]
    places: Counter[tuple[str, int]] = Counter()
    rows = []
    for clip, line in clips_with_facts(run.clips, run.quality):
        place = places[clip.split, clip.shard]
        places[clip.split, clip.shard] += 1
        said = clip.attributes
        topic = topics[said.category] if said.category is not None else ""
        rows.append(
            LipsClipRow(
                clip.key, clip.split, clip.shard, place, clip.speaker_id, topic, said.text, int(line["num_frames"]),
                clip.media,
            )
        )  # fmt: skip
    return iter(sorted(rows, key=lambda row: (row.shard, row.split, row.position)))


def _meta(run: Made) -> bytes:
    spec = run.spec
    settings = {stage.name: dict(stage.config) for stage in spec.stages}
    files = settings["lipsfiles"]
    window = profile_named(files["profile"])
    counts: Counter[str] = Counter()
    for shard in run.done:
        counts.update(shard.records)
    meta = {
        "clips": {split: counts.get(split, 0) for split in ("train", "val", "test")},
        "quarantined": sum(shard.num_quarantined for shard in run.done),
        "num_shards": spec.num_shards,
        "height": window.height_px,
        "width": window.width_px,
        "channels": 1,
        "fps": files["target_fps"],
        "profile": window.name,
        "source": files["source"],
        "topics": spec.details["topics"],
        "is_licensed": spec.details["is_licensed"],
        "models": {name: digest for stage in spec.stages for name, digest in sorted(stage.models.items())},
        "libraries": dict(spec.libraries),
    }
    return (json.dumps(meta, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def predict(settings: Settings, media_bytes: float) -> Prediction:
    """A guess: how long a clip is follows from its bytes at a usual rate; a frame takes its pixels, and its points are
    kept for other runs.
    """
    files = settings["lipsfiles"]
    window = profile_named(files["profile"])
    num_frames = media_bytes * 8 / _USUAL_BITS_A_SECOND[files["source"]] * files["target_fps"]
    points_bytes = num_frames * _POINT_BYTES_A_FRAME if files["source"] == "face" else 0.0
    return Prediction(num_frames * window.width_px * window.height_px, points_bytes)


PIPELINE = Pipeline(
    "lips",
    "videos of Chinese-LiPS to sharded TFRecords of mouths and texts",
    LipsOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    needs=needs,
    checked_options=("dlib_predictor",),
    input_flags=("--data-root",),
    predict=predict,
    judges_clips=judges_clips,
    splits=("train", "val", "test"),
    figures=(("num_frames", "frames"), ("num_characters", "characters"), ("num_faces_lost", "without a face")),
)
