"""Videos of one person each to the folders that a talking head is trained on, and how such a run is finished."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from functools import partial

from orchestrator.pipelines.base import Made, Names, Pipeline, Settings, Summaries
from orchestrator.pipelines.data_sets import Change, OutputFlag
from orchestrator.pipelines.prediction import Prediction, Sampled
from orchestrator.pipelines.talker.held import FILES, check_added, model_of, parts_of
from orchestrator.pipelines.talker.needs import needs
from orchestrator.pipelines.talker.options import TalkerOptions, stages
from orchestrator.pipelines.talker.reading import count, default_root, read
from orchestrator.pipelines.talker.sets import sets
from orchestrator.pipelines.talker.state_files import Preprocessed, metadata_bytes, state_bytes
from orchestrator.pipelines.talker.state_update import change_state
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.formats.talker.tree import METADATA_FILE
from services.records.talker.names import FRAMES_FOLDER, LANDMARKS_FILE, LANDMARKS_FOLDER, SOUND_FILE, features_file

# As videos of one person at 720p are usually encoded, and what a frame then takes: .35 MB at 512 px, 1.2 at 1080p.
_USUAL_BITS_A_SECOND = 2.0e6
_FRAME_BYTES = {"png": 0.8e6, "jpg": 0.08e6}
_POINT_BYTES_A_FRAME = 6.0e3
# Of a video `plan` looks at so much.
_SAMPLED_S = 4.0


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: no label comes with a video."""
    return []


def summary_files(run: Made) -> Summaries:  # noqa: ARG001
    """None beside the quality of the clip: state files hold times, and others write them too."""
    return {}


def leave(run: Made, outputs: Store) -> None:
    """Writes the state files; none where the video is in quarantine."""
    quality = list(run.quality)
    if not quality:
        return
    specs = [*run.earlier, run.spec]
    now = datetime.datetime.now(datetime.UTC).astimezone().isoformat(timespec="seconds")
    facts = next((line for line in quality if "num_usable" in line), quality[0])
    video = run.spec.details["video"]
    made = Preprocessed(
        str(run.spec.details["name"]),
        str(video["path"]),
        outputs.uri,
        tuple(dict.fromkeys(model_of(spec) for spec in specs)),
        float({stage.name: stage.config for stage in run.spec.stages}[FILES]["fps"]),
        int(facts["num_frames"]),
        int(facts["num_frames"]),
        now,
    )
    outputs.put(METADATA_FILE, metadata_bytes(made))
    change_state(outputs, partial(state_bytes, made))


def is_own(name: str) -> bool:
    """Whether a file is called as one that a run writes: what else lies in a person's folder is in nobody's way."""
    folder, slash, _ = name.partition("/")
    if slash:
        return folder in (FRAMES_FOLDER, LANDMARKS_FOLDER)
    return name in (LANDMARKS_FILE, SOUND_FILE) or (name.startswith("aud_") and name.endswith(".npy"))


def file_of(spec: RunSpec, row: ClipRow) -> str:  # noqa: ARG001
    """The file of a run that no other run of the folder writes."""
    return LANDMARKS_FILE if parts_of(spec) == "all" else features_file(model_of(spec))


def output_name(spec: RunSpec, row: ClipRow, name: str) -> str:  # noqa: ARG001
    """Where a file of the product lies: the output is the person's folder."""
    return name


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    """The file itself. Raises BadInput."""
    yield 0, outputs.read(name)


def check_outputs(spec: RunSpec, outputs: Store, names: Names) -> Iterator[tuple[str, str]]:  # noqa: ARG001
    """(file, rule and message) where the tree has a gap: each picture has its landmarks, and the other way round."""
    counts = dict.fromkeys((FRAMES_FOLDER, LANDMARKS_FOLDER), 0)
    for name in names:
        folder = name.partition("/")[0]
        if folder in counts:
            number = name.rpartition("/")[2].partition(".")[0]
            if number.isdecimal() and int(number) != counts[folder]:
                yield name, f"GAP: number {counts[folder]} of {folder} is not there before it: resume the run"
                counts[folder] = int(number)
            counts[folder] += 1
    pictures, points = counts[FRAMES_FOLDER], counts[LANDMARKS_FOLDER]
    if pictures != points:
        yield LANDMARKS_FOLDER, f"LENGTH: {pictures} pictures and {points} files of landmarks: resume the run"
    if pictures and SOUND_FILE not in names:
        yield SOUND_FILE, "MISSING: the sound of the pictures is not there: resume the run"


def sampled(settings: Settings) -> Sampled:
    """A few seconds of a video of minutes."""
    rate_hz = float(settings[FILES]["fps"])
    return Sampled(round(_SAMPLED_S * rate_hz), rate_hz) if settings[FILES]["parts"] == "all" else Sampled()


def predict(settings: Settings, media_bytes: float) -> Prediction:
    """A guess: how long a video is follows from its bytes at a usual rate; its pictures are most of what it takes."""
    files = settings[FILES]
    if files["parts"] == "features":
        return Prediction(media_bytes / 10)
    num_frames = media_bytes * 8 / _USUAL_BITS_A_SECOND * files["fps"]
    return Prediction(num_frames * _FRAME_BYTES[files["frame_format"]], num_frames * _POINT_BYTES_A_FRAME)


PIPELINE = Pipeline(
    "talker",
    "videos of one person each to pictures, landmarks and features of the sound for a talking head",
    TalkerOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    check_outputs=check_outputs,
    output_name=output_name,
    output_flag=OutputFlag("--dataset-dir", "dataset"),
    sets=sets,
    change=Change(
        "DATASET_CHANGED",
        "Give the video and the settings that it was made with, choose another --name, or give --force to delete it "
        "and begin anew",
    ),
    check_added=check_added,
    restarts="force",
    only_plans="check_only",
    writes=is_own,
    leave=leave,
    default_root=default_root,
    root_flag="--video-path",
    needs=needs,
    checked_options=("asr_weights", "face_detector", "landmark_model"),
    predict=predict,
    sampled=sampled,
    preview="preview.jpg",
    product="videos",
    figures=(
        ("num_frames", "frames"),
        ("num_usable", "usable"),
        ("num_bridged", "bridged"),
        ("crop_outside_share", "crop outside"),
        ("num_rows", "rows of features"),
    ),
    clip_time_s=900.0,
    clip_memory_mib=4096,
)
