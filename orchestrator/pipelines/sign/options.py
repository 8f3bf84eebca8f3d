"""The command line of the sign pipeline, and the settings of its stages. Pure."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from services.base.errors import BadConfig
from services.records.sign.spec import SignFilesConfig

# As fast as phones record: within --max-duration-s no clip of theirs is refused for its frames.
_USUAL_MOST_HZ = 240
_LEAST_MAX_FRAMES = 200_000

Stages = tuple[tuple[str, Mapping[str, Any]], ...]


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the original script keep their names and defaults; the rest is ours."""
    _add_output_flags(parser)
    _add_frame_flags(parser)
    _add_label_flags(parser)
    _add_occlusion_flags(parser)
    _add_model_flags(parser)


def _add_output_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--write-keypoints", action="store_true", help="write X and mask: 78 points of body, hands and face")
    add("--write-iv3-features", action="store_true", help="write X2048: InceptionV3 features of each frame")
    add("--disable-parquet", action="store_true", help="no parquet table beside each npz")
    add("--preview", action=argparse.BooleanOptionalAction, default=True, help="sheets of skeletons for the report")
    add("--num-shards", type=int, default=16, help="units of work and retry (default: %(default)s)")
    add("--workers", type=int, default=0, help="worker processes; 0: one a core (default: %(default)s)")


def _add_frame_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--target-fps", type=float, default=15.0, help="frames a second that are kept (default: %(default)s)")
    add(
        "--sampling",
        choices=("grid", "decimate", "all"),
        default="grid",
        help="grid: the frame nearest to each point of time; decimate: as the original, artefacts included; all: every "
        "frame (default: %(default)s)",
    )
    add("--out-size", type=int, default=256, help="side of the square that points are sought in (default: %(default)s)")
    add("--conf-thresh", type=float, default=0.5, help="confidence of a visible point (default: %(default)s)")
    add("--max-gap", type=int, default=5, help="longest gap that is filled, in frames (default: %(default)s)")
    add("--max-pixels", type=int, default=3840 * 2160, help="refuse a clip with larger frames (default: %(default)s)")
    add("--max-duration-s", type=float, default=3600.0, help="refuse a longer clip (default: %(default)s)")
    add(
        "--max-decoded-frames",
        type=int,
        metavar="N",
        help=f"refuse a clip of more frames (default: {_USUAL_MOST_HZ} for each second of --max-duration-s, at least "
        f"{_LEAST_MAX_FRAMES})",
    )


def _add_label_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--id", type=int, default=None, help="gloss and category of every clip")
    add("--gloss-id", type=int, default=None, help=argparse.SUPPRESS)
    add("--cat-id", type=int, default=None, help=argparse.SUPPRESS)
    add("--label-from", choices=("folder",), default="", help="the gloss is the folder that a clip lies in")
    add(
        "--label-map",
        default="",
        metavar="FILE",
        help="CSV file,gloss[,cat] of clips, or gloss_id,label,cat_id[,category] of folders",
    )
    add("--labels-csv", default="", metavar="FILE", help="labels file (default: labels.csv in the output)")
    add("--append", action="store_true", help="keep the rows of other clips that the labels file holds")


def _add_occlusion_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--occ-enable", action="store_true", help="judge occlusion: done wherever keypoints are written")
    add(
        "--occ-method",
        choices=("auto", "hand-over-head", "visibility"),
        default="auto",
        help="auto: hands over the head, and visibility in clips without (default: %(default)s)",
    )
    add("--occ-vis-thresh", type=float, default=0.6, help="visibility: least share of points (default: %(default)s)")
    add("--occ-frame-prop", type=float, default=0.4, help="share of frames that is enough (default: %(default)s)")
    add("--occ-min-run", type=int, default=15, help="frames in a row that are enough (default: %(default)s)")
    add("--occ-min-run-s", type=float, default=0.0, help="the same in seconds; 0: frames count (default: %(default)s)")


def _add_model_flags(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--batch-size", type=int, default=32, help="frames through InceptionV3 at once (default: %(default)s)")
    add("--iv3-weights", default="", metavar="FILE", help="weights of InceptionV3; without: SEEDED RANDOM ones")
    add("--iv3-weights-sha256", default="", metavar="HEX", help="what the weights must be")
    add("--iv3-seed", type=int, default=0, help="seed of random weights (default: %(default)s)")
    add(
        "--features-backend",
        choices=("torch", "onnxruntime", "triton"),
        default=None,
        help="where features are computed (default: torch, or triton with --triton)",
    )
    add(
        "--iv3-dtype",
        choices=("float32", "bfloat16", "float16"),
        default="float32",
        help="torch only: bfloat16 takes half the time on a CPU that has it (AVX512-BF16, AMX) and keeps fewer digits; "
        "float16 is for a GPU (default: %(default)s)",
    )
    add(
        "--iv3-device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="torch only: where InceptionV3 is computed; auto: a GPU where the workers have one. The run pins which it "
        "is, and a worker without it refuses (default: %(default)s)",
    )
    add(
        "--iv3-threads",
        type=int,
        default=1,
        metavar="N",
        help="threads of InceptionV3 on a CPU, in each worker; another number changes the last digits "
        "(default: %(default)s)",
    )
    add(
        "--iv3-channels-last",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="torch only: the memory layout that convolutions are fastest in; it decides the last digits",
    )
    add("--triton", default="", metavar="HOST:PORT", help="Triton server that holds the model")
    add(
        "--triton-in-flight",
        type=int,
        default=4,
        metavar="N",
        help="requests to Triton on their way at a time, with --batch-size frames in all; 1: whole batches, one "
        "after the other (default: %(default)s)",
    )
    add(
        "--triton-transport",
        choices=("auto", "grpc", "shared-memory"),
        default="auto",
        help="how frames go to Triton; auto: by shared memory to a server of this host (default: %(default)s)",
    )
    add("--segmenter", default="", metavar="FILE", help="your own person segmenter; without: no background is removed")
    for model in ("face", "hand", "pose"):
        add(f"--{model}-landmarker", default="", metavar="FILE", help=f"your own MediaPipe {model} landmarker .task")


def stages(flags: argparse.Namespace) -> Stages:
    """decode, then keypoints and features as asked, then signfiles. Raises BadConfig when nothing is asked for."""
    if not (flags.write_keypoints or flags.write_iv3_features):
        raise BadConfig(
            "NOTHING_TO_WRITE",
            "give --write-keypoints, --write-iv3-features or both: without, there is nothing to write",
        )
    if not flags.write_iv3_features:
        _require_no_features(flags)
    if flags.occ_enable and not flags.write_keypoints:
        raise BadConfig(
            "FLAGS_DISAGREE",
            "--occ-enable was given without --write-keypoints: it judges keypoints, so give both, or neither",
        )
    made: list[tuple[str, Mapping[str, Any]]] = [("decode", _decode(flags))]
    if flags.write_keypoints:
        made.append(("keypoints", _keypoints(flags)))
    if flags.write_iv3_features:
        made.append(("features", _features(flags)))
    return (*made, ("signfiles", _signfiles(flags)))


# What says that features are wanted, and its default. --batch-size is not here: the original takes it at all times.
_OF_FEATURES: Mapping[str, Any] = {
    "triton": "",
    "triton_in_flight": 4,
    "triton_transport": "auto",
    "iv3_weights": "",
    "iv3_weights_sha256": "",
    "iv3_seed": 0,
    "iv3_dtype": "float32",
    "iv3_device": "auto",
    "iv3_threads": 1,
    "iv3_channels_last": True,
    "features_backend": None,
}


def _require_no_features(flags: argparse.Namespace) -> None:
    """Whoever names weights or a server wants features, and has forgotten to say so."""
    for name, unset in _OF_FEATURES.items():
        if getattr(flags, name) != unset:
            flag = f"--{name.replace('_', '-')}"
            raise BadConfig("FLAGS_DISAGREE", f"{flag} was given without --write-iv3-features: give both, or neither")


def _decode(flags: argparse.Namespace) -> dict[str, Any]:
    return {
        "sampling": flags.sampling,
        "target_fps": flags.target_fps if flags.sampling != "all" else 0.0,
        "max_pixels": flags.max_pixels,
        "max_duration_s": flags.max_duration_s,
        "max_decoded_frames": _max_decoded_frames(flags),
    }


def _max_decoded_frames(flags: argparse.Namespace) -> int:
    if flags.max_decoded_frames is not None:
        return int(flags.max_decoded_frames)
    num_frames = flags.max_duration_s * _USUAL_MOST_HZ
    return max(_LEAST_MAX_FRAMES, math.ceil(num_frames)) if math.isfinite(num_frames) else _LEAST_MAX_FRAMES


def _keypoints(flags: argparse.Namespace) -> dict[str, Any]:
    names = ("out_size", "conf_thresh", "segmenter", "face_landmarker", "hand_landmarker", "pose_landmarker")
    return {name: getattr(flags, name) for name in names}


def _features(flags: argparse.Namespace) -> dict[str, Any]:
    backend = flags.features_backend or ("triton" if flags.triton else "torch")
    if flags.triton and backend != "triton":
        raise BadConfig("FLAGS_DISAGREE", f"--triton was given with --features-backend {backend}: give one of them")
    return {
        "backend": backend,
        "triton": flags.triton,
        "triton_in_flight": flags.triton_in_flight,
        "triton_transport": flags.triton_transport,
        "weights": flags.iv3_weights,
        "weights_sha256": flags.iv3_weights_sha256,
        "seed": flags.iv3_seed,
        "device": flags.iv3_device,
        "dtype": flags.iv3_dtype,
        "channels_last": flags.iv3_channels_last,
        "num_threads": flags.iv3_threads,
        "batch_size": flags.batch_size,
    }


def _signfiles(flags: argparse.Namespace) -> dict[str, Any]:
    names = [field.name for field in dataclasses.fields(SignFilesConfig)]
    own = {name: getattr(flags, name) for name in names if hasattr(flags, name)}
    return {
        "keypoints": flags.write_keypoints,
        "features": flags.write_iv3_features,
        "parquet": not flags.disable_parquet,
        **own,
    }
