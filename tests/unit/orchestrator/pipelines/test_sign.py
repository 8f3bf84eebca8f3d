"""The sign pipeline as values: flags, stages, rows, what is written last, and rules that files are held to."""

import csv
import io
import json

import numpy as np
import pytest

from orchestrator.cli import build_parser
from orchestrator.pipelines.sign import PIPELINE, check_outputs, payloads, read, summary_files
from services.base.errors import EXIT_USAGE, BadConfig
from services.base.manifest import encode_clips
from services.base.order import DoneShard, RunOrder, StageOrder
from services.base.shards import shard_of
from services.base.store import Entry, open_store
from services.features.spec import FeaturesConfig
from services.records.sign.npz import ClipFacts, build_meta, encode_npz
from services.records.sign.parquet import encode_table
from services.records.sign.spec import SignFilesConfig


def parsed(*words):
    return build_parser().parse_args(["run", "sign", *words])


def flags(*words):
    return parsed("in", "out", "--write-keypoints", *words)


@pytest.mark.parametrize(
    "words",
    [
        ["in", "out", "--write-keypoints"],
        ["--write-keypoints", "in", "out"],
        ["in", "--write-keypoints", "out"],
        ["in", "--target-fps", "30", "out"],
        ["--input-root", "in", "--output-root", "out"],
        ["--input-root=in", "out"],
        ["in", "--output-root", "out"],
    ],
)
def test_roots_are_given_by_place_or_by_flag(words):
    given = parsed(*words)
    assert (given.input_root, given.output_root) == ("in", "out")


@pytest.mark.parametrize("words", [["in"], [], ["--output-root", "out"], ["in", "out", "--input-root", "x"]])
def test_roots_that_lack_or_are_given_twice_are_usage_errors(words, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed(*words)
    assert ended.value.code == EXIT_USAGE
    assert "VIDEO_DIRECTORY" in capsys.readouterr().err or "--input-root" in words


def test_other_pipelines_take_roots_by_flag_only():
    with pytest.raises(SystemExit):
        build_parser().parse_args(["run", "grid", "in", "out"])


def test_defaults_are_those_of_the_original():
    given = flags()
    expected = {
        "target_fps": 15,
        "out_size": 256,
        "conf_thresh": 0.5,
        "max_gap": 5,
        "batch_size": 32,
        "occ_vis_thresh": 0.6,
        "occ_frame_prop": 0.4,
        "occ_min_run": 15,
        "id": None,
        "labels_csv": "",
        "append": False,
        "disable_parquet": False,
        "occ_enable": False,
        "write_iv3_features": False,
    }
    assert {name: getattr(given, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--write-keypoints"], ["decode", "keypoints", "signfiles"]),
        (["--write-iv3-features"], ["decode", "features", "signfiles"]),
        (["--write-iv3-features", "--write-keypoints"], ["decode", "keypoints", "features", "signfiles"]),
    ],
)
def test_stages_are_what_is_asked_for(words, names):
    assert [name for name, _ in PIPELINE.stages(parsed("in", "out", *words))] == names


def test_nothing_asked_for_is_an_error():
    with pytest.raises(BadConfig, match="NOTHING_TO_WRITE"):
        PIPELINE.stages(parsed("in", "out"))


def test_occlusion_without_points_to_judge_it_by_is_refused():
    with pytest.raises(BadConfig, match="FLAGS_DISAGREE: --occ-enable was given without --write-keypoints"):
        PIPELINE.stages(parsed("in", "out", "--write-iv3-features", "--occ-enable"))
    given = ("in", "out", "--write-keypoints")
    assert PIPELINE.stages(parsed(*given, "--occ-enable")) == PIPELINE.stages(parsed(*given))


@pytest.mark.parametrize(
    "words",
    [
        ["--triton", "host:8001"],
        ["--triton-transport", "grpc"],
        ["--iv3-weights", "x.pth"],
        ["--iv3-seed", "3"],
        ["--iv3-dtype", "bfloat16"],
        ["--iv3-device", "cpu"],
        ["--iv3-threads", "2"],
    ],
)
def test_what_is_of_features_alone_is_not_taken_silently_without_them(words):
    with pytest.raises(BadConfig, match=f"FLAGS_DISAGREE.*{words[0]} was given without --write-iv3-features"):
        PIPELINE.stages(flags(*words))


def test_settings_reach_the_stages():
    given = flags("--write-iv3-features", "--target-fps", "30", "--sampling", "decimate", "--occ-min-run", "7")
    given.triton, given.triton_in_flight, given.triton_transport, given.iv3_threads = "host:8001", 2, "grpc", 3
    given.iv3_channels_last = False
    stages = dict(PIPELINE.stages(given))
    assert (stages["decode"]["sampling"], stages["decode"]["target_fps"]) == ("decimate", 30.0)
    features = FeaturesConfig(**stages["features"])
    assert (features.backend, features.triton, features.triton_in_flight) == ("triton", "host:8001", 2)
    assert (features.triton_transport, features.num_threads, features.channels_last) == ("grpc", 3, False)
    assert SignFilesConfig(**stages["signfiles"]) == SignFilesConfig(
        features=True, sampling="decimate", target_fps=30.0, occ_min_run=7
    )


def test_all_frames_have_no_target():
    assert dict(PIPELINE.stages(flags("--sampling", "all")))["decode"]["target_fps"] == 0.0


def entries(*names, size_bytes=5):
    return [Entry(name, size_bytes, "v") for name in names]


def test_rows_carry_the_output_name_and_go_by_shard():
    found = read(entries("x/a.mp4", "y/a.mp4", "b.mov"), flags("--num-shards", "4"))
    rows = {row.key: row for row in found.rows}
    assert {key: row.utterance_id for key, row in rows.items()} == {"x/a.mp4": "x__a", "y/a.mp4": "y__a", "b.mov": "b"}
    assert all(row.shard == shard_of(key, 4) and row.media == key for key, row in rows.items())
    encode_clips(found.rows, 4)
    assert any("share a base name" in note for note in found.notes)


def test_mending_a_file_renames_no_other_clip():
    broken = read([*entries("x/a.mp4"), Entry("y/a.mp4", 0, "v")], flags())
    mended = read(entries("x/a.mp4", "y/a.mp4"), flags())
    assert [line.reason for line in broken.problems] == ["EMPTY_FILE"]
    assert next(iter(broken.rows)).utterance_id == "x__a"
    assert {row.utterance_id for row in mended.rows} == {"x__a", "y__a"}


def test_random_weights_are_said_before_the_run():
    notes = read(entries("a.mp4"), flags("--write-iv3-features", "--iv3-seed", "3")).notes
    assert any("SEEDED RANDOM WEIGHTS (seed 3)" in note for note in notes)
    assert not any("RANDOM" in note for note in read(entries("a.mp4"), flags()).notes)


def order_of(details, *words):
    stages = [StageOrder(name, config, {"inception_v3": "seeded:3"} if name == "features" else {})
              for name, config in PIPELINE.stages(flags(*words))]  # fmt: skip
    return RunOrder("r", "sign", "0" * 64, tuple(stages), "in", "out", 1, 2, "0" * 64, {"numpy": "2"}, details)


def clip_line(name, occluded=0):
    return {"key": f"{name}.mp4", "file": f"{name}.npz", "occluded": occluded, "num_frames": 4, "flags": ["NO_HANDS"]}


def test_labels_are_joined_once_sorted_and_without_quarantined_clips(tmp_path):
    details = read(entries("a.mp4", "b.mp4", "c.mp4"), flags("--id", "3")).details
    done = [DoneShard(0, "", {}, {}, {"train": 2, "quarantined": 1}, {})]
    files = summary_files(order_of(details), done, [clip_line("c", 1), clip_line("a")])
    assert files["labels.csv"] == b"file,gloss,cat,occluded\na.npz,3,3,0\nc.npz,3,3,1\n"
    meta = json.loads(files["meta.json"])
    assert (meta["clips"], meta["quarantined"], meta["occluded"], meta["flags"]) == (2, 1, 1, {"NO_HANDS": 2})
    assert "iv3_weights" not in meta


def test_rows_of_other_clips_stay_in_the_labels():
    details = {**read(entries("a.mp4"), flags("--id", "3")).details, "kept_labels": [["z.npz", 1, 2, 1]]}
    files = summary_files(order_of(details), [], [clip_line("a")])
    assert [row["file"] for row in csv.DictReader(io.StringIO(files["labels.csv"].decode()))] == ["a.npz", "z.npz"]


def test_no_labels_no_file():
    details = read(entries("a.mp4"), flags()).details
    assert set(summary_files(order_of(details), [], [clip_line("a")])) == {"meta.json"}


def test_names_of_glosses_are_written_and_random_weights_told():
    details = read(entries("HELLO/a.mp4"), flags("--label-from", "folder")).details
    files = summary_files(order_of(details, "--write-iv3-features"), [], [clip_line("a")])
    assert files["glosses.csv"] == b"gloss_id,label,cat_id,category\n0,HELLO,0,HELLO\n"
    assert "NOT TRAINED (seed 3)" in json.loads(files["meta.json"])["iv3_weights"]


def clip_files(**spoil):
    arrays = {
        "X": np.full((3, 156), 0.5, np.float32),
        "mask": np.ones((3, 78), np.bool_),
        "timestamps_ms": np.arange(3, dtype=np.int64),
        **spoil,
    }
    npz = encode_npz(arrays, build_meta(SignFilesConfig(), ClipFacts("a.mp4", 8, 8, 30.0)))
    return npz, encode_table(np.full((3, 156), 0.5, np.float32), np.ones((3, 78), np.bool_), np.arange(3))


def test_rules_that_files_break_are_told_with_the_file(tmp_path):
    outputs = open_store(tmp_path)
    for name, spoil in (("good", {}), ("late", {"timestamps_ms": np.array([0, 5, 3])}), ("short", {})):
        npz, table = clip_files(**spoil)
        outputs.put(f"{name}.npz", npz)
        outputs.put(f"{name}.parquet", table if name != "short" else b"torn")
    names = [f"{name}.{kind}" for name in ("good", "late", "short") for kind in ("npz", "parquet")]
    order = order_of({})
    found = list(check_outputs(order, outputs, names))
    assert [(file, message.partition(":")[0]) for file, message in found] == [
        ("late.npz", "TIME_GOES_BACK"),
        ("late.parquet", "PARQUET_DIFFERS"),
        ("short.parquet", "BAD_PARQUET"),
    ]
    assert list(payloads(outputs, "good.npz")) == [(0, clip_files()[0])]


def test_a_file_that_is_gone_is_told(tmp_path):
    assert [file for file, _ in check_outputs(order_of({}), open_store(tmp_path), ["a.npz"])] == ["a.npz"]
