"""Files that no corpus should hold: each gets its own clear answer, and costs itself only."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.corpus.broken import huge_header

pytestmark = pytest.mark.slow

GOOD = ("bbaf2n", "bbaf3s", "bbal8p")
# What is said, by the path that it is said of.
LEFT_OUT = {
    "s1_processed/zero.mpg": "EMPTY_FILE",
    "s1_processed/folder.mpg": "NOT_A_FILE",
    "s1_processed/bbbs4n.mpg": "MISSING_ALIGN",
    "s1_processed/linked.mpg": "LEAVES_ROOT",
    "s1_processed/align/brbt3a.align": "EMPTY_FILE",
    "s1_processed/align/brwa3s.align": "NOT_A_FILE",
}
QUARANTINED = {
    "s1/text": "OPEN_FAILED",
    "s1/stub": "NO_FACE",
    "s1/huge": "TOO_MANY_PIXELS",
    "s1/secret": "NOT_READABLE",
    "s1/corrupted": "NO_FACE",
    "s1/video_90": "NO_FACE",
    "s1/garbled": "BAD_ALIGN",
}
FLAGGED = {
    "s1/bbiz2p": "STEM_MISMATCH",
    "s1/cut": "SHORT_CLIP",
    "s1/lrarzn": "GREY_FRAMES",
    "s1/bras8p": "CHARACTERS_DROPPED",
    "s1/brbtzn": "EMPTY_LABEL",
}
ODD_NAME = "grün und blau"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def flags_of(corpus: Any, out: Path, *more: object) -> list[object]:
    return ["grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", "2", "--quiet", *more]


def no_privileges() -> list[str]:
    """Root may read everything; without two capabilities it is refused as anybody else."""
    if Path("/proc/self").owner() != "root":
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root reads files that nobody may read, and there is no setpriv to give that up")
    return [setpriv, "--bounding-set=-dac_override,-dac_read_search"]


def spoil(corpus: Any, testdata: Path) -> None:
    """Every bad file that there is, beside good ones."""
    corpus.add(*GOOD, "bbiz2p", "lrarzn", "bras8p", "brbtzn")
    folder, align = corpus.root / "s1_processed", corpus.root / "s1_processed" / "align"
    whole = (folder / "bbaf2n.mpg").read_bytes()
    broken = testdata / "data" / "broken"
    for name, data in {
        "zero": b"",
        "text": b"Here was a video.\n",
        "cut": whole[:150_000],
        "stub": whole[:1500],
        "huge": huge_header(),
        "secret": whole,
        "garbled": whole,
        "corrupted": (broken / "corrupted.mp4").read_bytes(),
        "video_90": (broken / "video_90.mov").read_bytes(),
    }.items():
        (folder / f"{name}.mpg").write_bytes(data)
        shutil.copyfile(align / "bbal8p.align", align / f"{name}.align")
    (folder / "secret.mpg").chmod(0)
    (align / "garbled.align").write_text("0 14250 sil\nten 20000 bin\n")
    (folder / "folder.mpg").mkdir()
    shutil.copyfile(align / "bbal8p.align", align / "folder.align")
    corpus.copy("bbbs4n", "s1_processed/bbbs4n.mpg")
    corpus.copy("bgau1a", f"s1_processed/{ODD_NAME}.mpg", f"s1_processed/align/{ODD_NAME}.align")
    (folder / "linked.mpg").symlink_to(corpus.grid / "s1_processed" / "bgbozp.mpg")
    shutil.copyfile(align / "bbal8p.align", align / "linked.align")
    shutil.copyfile(align / "bbal8p.align", align / "bbiz2p.align")
    shutil.copyfile(broken / "aa00.align", align / "bras8p.align")
    (align / "brbtzn.align").write_text("0 74500 sil\n")
    for stem in ("brbt3a", "brwa3s"):
        corpus.copy(stem, f"s1_processed/{stem}.mpg")
    (align / "brbt3a.align").touch()
    (align / "brwa3s.align").mkdir()


def test_each_bad_file_gets_its_own_answer_and_the_rest_is_complete(
    visemill: Any, here: Any, corpus: Any, out: Path, testdata: Path, json_lines: Any
) -> None:
    """Takes over twenty seconds: thirteen commands that reproduce what was set aside, each as it was told."""
    spoil(corpus, testdata)
    plain = no_privileges()
    planned = visemill.run("plan", *flags_of(corpus, out, "--sample", 0), prefix=plain)
    assert planned.code == 3
    found = {problem["path"]: problem["reason"] for problem in planned.data["problems"]}
    assert found.items() >= LEFT_OUT.items()
    assert found["s1_processed/bbiz2p.mpg"] == "ALIGN_OF_ANOTHER_CLIP"
    assert found["s1_processed/garbled.mpg"] == "BAD_ALIGN"
    assert found["s1_processed/brbtzn.mpg"] == "NO_WORDS"

    result = visemill.run("run", *flags_of(corpus, out), prefix=plain)
    assert result.code == 3, result
    assert result.data["records"]["train"] == len(GOOD) + len(FLAGGED) + 1
    lines = json_lines(out / "quarantine.jsonl")
    assert {line["key"]: line["reason"] for line in lines} == {**LEFT_OUT, **QUARANTINED}
    assert all(line["message"] for line in lines)
    assert str(corpus.root) not in (out / "quarantine.jsonl").read_text()
    quality = {facts["key"]: facts["flags"] for facts in json_lines(out / "quality.jsonl")}
    assert {key for key, flags in quality.items() if not flags} == {*(f"s1/{stem}" for stem in GOOD), f"s1/{ODD_NAME}"}
    for key, flag in FLAGGED.items():
        assert flag in quality[key]

    told = here.ok("status", "--output-root", out, "--quarantine")["quarantine"]
    assert {line["key"]: line["reason"] for line in told} == {**LEFT_OUT, **QUARANTINED}
    assert "Invalid data" in next(line["detail"] for line in told if line["key"] == "s1/text")
    for line in told:
        command = shlex.split(line["reproduce"])
        # Who may read everything is not refused as a user is.
        again = visemill.run(*command[1:], prefix=plain) if line["key"] == "s1/secret" else here.run(*command[1:])
        assert again.code == 3, again
        if line["key"] in QUARANTINED:
            assert again.data["reason"] == line["reason"]
        else:
            assert line["reason"] in {p["reason"] for p in again.data["problems"] if p["path"] == line["media"]}
    shown = here.ok("inspect", out / "train-00000-of-00002.tfrecord", "--index", 0)
    assert shown["features"]


def test_quality_policy_quarantine_sets_odd_clips_aside(here: Any, corpus: Any, out: Path, json_lines: Any) -> None:
    corpus.add("bbaf2n", "lrarzn")
    answer = here.ok("run", *flags_of(corpus, out, "--quality-policy", "quarantine"), code=3)
    assert answer["records"]["train"] == 1
    (line,) = json_lines(out / "quarantine.jsonl")
    assert line["key"] == "s1/lrarzn"
    assert "grey" in line["message"].lower()


def test_over_the_limit_nothing_is_published_and_a_higher_limit_finishes(here: Any, corpus: Any, out: Path) -> None:
    corpus.add(*GOOD)
    corpus.path("s1_processed/bbal8p.mpg").write_bytes(b"not a video")
    answer = here.ok("run", *flags_of(corpus, out, "--max-failures", 0), code=65)
    assert "--max-failures" in answer["why"]
    assert not answer["finished"]
    assert [path.name for path in out.iterdir()] == [".visemill"]
    (line,) = here.ok("status", "--output-root", out, "--quarantine")["quarantine"]
    assert (line["key"], line["reason"]) == ("s1/bbal8p", "OPEN_FAILED")

    answer = here.ok("resume", "--output-root", out, "--max-failures", "100%", code=3)
    assert answer["records"]["train"] == 2
    assert (out / "meta.json").exists()


def test_a_run_that_stopped_at_a_bad_clip_takes_it_mended(
    here: Any, corpus: Any, out: Path, tmp_path: Path, tree_digest: Any
) -> None:
    corpus.add(*GOOD)
    here.ok("run", *flags_of(corpus, tmp_path / "whole"))
    corpus.path("s1_processed/bbal8p.mpg").write_bytes(b"not a video")
    here.ok("run", *flags_of(corpus, out, "--max-failures", 0), code=65)
    corpus.add("bbal8p")
    here.ok("resume", "--output-root", out, "--max-failures", 0)
    assert tree_digest(out) == tree_digest(tmp_path / "whole")


def test_files_that_planning_leaves_out_count_against_the_limit(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    corpus.copy("bbbs4n", "s1_processed/bbbs4n.mpg")
    answer = here.ok("run", *flags_of(corpus, out, "--max-failures", 0), code=65)
    assert answer["reasons"] == {"MISSING_ALIGN": 1}
    assert not (out / "meta.json").exists()


def test_no_clip_that_works_is_no_success(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    corpus.path("s1_processed/bbaf2n.mpg").write_bytes(b"not a video")
    answer = here.ok("run", *flags_of(corpus, out), code=65)
    assert answer["records"] == {"train": 0, "val": 0, "test": 0}


def test_retry_brings_mended_clips_in_as_if_they_had_never_been_bad(
    here: Any, corpus: Any, out: Path, tmp_path: Path, tree_digest: Any
) -> None:
    """Takes 20 s: a run, its retry, and a run over the fixed folder."""
    corpus.add(*GOOD, "bbbs4n")
    here.ok("run", *flags_of(corpus, tmp_path / "whole"))
    for stem in ("bbal8p", "bbaf3s"):
        corpus.path(f"s1_processed/{stem}.mpg").write_bytes(b"not a video")
    here.ok("run", *flags_of(corpus, out), code=3)
    assert here.ok("retry", "--output-root", out, code=3)["quarantined"] == 2

    corpus.add("bbal8p")
    assert here.ok("retry", "--output-root", out, code=3)["quarantined"] == 1
    assert here.ok("resume", "--output-root", out, code=3)["nothing_to_do"]
    corpus.add("bbaf3s")
    answer = here.ok("retry", "--output-root", out)
    assert answer["records"]["train"] == 4
    assert tree_digest(out) == tree_digest(tmp_path / "whole")
    assert here.ok("resume", "--output-root", out)["nothing_to_do"]
    assert here.ok("retry", "--output-root", out)["shards"] == []
    # A clip that is in the output may not change any more.
    corpus.path("s1_processed/bbal8p.mpg").write_bytes(b"not a video")
    here.refused("resume", "--output-root", out, reason="INPUT_CHANGED")


def test_the_faults_of_the_demo_corpus_are_the_reasons_that_it_expects(
    here: Any, tmp_path: Path, json_lines: Any
) -> None:
    corpus, out = tmp_path / "demo", tmp_path / "out"
    written = here.ok("demo-corpus", corpus, "--speakers", 1, "--clips", 1, "--broken")["written"]
    expected = {Path(file["path"]).stem: file["reason"] for file in written if file["reason"]}
    answer = here.ok("run", "grid", "--input-root", corpus, "--output-root", out, "--num-shards", 1, code=3)
    found = {Path(line["media"]).stem: [line["reason"]] for line in json_lines(out / "quarantine.jsonl")}
    found |= {Path(facts["key"]).name: facts["flags"] for facts in json_lines(out / "quality.jsonl")}
    for stem, reason in expected.items():
        if reason == "MISSING_MEDIA":
            assert any(reason in note and stem in note for note in answer["notes"])
        else:
            assert reason in found[stem]
