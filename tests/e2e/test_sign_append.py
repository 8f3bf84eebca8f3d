"""A lab adds clips one after another: each run with its own id into one output, and nothing that was there is lost."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.request import request_of
from orchestrator.cli.runs.run import run_plans
from orchestrator.planner.planning import plan_of
from services.base.errors import Transient

pytestmark = pytest.mark.slow

HEADER = "file,gloss,cat,occluded\n"


@dataclass
class Lab:
    """A folder of clips, and an output that they are added to."""

    folder: Path
    here: Any

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def words(self, clip: str, *flags: object) -> list[object]:
        made = ["--write-keypoints", "--target-fps", 5, "--num-shards", 1]
        return ["run", "sign", self.folder / "in" / clip, self.out, *made, *flags]

    def add(self, clip: str, *flags: object) -> dict[str, Any]:
        answer: dict[str, Any] = self.here.ok(*self.words(clip, "--append", *flags))
        return answer

    def labels(self) -> str:
        return (self.out / "labels.csv").read_text()


@pytest.fixture
def lab(testdata: Path, here: Any, tmp_path: Path) -> Lab:
    """Two real clips under several names."""
    sign = testdata / "data" / "sign"
    for name, source in (
        ("bread.mp4", "autsl_signer0_sample1000.mp4"),
        ("rice.mp4", "pose_test_video.mp4"),
        ("more/tea.mp4", "autsl_signer0_sample1000.mp4"),
        ("more/bread.mp4", "pose_test_video.mp4"),
    ):
        target = tmp_path / "in" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sign / source, target)
    return Lab(tmp_path, here)


def test_clips_are_added_one_after_another(
    lab: Lab, here: Any, tree_digest: Callable[[Path], str], json_lines: Callable[[Path], list[dict[str, Any]]]
) -> None:
    """Takes 20 s: three runs, each with models that load."""
    lab.add("bread.mp4", "--id", 3)
    lab.add("rice.mp4", "--id", 4)
    lab.add("more/tea.mp4")
    assert lab.labels() == f"{HEADER}bread.npz,3,3,0\nrice.npz,4,4,0\n"
    assert {path.stem for path in lab.out.glob("*.npz")} == {"bread", "rice", "tea"}
    assert [line["file"] for line in json_lines(lab.out / "quality.jsonl")] == ["bread.npz", "rice.npz", "tea.npz"]
    verified = here.ok("verify", "--output-root", lab.out, "--recompute", "100%")
    assert (verified["recomputed"], verified["problems"]) == (3, [])
    report = here.ok("report", "--output-root", lab.out)
    assert report["sheets"] == 3

    whole = tree_digest(lab.out)
    for clip, flags in (("bread.mp4", ("--id", 3)), ("rice.mp4", ("--id", 4)), ("rice.mp4", ("--id", 4))):
        lab.add(clip, *flags)
        assert tree_digest(lab.out) == whole
        assert here.ok("verify", "--output-root", lab.out)["problems"] == []

    lab.add("bread.mp4", "--id", 9)
    assert lab.labels() == f"{HEADER}bread.npz,9,9,0\nrice.npz,4,4,0\n"
    (lab.out / "rice.npz").unlink()
    problems = here.ok("verify", "--output-root", lab.out, code=65)["problems"]
    assert [p["file"] for p in problems] == ["rice.npz"] and "give its command again" in problems[0]["problem"]
    lab.add("rice.mp4", "--id", 4)
    assert here.ok("verify", "--output-root", lab.out)["problems"] == []

    theirs = "file;signer;gloss;cat;occluded\nbread.npz;s07;9;9;0\nrice.npz;s08;4;4;0\n"
    (lab.out / "labels.csv").write_text(theirs)
    lab.add("rice.mp4", "--id", 4)
    assert lab.labels() == theirs
    assert lab.add("rice.mp4", "--id", 4)["nothing_to_do"]


def test_what_would_spoil_the_output_is_refused(lab: Lab, here: Any) -> None:
    lab.add("bread.mp4", "--id", 3)
    before = lab.labels()
    message = here.refused(*lab.words("rice.mp4", "--id", 4), reason="OTHER_RUN")
    assert "--append" in message
    words = lab.words("rice.mp4", "--id", 4, "--append", "--target-fps", 30)
    assert "decode.target_fps 5.0 there, 30.0 now" in here.refused(*words, reason="OTHER_SETTINGS")
    message = here.refused(*lab.words("more/bread.mp4", "--id", 4, "--append"), reason="NAME_TAKEN")
    assert "more/bread.mp4" not in message and "rename" in message
    (finished,) = lab.out.glob(".visemill/runs/*/finished.json")
    finished.rename(finished.with_suffix(".away"))
    message = here.refused(*lab.words("rice.mp4", "--id", 4, "--append"), reason="NOT_FINISHED")
    assert "resume" in message
    assert lab.labels() == before and [path.stem for path in lab.out.glob("*.npz")] == ["bread"]


def test_of_two_that_add_at_once_one_is_told_to_come_again(lab: Lab) -> None:
    lab.add("bread.mp4", "--id", 3)
    words = [str(word) for word in lab.words("rice.mp4", "--id", 4, "--append", "--quiet")]
    flags = build_parser().parse_args(words)
    request = request_of(flags)
    planned = plan_of(request)
    lab.add("more/tea.mp4", "--id", 5)
    with pytest.raises(Transient, match="give the command again"):
        run_plans([request], [planned], flags)
    assert run_plans([request], [plan_of(request)], flags).exit_code == 0
    assert lab.labels() == f"{HEADER}bread.npz,3,3,0\nrice.npz,4,4,0\ntea.npz,5,5,0\n"


def test_an_output_of_the_original_is_added_to(lab: Lab, testdata: Path, here: Any) -> None:
    shutil.copytree(testdata / "data/golden/fslr_15fps", lab.out, copy_function=shutil.copyfile)
    originals = {path: path.read_bytes() for path in lab.out.glob("*.npz")}
    assert "--append" in here.refused(*lab.words("bread.mp4", "--id", 4), reason="OUTPUT_NOT_EMPTY")
    lab.add("bread.mp4", "--id", 4)
    rows = lab.labels().splitlines()[1:]
    assert len(rows) == len(originals) + 1 and "bread.npz,4,4,0" in rows
    assert {path: path.read_bytes() for path in originals} == originals
    shutil.copyfile(lab.folder / "in" / "rice.mp4", lab.folder / "in" / "pose_test_video.mp4")
    answer = lab.words("pose_test_video.mp4", "--id", 4, "--append")
    shutil.rmtree(lab.out / ".visemill")
    assert "pose_test_video" in here.refused(*answer, reason="OUTPUT_NOT_EMPTY")


def test_words_of_folders_keep_their_numbers(lab: Lab) -> None:
    for word, clip in (("water", "bread.mp4"), ("apple", "rice.mp4")):
        target = lab.folder / "in" / word / word / clip
        target.parent.mkdir(parents=True)
        shutil.move(lab.folder / "in" / clip, target)
        lab.add(word, "--label-from", "folder")
    table = (lab.out / "glosses.csv").read_text()
    assert table == "gloss_id,label,cat_id,category\n0,water,0,water\n1,apple,1,apple\n"
    assert lab.labels() == f"{HEADER}bread.npz,0,0,0\nrice.npz,1,1,0\n"
    with np.load(lab.out / "rice.npz") as arrays:
        assert arrays["mask"].any()
