"""The pip configuration of a build may hold an index's password: the owner's alone during a build, gone after it."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from image_builders import Buildah, Builder, Docker, remove_left_secrets

INDEX = "https://user:hunter2@index.example/simple"
# Stands where the builder's program is looked up: notes its words and what it was given, and ends as it is asked to.
PROGRAM = """#!/bin/sh
for word; do
  case "$word" in id=pip,src=*)
    file=${word#id=pip,src=}
    stat -c '%a' "$file" "${file%/*}" >> "$SEEN/modes"
    cat "$file" >> "$SEEN/config"
  esac
done
echo "$*" >> "$SEEN/argv"
exit "$STATUS"
"""


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of what the builder's program saw; pip has an index with a password."""
    monkeypatch.setenv("PIP_INDEX_URL", INDEX)
    for name, text in (("docker", PROGRAM), ("buildah", PROGRAM)):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "seen").mkdir()
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    return tmp_path / "seen"


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("kind", [Buildah, Docker])
def test_the_index_is_private_during_a_build_and_gone_after_it(
    seen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Builder], status: int
) -> None:
    monkeypatch.setenv("STATUS", str(status))
    folder = tmp_path / "images"
    folder.mkdir()
    before = os.umask(0)
    try:
        with pytest.raises(subprocess.CalledProcessError) if status else contextlib.nullcontext():
            kind(folder).build("image", tmp_path / "Dockerfile", tmp_path, [])  # type: ignore[call-arg]
    finally:
        os.umask(before)
    assert INDEX in (seen / "config").read_text()
    assert (seen / "modes").read_text().split() == ["600", "700"]
    assert "hunter2" not in (seen / "argv").read_text()
    assert not list(folder.iterdir())


def test_what_killed_builds_have_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "secrets.abc").mkdir()
    (tmp_path / "secrets.abc" / "pip.conf").write_text(INDEX)
    for name in ("pip.conf", "pip.conf.x1", "visemill-worker.tar"):
        (tmp_path / name).write_text(INDEX)
    remove_left_secrets(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["visemill-worker.tar"]
