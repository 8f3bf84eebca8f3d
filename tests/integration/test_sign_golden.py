"""Files of the original script: what it wrote passes our validator, and our rules give its numbers."""

import json

import numpy as np
import pytest

from services.records.sign.files.labels import parse_labels
from services.records.sign.files.npz import ClipFacts, build_meta, encode_npz
from services.records.sign.files.validate import validate
from services.records.sign.occlusion import hand_over_head, hardly_visible, judge, longest_run
from services.records.sign.ops import fill_gaps
from services.records.sign.spec import SignFilesConfig

CLIPS = ["autsl_signer0_sample1000", "pose_test_video"]
RATES = [15, 30]

# Shares and longest runs: hand over head, then visibility.
NUMBERS = {
    ("autsl_signer0_sample1000", 15): (0.0, 0, 0.0, 0),
    ("autsl_signer0_sample1000", 30): (0.0, 0, 0.0, 0),
    ("pose_test_video", 15): (0.207, 3, 0.586, 9),
    ("pose_test_video", 30): (0.241, 9, 0.5, 15),
}


@pytest.fixture(params=[(name, rate) for name in CLIPS for rate in RATES], ids=lambda pair: f"{pair[0]}-{pair[1]}")
def golden(request, testdata):
    """(name, rate, the path of what the script wrote, the path of the points before gaps were filled)."""
    name, rate = request.param
    folder = testdata / "data" / "golden"
    return name, rate, folder / f"fslr_{rate}fps" / f"{name}.npz", folder / f"{name}_{rate}fps.npz"


def test_files_of_the_original_break_no_rule(golden):
    assert validate(golden[2].read_bytes()) == []


def test_our_file_has_the_keys_and_types_of_the_original(golden, tmp_path):
    theirs = np.load(golden[2])
    facts = ClipFacts(f"{golden[0]}.mp4", 512, 512, 30.0)
    arrays = {name: theirs[name] for name in ("X", "mask", "timestamps_ms")}
    (tmp_path / "ours.npz").write_bytes(
        encode_npz(arrays, build_meta(SignFilesConfig(target_fps=float(golden[1])), facts))
    )
    ours = np.load(tmp_path / "ours.npz")
    assert ours.files == theirs.files
    assert [ours[name].dtype for name in arrays] == [theirs[name].dtype for name in arrays]
    assert ours["meta"].dtype.kind == theirs["meta"].dtype.kind == "U" and ours["meta"].shape == ()
    their_meta, our_meta = json.loads(theirs["meta"].item()), json.loads(ours["meta"].item())
    assert list(our_meta)[: len(their_meta)] == list(their_meta)
    assert {name: our_meta[name] for name in their_meta} == their_meta


def test_gaps_are_filled_as_in_the_original(golden):
    theirs, before = np.load(golden[2]), np.load(golden[3])
    num_frames = len(before["X_raw"])
    xy_TNC, mask_TN = fill_gaps(before["X_raw"].reshape(num_frames, 78, 2), before["mask_raw"], 5)
    np.testing.assert_array_equal(mask_TN, theirs["mask"])
    np.testing.assert_allclose(xy_TNC.reshape(num_frames, 156), theirs["X"], atol=1e-6)


def test_occlusion_has_the_numbers_of_the_original(golden):
    name, rate, path, _ = golden
    theirs = np.load(path)
    xy_TNC, mask_TN = theirs["X"].reshape(-1, 78, 2), theirs["mask"]
    over_T, hidden_T = hand_over_head(xy_TNC, mask_TN), hardly_visible(mask_TN, 0.6)
    share, run, hidden_share, hidden_run = NUMBERS[name, rate]
    assert (round(float(over_T.mean()), 3), longest_run(over_T)) == (share, run)
    assert (round(float(hidden_T.mean()), 3), longest_run(hidden_T)) == (hidden_share, hidden_run)


def test_the_verdict_is_the_one_in_the_labels_of_the_original(golden):
    name, _, path, _ = golden
    theirs = np.load(path)
    labels = {row.file: row for row in parse_labels((path.parent / "labels.csv").read_bytes())}
    verdict = judge(theirs["X"].reshape(-1, 78, 2), theirs["mask"], theirs["timestamps_ms"] / 1000, SignFilesConfig())
    assert int(verdict.occluded) == labels[f"{name}.npz"].occluded == 0
    assert labels[f"{name}.npz"][1:3] == (3, 3)
