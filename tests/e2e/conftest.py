"""The real command line in processes of its own, on real clips: what every end-to-end test stands on."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import pytest

from orchestrator.cli.main import main

LIMIT_S = 900
STATE_DIR = ".visemill"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """How a command ended. data: what it printed as JSON; text: the same as it stood there."""

    code: int
    text: str
    stderr: str

    @property
    def data(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.text)
        return value

    @property
    def error(self) -> dict[str, str]:
        fields: dict[str, str] = self.data["error"]
        return fields


class Visemill:
    """`visemill` as a user runs it. environment: added to that of the tests."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = dict(environment or {})

    def start(
        self, *words: object, prefix: Sequence[str] = (), stdout: Any = subprocess.PIPE, stderr: Any = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        argv = [*prefix, sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]
        return subprocess.Popen(
            argv,
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**os.environ, **self.environment},
            cwd=ROOT,
        )

    def run(self, *words: object, prefix: Sequence[str] = (), output: str = "json") -> Result:
        """The command, to its end."""
        with self.start(*words, "-o", output, prefix=prefix) as process:
            try:
                text, stderr = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        return Result(process.returncode, text, stderr)

    def ok(self, *words: object, code: int = 0) -> dict[str, Any]:
        """What the command says, which must end with that code."""
        result = self.run(*words)
        assert result.code == code, f"{words}: exit {result.code}, not {code}\n{result.text}\n{result.stderr[-3000:]}"
        return result.data

    def refused(self, *words: object, reason: str, code: int = 78) -> str:
        """The message of the error that the command must end with."""
        result = self.run(*words)
        assert result.code == code, f"{words}: exit {result.code}, not {code}\n{result.text}\n{result.stderr[-3000:]}"
        assert result.error["reason"] == reason, result.error
        return result.error["message"]


class InProcess(Visemill):
    """`visemill` without a process of its own: for what is answered and written. A run's workers are processes all the
    same; where the command itself is signalled or killed, take `Visemill`.
    """

    def run(self, *words: object, prefix: Sequence[str] = (), output: str = "json") -> Result:
        if prefix:
            raise ValueError(f"a command in this process cannot have the prefix {prefix}")
        text, stderr = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(text), contextlib.redirect_stderr(stderr):
                try:
                    code = main([*map(str, words), "-o", output])
                except SystemExit as ended:
                    code = int(ended.code or 0)
        return Result(code, text.getvalue(), stderr.getvalue())


@dataclass(frozen=True)
class FinishedRun:
    """A run that has been carried to its end, with its inputs: only to be looked at; what changes it takes a copy.

    folder: holds inputs and outputs, nothing else. answer: what the command said. digest: of the output tree.
    """

    folder: Path
    answer: dict[str, Any]
    digest: str

    @property
    def inputs(self) -> Path:
        return self.folder / "in"

    @property
    def outputs(self) -> Path:
        return self.folder / "out"

    def copy(self, folder: Path) -> "FinishedRun":
        """The same run as if it had been made there: its files' times are kept, what names its place names the new."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, symlinks=True)
        for path in (folder / "out" / STATE_DIR).rglob("*.json*"):
            text = path.read_bytes()
            path.write_bytes(text.replace(str(self.folder).encode(), str(folder).encode()))
        return replace(self, folder=folder)


@dataclass(frozen=True)
class Corpus:
    """An input root that is being put together from real clips."""

    root: Path
    grid: Path

    def add(self, *stems: str, speaker: str = "s1") -> "Corpus":
        """Copies of clips of s1 with their aligns, under any speaker's name."""
        for stem in stems:
            self.copy(stem, f"{speaker}_processed/{stem}.mpg", f"{speaker}_processed/align/{stem}.align")
        return self

    def copy(self, stem: str, media: str, align: str = "") -> Path:
        """One clip of s1 under another name; its align too, where one is named."""
        target = self.path(media)
        shutil.copyfile(self.grid / "s1_processed" / f"{stem}.mpg", target)
        if align:
            shutil.copyfile(self.grid / "s1_processed" / "align" / f"{stem}.align", self.path(align))
        return target

    def path(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def all_real(self) -> "Corpus":
        """Every real clip that there is."""
        shutil.copytree(self.grid, self.root, dirs_exist_ok=True, copy_function=shutil.copyfile)
        return self


def digest_of_tree(root: Path) -> str:
    """sha256 of the names and bytes below an output root, what belongs to the run's state left out."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and name.parts[0] != STATE_DIR:
            digest.update(f"{name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def lines_of_file(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="session")
def visemill() -> Visemill:
    return Visemill()


@pytest.fixture(scope="session")
def visemill_in() -> type[Visemill]:
    """A command line in another environment."""
    return Visemill


@pytest.fixture(scope="session")
def here() -> InProcess:
    """The command line without the start of a process for each command."""
    return InProcess()


@pytest.fixture(scope="session")
def here_in() -> type[InProcess]:
    """The same in another environment."""
    return InProcess


@pytest.fixture(scope="session")
def finished_grid(here: InProcess, testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Three clips of GRID in two shards, without a finding."""
    folder = tmp_path_factory.mktemp("finished-grid")
    Corpus(folder / "in", testdata / "data" / "grid").add("bbaf2n", "bbaf3s", "bbal8p")
    words = ["run", "grid", "--input-root", folder / "in", "--output-root", folder / "out"]
    answer = here.ok(*words, "--num-shards", 2, "--workers", 2, "--quiet")
    return FinishedRun(folder, answer, digest_of_tree(folder / "out"))


@pytest.fixture(scope="session")
def finished_grid_all(here: InProcess, testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Every real clip of GRID, 49 that become records and one without an align, by one worker that is left alone."""
    folder = tmp_path_factory.mktemp("finished-grid-all")
    Corpus(folder / "in", testdata / "data" / "grid").all_real()
    words = ["run", "grid", "--input-root", folder / "in", "--output-root", folder / "out"]
    answer = here.ok(*words, "--num-shards", 24, "--workers", 1, "--quiet", code=3)
    return FinishedRun(folder, answer, digest_of_tree(folder / "out"))


SIGN_FLAGS = ("--write-keypoints", "--write-iv3-features", "--target-fps", 6, "--label-from", "folder", "--occ-enable")


@pytest.fixture(scope="session")
def finished_sign(here: InProcess, testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Six sign clips of a second in four folders, two of them twins, and one that is no video, in three shards."""
    folder = tmp_path_factory.mktemp("finished-sign")
    for name, words in (("autsl_signer0_sample1000", ("bread", "rice")), ("pose_test_video", ("milk", "tea"))):
        for i, word in enumerate(words):
            cut_clip(testdata / "data/sign" / f"{name}.mp4", folder / "in" / word / f"{word}.mp4", 14 * i, 28)
        first = folder / "in" / words[0] / f"{words[0]}.mp4"
        shutil.copyfile(first, folder / "in" / words[1] / f"again {words[0]}.mp4")
    (folder / "in" / "tea" / "broken.mp4").write_text("not a video")
    run = ["run", "sign", folder / "in", folder / "out", *SIGN_FLAGS, "--num-shards", 3, "--quiet"]
    answer = here.ok(*run, "--workers", 1, "--no-artifact-cache", code=3)
    return FinishedRun(folder, answer, digest_of_tree(folder / "out"))


def cut_clip(source: Path, target: Path, first: int, count: int) -> None:
    """A part of a real clip, encoded again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with av.logging.Capture(), av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream("mpeg4", rate=30)
        stream.bit_rate, stream.pix_fmt = 4_000_000, "yuv420p"
        stream.width, stream.height = read.streams.video[0].width, read.streams.video[0].height
        for i, frame in enumerate(read.decode(video=0)):
            if first <= i < first + count:
                plain = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
                written.mux(stream.encode(plain))
        written.mux(stream.encode())


@pytest.fixture
def corpus(testdata: Path, tmp_path: Path) -> Corpus:
    """An empty input root, to be filled."""
    return Corpus(tmp_path / "in", testdata / "data" / "grid")


@pytest.fixture(scope="session")
def corpus_at(testdata: Path) -> Callable[[Path], Corpus]:
    """Another input root, anywhere."""
    return lambda root: Corpus(root, testdata / "data" / "grid")


@pytest.fixture(scope="session")
def tree_digest() -> Callable[[Path], str]:
    return digest_of_tree


@pytest.fixture(scope="session")
def json_lines() -> Callable[[Path], list[dict[str, Any]]]:
    return lines_of_file


@pytest.fixture(scope="session")
def stems(testdata: Path) -> Callable[[int], list[str]]:
    """The first clips of s1, without the odd ones."""
    odd = {"lrarzn", "prii9a", "lrae3s", "srbb4n", "sbbbzp"}

    def first(count: int) -> list[str]:
        names: Iterable[Path] = (testdata / "data" / "grid" / "s1_processed").glob("*.mpg")
        return sorted(path.stem for path in names if path.stem not in odd)[:count]

    return first


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB; skips where none can be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="session")
def dlib_predictor() -> Path:
    """Dlib's 68-point file; skips where it is not installed."""
    from services.landmarks.models import DLIB_PREDICTOR, find

    found = find(DLIB_PREDICTOR)
    if found is None:
        pytest.skip("the 68-point file is not installed: pip install 'visemill[dlib68]'")
    return found
