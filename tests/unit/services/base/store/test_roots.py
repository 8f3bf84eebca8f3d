"""Roots as every process understands them."""

from services.base.store.roots import absolute


def test_roots_mean_the_same_in_a_worker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("out") == str(tmp_path / "out")
    assert absolute("s3://bucket/prefix") == "s3://bucket/prefix"
