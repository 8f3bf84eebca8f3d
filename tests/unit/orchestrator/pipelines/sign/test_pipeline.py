"""The sign pipeline as values: flags, stages, rows, what is written last, and rules that files are held to."""

import csv
import dataclasses
import io
import json
import tracemalloc

import numpy as np
import pytest

from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.request import request_of
from orchestrator.pipelines.base import Inputs, Made
from orchestrator.pipelines.sign.pipeline import PIPELINE, check_outputs, payloads, read
from services.base.errors import EXIT_USAGE, BadConfig
from services.base.run.manifest import encode_clips
from services.base.run.sharding import shard_of
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.interface import Entry
from services.base.store.open import open_store
from services.features.spec import FeaturesConfig
from services.records.sign.files.npz import ClipFacts, build_meta, encode_npz
from services.records.sign.files.parquet import encode_table
from services.records.sign.spec import SignFilesConfig


def parsed(*words):
    return build_parser().parse_args(["run", "sign", *words])


def chosen(*words):
    """The options of a command line."""
    return request_of(parsed(*words)).options


def options(*words):
    return chosen("in", "out", "--write-keypoints", *words)


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
    assert "_DIRECTORY" in capsys.readouterr().err or "--input-root" in words


def test_other_pipelines_take_roots_by_flag_only():
    with pytest.raises(SystemExit):
        build_parser().parse_args(["run", "grid", "in", "out"])


def test_defaults_are_those_of_the_original():
    given = options()
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
    assert [name for name, _ in PIPELINE.stages(chosen("in", "out", *words))] == names


def test_nothing_asked_for_is_an_error():
    with pytest.raises(BadConfig, match="NOTHING_TO_WRITE"):
        PIPELINE.stages(chosen("in", "out"))


def test_occlusion_without_points_to_judge_it_by_is_refused():
    with pytest.raises(BadConfig, match="FLAGS_DISAGREE: --occ-enable was given without --write-keypoints"):
        PIPELINE.stages(chosen("in", "out", "--write-iv3-features", "--occ-enable"))
    given = ("in", "out", "--write-keypoints")
    assert PIPELINE.stages(chosen(*given, "--occ-enable")) == PIPELINE.stages(chosen(*given))


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
        PIPELINE.stages(options(*words))


def test_settings_reach_the_stages():
    given = options("--write-iv3-features", "--target-fps", "30", "--sampling", "decimate", "--occ-min-run", "7")
    server = {"triton": "host:8001", "triton_in_flight": 2, "triton_transport": "grpc"}
    given = dataclasses.replace(given, **server, iv3_threads=3, iv3_channels_last=False)
    stages = dict(PIPELINE.stages(given))
    assert (stages["decode"]["sampling"], stages["decode"]["target_fps"]) == ("decimate", 30.0)
    features = FeaturesConfig(**stages["features"])
    assert (features.backend, features.triton, features.triton_in_flight) == ("triton", "host:8001", 2)
    assert (features.triton_transport, features.num_threads, features.channels_last) == ("grpc", 3, False)
    assert SignFilesConfig(**stages["signfiles"]) == SignFilesConfig(
        features=True, sampling="decimate", target_fps=30.0, occ_min_run=7
    )


def test_all_frames_have_no_target():
    assert dict(PIPELINE.stages(options("--sampling", "all")))["decode"]["target_fps"] == 0.0


def entries(*names, size_bytes=5):
    return [Entry(name, size_bytes, "v") for name in names]


def test_rows_carry_the_output_name_and_go_by_shard():
    found = read(Inputs(entries("x/a.mp4", "y/a.mp4", "b.mov")), options("--num-shards", "4"))
    rows = {row.key: row for row in found.rows}
    assert {key: row.utterance_id for key, row in rows.items()} == {"x/a.mp4": "x__a", "y/a.mp4": "y__a", "b.mov": "b"}
    assert all(row.shard == shard_of(key, 4) and row.media == key for key, row in rows.items())
    encode_clips(found.rows, 4)
    assert any("share a base name" in note for note in found.notes)


def test_mending_a_file_renames_no_other_clip():
    broken = read(Inputs([*entries("x/a.mp4"), Entry("y/a.mp4", 0, "v")]), options())
    fixed = read(Inputs(entries("x/a.mp4", "y/a.mp4")), options())
    assert [line.reason for line in broken.problems] == ["EMPTY_FILE"]
    assert next(iter(broken.rows)).utterance_id == "x__a"
    assert {row.utterance_id for row in fixed.rows} == {"x__a", "y__a"}


def test_random_weights_are_said_before_the_run():
    notes = read(Inputs(entries("a.mp4")), options("--write-iv3-features", "--iv3-seed", "3")).notes
    assert any("SEEDED RANDOM WEIGHTS (seed 3)" in note for note in notes)
    assert not any("RANDOM" in note for note in read(Inputs(entries("a.mp4")), options()).notes)


def order_of(details, *words, appends=False):
    stages = [PinnedStage(name, config, {"inception_v3": "seeded:3"} if name == "features" else {})
              for name, config in PIPELINE.stages(options(*words))]  # fmt: skip
    return RunSpec(
        "r", "sign", "0" * 64, tuple(stages), "in", "out", 1, 2, "0" * 64, {"numpy": "2"}, details, appends=appends
    )


def summary_files(spec, done, quality):
    return {name: b"".join(pieces) for name, pieces in PIPELINE.summary_files(Made(spec, done, quality)).items()}


def clip_line(name, occluded=0):
    return {"key": f"{name}.mp4", "file": f"{name}.npz", "occluded": occluded, "num_frames": 4, "flags": ["NO_HANDS"]}


def test_labels_are_joined_once_sorted_and_without_quarantined_clips(tmp_path):
    details = read(Inputs(entries("a.mp4", "b.mp4", "c.mp4")), options("--id", "3")).details
    done = [ShardCommit(0, "", {}, {}, {"train": 2}, {}, num_quarantined=1)]
    files = summary_files(order_of(details), done, [clip_line("c", 1), clip_line("a")])
    assert files["labels.csv"] == b"file,gloss,cat,occluded\na.npz,3,3,0\nc.npz,3,3,1\n"
    meta = json.loads(files["meta.json"])
    assert (meta["clips"], meta["quarantined"], meta["occluded"], meta["flags"]) == (2, 1, 1, {"NO_HANDS": 2})
    assert "iv3_weights" not in meta


def test_rows_of_other_clips_stay_in_the_labels():
    details = {**read(Inputs(entries("a.mp4")), options("--id", "3")).details, "kept_labels": [["z.npz", 1, 2, 1]]}
    files = summary_files(order_of(details), [], [clip_line("a")])
    assert [row["file"] for row in csv.DictReader(io.StringIO(files["labels.csv"].decode()))] == ["a.npz", "z.npz"]


def appended(out, words, names, table=None, file="labels.csv"):
    """The tables after a run of these clips over an output that holds this one."""
    out.mkdir(exist_ok=True)
    if table is not None:
        (out / file).write_bytes(table)
    given = options("--append", *words)
    details = json.loads(json.dumps(read(Inputs(entries(*names), output_root=str(out)), given).details))
    made = [clip_line(name.rpartition("/")[2].removesuffix(".mp4")) for name in names]
    files = summary_files(order_of(details), [], made)
    for name, data in files.items():
        (out / name).write_bytes(data)
    return files, details


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            b"file,gloss,cat,occluded,signer,split\nbread.npz,3,3,0,s07,val\n",
            b"file,gloss,cat,occluded,signer,split\nbread.npz,3,3,0,s07,val\nmilk.npz,4,4,0,,\n",
        ),
        (
            b"\xef\xbb\xbfsigner;file;gloss;cat;occluded\r\ns07;bread.npz;3;3;1\r\n",
            b"\xef\xbb\xbfsigner;file;gloss;cat;occluded\r\ns07;bread.npz;3;3;1\r\n;milk.npz;4;4;0\r\n",
        ),
        (
            b'sep=\t\nfile\tgloss\tcat\t"my, note"\noccluded.npz\t03\t3\t"a ""b"", c"\n',
            b'sep=\t\nfile\tgloss\tcat\t"my, note"\toccluded\nmilk.npz\t4\t4\t\t0\n'
            b'occluded.npz\t03\t3\t"a ""b"", c"\t0\n',
        ),
        (
            b"cat,gloss,file\n1,2,z.npz\n\n1,2,b\n",
            b"cat,gloss,file,occluded\n1,2,b,0\n4,4,milk.npz,0\n1,2,z.npz,0\n",
        ),
        (
            "File,Gloss,Cat,Occluded,\ncafe\u0301.npz,1,2,0,seen twice\n".encode(),
            "File,Gloss,Cat,Occluded,\ncafe\u0301.npz,1,2,0,seen twice\nmilk.npz,4,4,0,\n".encode(),
        ),
    ],
)
def test_columns_of_the_users_and_the_way_a_table_is_written_stay(tmp_path, table, expected):
    files, details = appended(tmp_path / "out", ["--id", "4"], ["milk.mp4"], table)
    assert files["labels.csv"] == expected
    again = appended(tmp_path / "out", ["--id", "4"], ["milk.mp4"])
    assert again == (files, details), "the same command again is the same plan"


def test_a_clip_that_is_run_again_keeps_what_its_user_wrote_beside_it(tmp_path):
    table = b"file,signer,gloss,cat,occluded\nbread.npz,s07,3,3,1\nmilk.npz,s08,4,4,1\n"
    files, details = appended(tmp_path / "out", ["--id", "4"], ["milk.mp4"], table)
    assert files["labels.csv"] == table.replace(b"s08,4,4,1", b"s08,4,4,0")
    assert appended(tmp_path / "out", ["--id", "4"], ["milk.mp4"]) == (files, details)


def test_columns_of_the_users_in_the_table_of_glosses_stay(tmp_path):
    table = b"note;gloss_id;label;cat_id\nmine;07;bread;7\n"
    words, names = ["--label-from", "folder"], ["milk/m.mp4", "bread/b.mp4"]
    files, details = appended(tmp_path / "out", words, names, table, "glosses.csv")
    assert files["glosses.csv"] == b"note;gloss_id;label;cat_id;category\nmine;07;bread;7;\n;8;milk;8;milk\n"
    assert files["labels.csv"] == b"file,gloss,cat,occluded\nb.npz,7,7,0\nm.npz,8,8,0\n"
    assert appended(tmp_path / "out", words, names) == (files, details)


def test_tables_of_this_program_are_pinned_as_rows_alone(tmp_path):
    words = ["--label-from", "folder"]
    for names in (["01/a.mp4"], ["01/a.mp4", "2/b.mp4"], ["3/ c.mp4"]):
        _, details = appended(tmp_path / "out", words, names)
        assert not {"labels_form", "glosses_form"} & set(details)


@pytest.mark.parametrize(
    ("before", "lost"),
    [
        ("file,gloss,cat,occluded\na.npz,3,3,1\n", ""),
        ("occluded;cat;gloss;file\n1;03;3;a\n", ""),
        ("file,gloss,cat,occluded\nz.npz,1,1,0\n", "the row of 'z'"),
        ("file,gloss,cat,occluded\na.npz,12,3,1\n", "gloss '12' of 'a'"),
        ("file,gloss,cat,occluded\na.npz,3,3,0\n", "occluded '0' of 'a'"),
        ("file,gloss,cat,occluded,signer\na.npz,3,3,1,s07\n", "signer 's07' of 'a'"),
        ("file,gloss,cat,occluded,signer\na.npz,3,3,1,\n", ""),
        ('file,gloss,cat\n"a', "fix its quotes"),
    ],
)
def test_what_a_labels_file_would_lose_is_told(before, lost):
    after = b"file,gloss,cat,occluded\na.npz,3,3,1\nb.npz,3,3,0\n"
    spec = order_of(read(Inputs(entries("a.mp4", "b.mp4")), options("--id", "3")).details)
    told = PIPELINE.lost([spec], "labels.csv", before.encode(), after)
    assert lost in told and bool(lost) == bool(told)


def test_a_label_of_an_earlier_run_is_not_lost_where_another_run_gives_another(tmp_path):
    first = order_of(read(Inputs(entries("a.mp4")), options("--id", "3")).details)
    inputs = Inputs(entries("a.mp4"), output_root=str(tmp_path))
    second = order_of(read(inputs, options("--id", "5", "--append")).details, appends=True)
    after = b"file,gloss,cat,occluded\na.npz,5,5,1\n"
    assert PIPELINE.lost([first, second], "labels.csv", b"file,gloss,cat,occluded\na.npz,3,3,0\n", after) == ""
    assert "gloss '4'" in PIPELINE.lost([first, second], "labels.csv", b"file,gloss,cat,occluded\na.npz,4,4,0\n", after)


def test_a_label_of_before_any_run_is_not_lost_where_a_run_that_adds_gives_another(tmp_path):
    inputs = Inputs(entries("a.mp4"), output_root=str(tmp_path))
    spec = order_of(read(inputs, options("--id", "5", "--append")).details, appends=True)
    after = b"file,gloss,cat,occluded\na.npz,5,5,1\n"
    assert PIPELINE.lost([spec], "labels.csv", b"file,gloss,cat\na,9,9\n", after) == ""
    assert "signer" in PIPELINE.lost([spec], "labels.csv", b"file,gloss,cat,signer\na,9,9,s07\n", after)


def test_what_a_table_of_glosses_would_lose_is_told():
    after = b"gloss_id,label,cat_id,category\n0,tea,0,DRINK\n"
    spec = order_of(read(Inputs(entries("tea/a.mp4")), options("--label-from", "folder")).details)
    assert PIPELINE.tables(spec) == {"labels.csv", "glosses.csv"}
    assert PIPELINE.lost([spec], "glosses.csv", b"gloss_id;label;cat_id\n0;tea;0\n", after) == ""
    assert "note 'x'" in PIPELINE.lost([spec], "glosses.csv", b"gloss_id;label;cat_id;note\n0;tea;0;x\n", after)


def test_what_is_kept_of_a_clip_until_the_labels_are_written_is_its_row(tmp_path):
    num_clips = 20_000

    def quality():
        for i in range(num_clips):
            yield clip_line(f"clip{i:05d}", i % 2) | {"facts": [i] * 400}

    spec = order_of({"labels": {}, "kept_labels": [], "glosses": [], "labels_file": "labels.csv"})
    labels = {f"clip{i:05d}": [i, i] for i in range(num_clips)}
    spec = dataclasses.replace(spec, details={**spec.details, "labels": labels})
    tracemalloc.start()
    try:
        files = summary_files(spec, [], quality())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert files["labels.csv"].count(b"\n") == num_clips + 1
    assert peak_bytes < 400 * num_clips, "the facts of a clip take ten times as much"


def test_no_labels_no_file():
    details = read(Inputs(entries("a.mp4")), options()).details
    assert set(summary_files(order_of(details), [], [clip_line("a")])) == {"meta.json"}


def test_names_of_glosses_are_written_and_random_weights_told():
    details = read(Inputs(entries("HELLO/a.mp4")), options("--label-from", "folder")).details
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
    spec = order_of({})
    found = list(check_outputs(spec, outputs, names))
    assert [(file, message.partition(":")[0]) for file, message in found] == [
        ("late.npz", "TIME_GOES_BACK"),
        ("late.parquet", "PARQUET_DIFFERS"),
        ("short.parquet", "BAD_PARQUET"),
    ]
    assert list(payloads(outputs, "good.npz")) == [(0, clip_files()[0])]


def test_a_file_that_is_gone_is_told(tmp_path):
    assert [file for file, _ in check_outputs(order_of({}), open_store(tmp_path), ["a.npz"])] == ["a.npz"]
