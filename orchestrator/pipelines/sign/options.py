"""PURE: the options of the sign pipeline, and the settings of its stages that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.base.errors import BadConfig
from services.base.run.sharding import MAX_SHARDS
from services.base.stage.fields import Address, FileRef, fields_of, option, settings_for, stage_option
from services.containers.config import DecodeConfig
from services.features.spec import BackendName, DeviceName, DtypeName, FeaturesConfig, TransportName
from services.landmarks.body.spec import KeypointsConfig
from services.records.sign.spec import OcclusionMethod, SignFilesConfig

# As fast as phones record: within --max-duration-s no clip of theirs is refused for its frames.
_USUAL_MOST_HZ = 240
_LEAST_MAX_FRAMES = 200_000

Stages = tuple[tuple[str, Mapping[str, Any]], ...]


def _landmarker(model: str) -> Any:
    text = f"custom MediaPipe {model} landmarker .task"
    return stage_option(KeypointsConfig, f"{model}_landmarker", text, group="picture")


@dataclass(frozen=True)
class SignOptions:
    """What a user may choose: the flags of the original script by their names and defaults, and ours.

    Raises BadConfig BAD_FLAGS for a number of shards out of range.
    """

    write_keypoints: bool = option(
        False,
        "write X and mask: 78 points of body, hands and face",
        group="output",
        sets=((SignFilesConfig, "keypoints"),),
    )
    write_iv3_features: bool = option(
        False, "write X2048: InceptionV3 features of each frame", group="output", sets=((SignFilesConfig, "features"),)
    )
    disable_parquet: bool = option(False, "write no parquet table beside each npz", group="output")
    preview: bool = stage_option(SignFilesConfig, "preview", "draw sheets of skeletons for the report", group="output")
    num_shards: int = option(16, "shards: units of work and retry", group="output")
    target_fps: float = stage_option(
        SignFilesConfig,
        "target_fps",
        "frames per second to keep",
        also=((DecodeConfig, "target_fps"),),
        group="picture",
        unit="Hz",
    )
    sampling: Literal["grid", "decimate", "all"] = stage_option(
        SignFilesConfig,
        "sampling",
        "grid: the frame nearest to each point of time; decimate: as the original script, with its artefacts; all: "
        "every frame",
        also=((DecodeConfig, "sampling"),),
        group="picture",
    )
    out_size: int = stage_option(
        KeypointsConfig,
        "out_size",
        "side of the square image in which points are detected",
        also=((SignFilesConfig, "out_size"),),
        group="picture",
        unit="px",
    )
    conf_thresh: float = stage_option(
        KeypointsConfig,
        "conf_thresh",
        "least confidence of a visible point",
        also=((SignFilesConfig, "conf_thresh"),),
        group="picture",
        unit="0..1",
    )
    max_gap: int = stage_option(
        SignFilesConfig, "max_gap", "longest gap in the points to fill", group="picture", unit="frames"
    )
    max_pixels: int = stage_option(
        DecodeConfig, "max_pixels", "reject clips with larger frames (width times height)", group="limits", unit="px"
    )
    max_duration_s: float = stage_option(
        DecodeConfig, "max_duration_s", "reject longer clips", group="limits", unit="s"
    )
    max_decoded_frames: int | None = option(
        None,
        f"reject clips with more frames (default: {_USUAL_MOST_HZ} for each second of --max-duration-s, at least "
        f"{_LEAST_MAX_FRAMES})",
        group="limits",
        unit="frames",
    )
    id: int | None = option(None, "gloss id and category id of every clip", group="data set")
    gloss_id: int | None = option(
        None, "gloss of every clip, where --cat-id is its category", group="data set", hidden=True
    )
    cat_id: int | None = option(None, "category of every clip, beside --gloss-id", group="data set", hidden=True)
    label_from: Literal["", "folder"] = option("", "take the gloss from the folder of a clip", group="data set")
    label_map: FileRef = option(
        "", "CSV with file,gloss[,cat] per clip, or gloss_id,label,cat_id[,category] per folder", group="data set"
    )
    labels_csv: FileRef = option("", "labels file to write (default: labels.csv in the output)", group="output")
    append: bool = option(False, "keep the rows of other clips in the labels file", group="output")
    occ_enable: bool = option(False, "estimate occlusion; always done with --write-keypoints", group="picture")
    occ_method: OcclusionMethod = stage_option(
        SignFilesConfig,
        "occ_method",
        "auto: hand-over-head, or visibility where that finds no frame",
        group="picture",
    )
    occ_vis_thresh: float = stage_option(
        SignFilesConfig,
        "occ_vis_thresh",
        "method visibility: least share of visible points",
        group="picture",
        unit="0..1",
    )
    occ_frame_prop: float = stage_option(
        SignFilesConfig,
        "occ_frame_prop",
        "share of occluded frames that makes a clip occluded",
        group="picture",
        unit="0..1",
    )
    occ_min_run: int = stage_option(
        SignFilesConfig,
        "occ_min_run",
        "occluded frames in a row that make a clip occluded",
        group="picture",
        unit="frames",
    )
    occ_min_run_s: float = stage_option(
        SignFilesConfig, "occ_min_run_s", "the same in seconds; 0: use --occ-min-run", group="picture", unit="s"
    )
    batch_size: int = stage_option(
        FeaturesConfig, "batch_size", "frames per batch of InceptionV3", group="features", unit="frames"
    )
    iv3_weights: FileRef = stage_option(
        FeaturesConfig, "weights", "weights of InceptionV3; empty: SEEDED RANDOM weights", group="features"
    )
    iv3_weights_sha256: str = stage_option(
        FeaturesConfig, "weights_sha256", "SHA-256 that the weights must have", group="features", metavar="HEX"
    )
    iv3_seed: int = stage_option(FeaturesConfig, "seed", "seed of random weights", group="features")
    features_backend: BackendName | None = option(
        None,
        "where features are computed (default: torch, or triton with --triton)",
        group="features",
        sets=((FeaturesConfig, "backend"),),
    )
    iv3_dtype: DtypeName = stage_option(
        FeaturesConfig,
        "dtype",
        "torch only: bfloat16 takes half the time on a CPU that has it (AVX512-BF16, AMX) and keeps fewer digits; "
        "float16 is for a GPU",
        group="features",
    )
    iv3_device: DeviceName = stage_option(
        FeaturesConfig,
        "device",
        "torch only: where InceptionV3 is computed; auto: a GPU where the workers have one. The run pins which it "
        "is, and a worker without it refuses",
        group="features",
    )
    iv3_threads: int = stage_option(
        FeaturesConfig,
        "num_threads",
        "threads of InceptionV3 on a CPU, in each worker; another number changes the last digits",
        group="features",
        metavar="N",
    )
    iv3_channels_last: bool = stage_option(
        FeaturesConfig,
        "channels_last",
        "torch only: the memory layout that convolutions are fastest in; it decides the last digits",
        group="features",
    )
    triton: Address = stage_option(FeaturesConfig, "triton", "Triton server that holds the model", group="features")
    triton_in_flight: int = stage_option(
        FeaturesConfig,
        "triton_in_flight",
        "concurrent requests to Triton, with --batch-size frames in all; 1: whole batches, one after the other",
        group="features",
        metavar="N",
    )
    triton_transport: TransportName = stage_option(
        FeaturesConfig,
        "triton_transport",
        "how frames are sent to Triton; auto: by shared memory where the server is on this host",
        group="features",
    )
    segmenter: FileRef = stage_option(
        KeypointsConfig,
        "segmenter",
        "custom person segmenter; empty: the background is kept",
        group="picture",
    )
    face_landmarker: FileRef = _landmarker("face")
    hand_landmarker: FileRef = _landmarker("hand")
    pose_landmarker: FileRef = _landmarker("pose")

    def __post_init__(self) -> None:
        if not 1 <= self.num_shards <= MAX_SHARDS:
            raise BadConfig("BAD_FLAGS", f"--num-shards must be from 1 to {MAX_SHARDS}, not {self.num_shards}")


def stages(options: SignOptions) -> Stages:
    """decode, then keypoints and features as asked, then signfiles. Raises BadConfig when nothing is asked for."""
    if not (options.write_keypoints or options.write_iv3_features):
        raise BadConfig(
            "NOTHING_TO_WRITE",
            "give --write-keypoints, --write-iv3-features or both: without, there is nothing to write",
        )
    if not options.write_iv3_features:
        _require_no_features(options)
    if options.occ_enable and not options.write_keypoints:
        raise BadConfig(
            "FLAGS_DISAGREE",
            "--occ-enable was given without --write-keypoints: it judges keypoints, so give both, or neither",
        )
    made: list[tuple[str, Mapping[str, Any]]] = [("decode", _decode(options))]
    if options.write_keypoints:
        made.append(("keypoints", settings_for(KeypointsConfig, options)))
    if options.write_iv3_features:
        made.append(("features", _features(options)))
    files = settings_for(SignFilesConfig, options) | {"parquet": not options.disable_parquet}
    return (*made, ("signfiles", files))


def _require_no_features(options: SignOptions) -> None:
    """Whoever names weights or a server wants features, and has forgotten to say so.

    But for --batch-size, which the original takes at all times.
    """
    for field in fields_of(SignOptions):
        of_features = any(config is FeaturesConfig for config, _ in field.sets) and field.name != "batch_size"
        if of_features and getattr(options, field.name) != field.default:
            raise BadConfig(
                "FLAGS_DISAGREE", f"{field.flag} was given without --write-iv3-features: give both, or neither"
            )


def _decode(options: SignOptions) -> dict[str, Any]:
    decode = settings_for(DecodeConfig, options) | {"max_decoded_frames": _max_decoded_frames(options)}
    return decode | ({"target_fps": 0.0} if options.sampling == "all" else {})


def _max_decoded_frames(options: SignOptions) -> int:
    if options.max_decoded_frames is not None:
        return options.max_decoded_frames
    num_frames = options.max_duration_s * _USUAL_MOST_HZ
    return max(_LEAST_MAX_FRAMES, math.ceil(num_frames)) if math.isfinite(num_frames) else _LEAST_MAX_FRAMES


def _features(options: SignOptions) -> dict[str, Any]:
    backend = options.features_backend or ("triton" if options.triton else "torch")
    if options.triton and backend != "triton":
        raise BadConfig("FLAGS_DISAGREE", f"--triton was given with --features-backend {backend}: give one of them")
    return settings_for(FeaturesConfig, options) | {"backend": backend}
