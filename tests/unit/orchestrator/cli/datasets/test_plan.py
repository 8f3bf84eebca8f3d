"""Which clips `visemill plan` measures, and what it predicts from them."""

from types import SimpleNamespace

import pytest
from grid_records import speakers_clips, write_shards

from orchestrator.cli.datasets.plan import predict, spread
from orchestrator.cli.main import main
from services.base.run.manifest import ClipRow


def test_sampled_clips_are_spread_over_the_data_sets_own_order():
    rows = [ClipRow(f"k{i}", f"k{i}", "s", f"k{i}", "train", 0, 9 - i, i, 1, "v") for i in range(10)]
    assert [row.key for row in spread(rows[::-1], 3)] == ["k0", "k3", "k6"]
    assert len(spread(rows, 99)) == 10


def test_a_prediction_needs_a_clip_that_went_well():
    class Made:
        class spec:
            num_clips = 100

    good = {"outcome": "ok", "cpu_s": {"decode": 0.1, "landmarks": 0.3}, "record": {"num_bytes": 1000}}
    predicted = predict(Made, [good, {"outcome": "BAD_INPUT"}], 2)
    assert predicted["wall_s"] == pytest.approx(20.0) and predicted["output_bytes"] == 100_000
    assert predict(Made, [{"outcome": "BAD_INPUT"}], 2)["wall_s"] is None


@pytest.mark.parametrize(
    ("sampled_hz", "facts", "num_bytes"),
    [
        pytest.param(25.0, {"num_frames": 100, "truncated": True, "rate_hz": 50.0}, 30_000, id="two minutes of 4 s"),
        pytest.param(
            0.0, {"num_frames": 100, "truncated": True, "rate_hz": 50.0}, 60_000, id="at the video's own rate"
        ),
        pytest.param(25.0, {"num_frames": 3000, "truncated": False, "rate_hz": 25.0}, 1000, id="the whole video"),
        pytest.param(25.0, {"num_frames": 0, "truncated": True, "rate_hz": 0.0}, 1000, id="nothing of it"),
    ],
)
def test_what_a_few_seconds_take_is_carried_on_to_the_length_of_the_video(sampled_hz, facts, num_bytes):
    made = SimpleNamespace(spec=SimpleNamespace(num_clips=1))
    tried = {"outcome": "ok", "cpu_s": {"decode": 2.0}, "facts": facts, "info": {"duration_s": 120.0}}
    predicted = predict(made, [tried | {"talkerfile": {"num_bytes": 1000}}], 1, sampled_hz)
    assert predicted["output_bytes"] == num_bytes
    assert predicted["wall_s"] == pytest.approx(2.0 * num_bytes / 1000)


@pytest.mark.parametrize("more", [[], ["--deep"]])
def test_of_a_run_without_stages_no_clip_is_tried(tmp_path, capsys, more):
    pytest.importorskip("torch")
    write_shards(tmp_path / "records", {"train": [speakers_clips("s1", clips=1)], "val": [speakers_clips("s2")]})
    roots = ["--data_root", str(tmp_path / "records"), "--checkpoint_dir", str(tmp_path / "out")]
    assert main(["plan", "grid-ctc", "--preset", "cpu", *roots, *more]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 files (") and lines[1] == "pass train: 2 ranks of recipe grid-ctc"
    assert lines[2].endswith("; nothing was written") and not (tmp_path / "out").exists()
