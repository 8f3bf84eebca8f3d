"""A clip whose align was missing when the run was planned: `retry` takes it in once the align is there."""

import pytest

pytestmark = pytest.mark.slow


def test_a_clip_that_gets_its_align_is_taken_in_with_the_bytes_of_a_run_over_all(
    here, corpus, finished_grid, tree_digest, tmp_path
):
    """A run of two clips and a retry of one shard, each of which loads MediaPipe."""
    corpus.add("bbaf2n", "bbal8p").copy("bbaf3s", "s1_processed/bbaf3s.mpg")
    out = tmp_path / "out"
    words = ["run", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 2, "--run", "mine"]
    assert here.ok(*words, "--quiet", code=3)["reasons"] == {"MISSING_ALIGN": 1}
    corpus.copy("bbaf3s", "s1_processed/bbaf3s.mpg", "s1_processed/align/bbaf3s.align")
    answer = here.ok("retry", "--output-root", out, "--quiet")
    assert (answer["run"], answer["quarantined"], answer["records"]["train"]) == ("mine.2", 0, 3)
    assert tree_digest(out) == finished_grid.digest
    assert here.ok("verify", "--output-root", out)["problems"] == []
    assert here.ok("resume", "--output-root", out)["nothing_to_do"]
