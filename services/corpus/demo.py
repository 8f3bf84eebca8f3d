"""`python -m services.corpus.demo DIR`: a small corpus, the same bytes every time; by default talking faces as GRID's.

DIR/sN_processed/STEM.mpg and DIR/sN_processed/align/STEM.align (layout A), and DIR/demo-corpus.json, which says what
was asked for and what was written. The bytes are a function of the arguments, this code and the versions of its
libraries on one class of CPU.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig, VisemillError
from services.corpus.broken import FAULTS, align_of
from services.corpus.clip import Take
from services.corpus.drawing.frames import Actor
from services.corpus.drawing.look import look_of
from services.corpus.mandarin import mandarin_files
from services.corpus.sentences import draw_sentences
from services.corpus.signer import sign_files
from services.corpus.spoken import spoken_files

MARKER = "demo-corpus.json"
_MOUTHS, _FACES = "chinese-lips-lstm", "lips"
MAX_SPEAKERS = 999

_PROGRESS_EVERY_S = 2.0
# Few enough that the last processes end together, and many enough that a speaker is not drawn for each.
_FILES_A_TASK = 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """A file of the corpus. path: below its folder, `/`-separated.

    fault: what is wrong with the sample, "" if nothing is. reason: the code that a run is expected to give for it.
    """

    path: str
    size_bytes: int
    sha256: str
    fault: str = ""
    reason: str = ""


@dataclass(frozen=True)
class _Planned:
    path: str
    make: Callable[[], bytes]
    fault: str = ""
    reason: str = ""


def write_corpus(
    directory: Path,
    num_speakers: int,
    num_clips: int,
    seed: int,
    *,
    broken: bool,
    progress: Progress | None = None,
    num_workers: int = 1,
) -> list[Written]:
    """Write the corpus and list its files, sorted by path. A file that is there already is not drawn again.

    num_clips: of each speaker. progress: called with (files done, files in all). num_workers: processes that draw; the
    bytes are the same whatever their number.
    Raises BadConfig: NOT_EMPTY, OTHER_CORPUS (the folder holds anything else), CANNOT_WRITE, BAD_VALUE, TOO_MANY_CLIPS.
    """
    _check(num_speakers, num_clips, num_workers)
    asked = {"speakers": num_speakers, "clips": num_clips, "seed": seed, "broken": broken, "made_with": _made_with()}
    planned = list(_plan(num_speakers, num_clips, seed, broken))
    return _write_all(directory, planned, asked, progress, num_workers)


def write_sign_corpus(directory: Path, seed: int, *, broken: bool, progress: Progress | None = None) -> list[Written]:
    """Write the clips of a drawn signer, DIR/WORD/WORD_N.mp4, as write_corpus does. Raises what it raises."""
    planned = [_Planned(*file) for file in sign_files(seed, broken=broken)]
    asked = {"kind": "sign", "seed": seed, "broken": broken, "made_with": _made_with()}
    return _write_all(directory, planned, asked, progress)


def write_speech_corpus(directory: Path, seed: int, *, broken: bool, progress: Progress | None = None) -> list[Written]:
    """Write DIR/manifest.jsonl and the recordings it names, as write_corpus does. Raises what it raises."""
    planned = [_Planned(*file) for file in spoken_files(seed, broken=broken)]
    asked = {"kind": "tts", "seed": seed, "broken": broken, "made_with": _made_with()}
    return _write_all(directory, planned, asked, progress)


def write_mandarin_corpus(
    directory: Path,
    num_speakers: int,
    num_clips: int,
    seed: int,
    *,
    broken: bool,
    progress: Progress | None = None,
    num_workers: int = 1,
    faces: bool = False,
) -> list[Written]:
    """Write mouths that say Mandarin, and if asked their whole faces, in the layout of Chinese-LiPS, as write_corpus
    does. Raises what it raises.
    """
    _check(num_speakers, num_clips, num_workers)
    planned = [_Planned(*file) for file in mandarin_files(seed, num_speakers, num_clips, broken=broken, faces=faces)]
    asked = {
        "kind": _FACES if faces else _MOUTHS,
        "speakers": num_speakers,
        "clips": num_clips,
        "seed": seed,
        "broken": broken,
    }
    return _write_all(directory, planned, {**asked, "made_with": _made_with()}, progress, num_workers)


def _check(num_speakers: int, num_clips: int, num_workers: int) -> None:
    if not 1 <= num_speakers <= MAX_SPEAKERS:
        raise BadConfig("BAD_VALUE", f"the corpus needs 1..{MAX_SPEAKERS} speakers, not {num_speakers}")
    if num_clips < 1:
        raise BadConfig("BAD_VALUE", f"a speaker needs at least 1 clip, not {num_clips}")
    if num_workers < 1:
        raise BadConfig("BAD_VALUE", f"the corpus needs at least 1 worker, not {num_workers}")


def _write_all(
    directory: Path,
    planned: Sequence[_Planned],
    asked: Mapping[str, Any],
    progress: Progress | None,
    num_workers: int = 1,
) -> list[Written]:
    try:
        known = _claim(directory, asked)
        written = []
        for file in _written(directory, planned, known, num_workers):
            written.append(file)
            if progress:
                progress(len(written), len(planned))
        written.sort(key=lambda file: file.path)
        _publish(directory / MARKER, _marker(asked, {file.path: file.sha256 for file in written}))
    except OSError as error:
        what = f"the demo corpus cannot be written to {directory}: {error.strerror}; check the folder and its disk"
        raise BadConfig("CANNOT_WRITE", what, str(error)) from error
    return written


def _plan(num_speakers: int, num_clips: int, seed: int, broken: bool) -> Iterator[_Planned]:
    """Every file, in the order of drawing: a speaker's together, so that each speaker is drawn once."""
    for speaker in range(1, num_speakers + 1):
        faults = FAULTS if broken and speaker == 1 else ()
        sentences = draw_sentences(seed, speaker, num_clips + len(faults))
        takes = [Take.of(seed, speaker, words) for words in sentences]
        actor = _Once(partial(look_of, seed, speaker))
        folder = f"s{speaker}_processed"
        for take in takes[:num_clips]:
            yield _Planned(f"{folder}/{take.stem}.mpg", partial(_media, actor, take))
            yield _Planned(f"{folder}/align/{take.stem}.align", partial(align_of, take))
        for take, fault in zip(takes[num_clips:], faults, strict=True):
            if fault.media:
                make = partial(_spoiled, fault.media, actor, take)
                yield _Planned(f"{folder}/{take.stem}.mpg", make, fault.what, fault.reason)
            if fault.align:
                make = partial(fault.align, take)
                yield _Planned(f"{folder}/align/{take.stem}.align", make, fault.what, fault.reason)


class _Once:
    """A speaker drawn when first asked for, and kept as long as the plan that asks."""

    def __init__(self, look: Callable[[], Any]) -> None:
        self._look = look
        self._actor: Actor | None = None

    def __call__(self) -> Actor:
        if self._actor is None:
            self._actor = Actor.of(self._look())
        return self._actor


def _media(actor: _Once, take: Take) -> bytes:
    return take.media(actor())


def _spoiled(media: Callable[[Actor, Take], bytes], actor: _Once, take: Take) -> bytes:
    return media(actor(), take)


def _made_with() -> dict[str, str]:
    """What decides the bytes besides the arguments."""
    source = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source.update(path.read_bytes())
    return {"source": source.hexdigest(), "av": av.__version__, "numpy": np.__version__, "opencv": cv2.__version__}


def _claim(directory: Path, asked: Mapping[str, Any]) -> dict[str, str]:
    """Make the folder ours, and list the digests of what a finished call left there."""
    marker = directory / MARKER
    directory.mkdir(parents=True, exist_ok=True)
    if not marker.is_file():
        if any(directory.iterdir()):
            raise BadConfig("NOT_EMPTY", f"{directory} holds other files; give a folder that is empty or not there yet")
        _publish(marker, _marker(asked, {}))
        return {}
    try:
        found = json.loads(marker.read_bytes())
        files: dict[str, str] = found["files"]
        held = {"kind": "grid", **found}
        differing = [name for name, value in {"kind": "grid", **asked}.items() if held.get(name) != value]
    except (ValueError, KeyError, TypeError) as error:
        raise BadConfig("OTHER_CORPUS", f"{marker} cannot be read; give an empty folder", str(error)) from error
    if differing:
        was = ", ".join(f"{name} {held.get(name)}" for name in differing)
        what = f"{directory} holds a demo corpus of another kind ({was}); give an empty folder, or delete this one"
        raise BadConfig("OTHER_CORPUS", what)
    return files


def _marker(asked: Mapping[str, Any], files: Mapping[str, str]) -> bytes:
    return (json.dumps({**asked, "files": files}, indent=1, sort_keys=True) + "\n").encode()


def _written(
    directory: Path, planned: Sequence[_Planned], known: Mapping[str, str], num_workers: int
) -> Iterator[Written]:
    if num_workers == 1:
        for item in planned:
            yield _write(directory, item, known.get(item.path))
        return
    tasks = [planned[first : first + _FILES_A_TASK] for first in range(0, len(planned), _FILES_A_TASK)]
    # Spawned: OpenCV's threads do not live through a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_workers, context, _begin_worker) as pool:
        for files in pool.map(partial(_write_some, directory, known), tasks):
            yield from files


def _begin_worker() -> None:
    cv2.setNumThreads(1)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        # A worker waits for tasks for ever where its parent was killed.
        if parent is not None:
            parent.join()
            os._exit(EXIT_INTERRUPTED)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _write_some(directory: Path, known: Mapping[str, str], planned: Sequence[_Planned]) -> list[Written]:
    return [_write(directory, item, known.get(item.path)) for item in planned]


def _write(directory: Path, item: _Planned, known_sha256: str | None) -> Written:
    path = directory / item.path
    data = path.read_bytes() if known_sha256 and path.is_file() else None
    if data is None or hashlib.sha256(data).hexdigest() != known_sha256:
        data = item.make()
        _publish(path, data)
    return Written(item.path, len(data), hashlib.sha256(data).hexdigest(), item.fault, item.reason)


def _publish(path: Path, data: bytes) -> None:
    """The whole file or none: written beside its name, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


class _Teller:
    """A line on stderr every few seconds, and at the end."""

    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def __call__(self, num_done: int, num_all: int) -> None:
        now_s = time.monotonic()
        if num_done == num_all or now_s - self._told_s >= _PROGRESS_EVERY_S:
            self._told_s = now_s
            sys.stderr.write(f"demo corpus: {num_done} of {num_all} files\n")
            sys.stderr.flush()


def _text(directory: Path, written: Sequence[Written]) -> str:
    clips = sum(file.path.endswith((".mpg", ".mp4", ".wav")) and not file.fault for file in written)
    megabytes = sum(file.size_bytes for file in written) / 1e6
    lines = [f"{clips} clips, {len(written)} files, {megabytes:.1f} MB in {directory}"]
    bad = {Path(file.path).stem: file for file in written if file.fault}
    lines += [f"  {file.path}: {file.fault} ({file.reason})" for file in bad.values()]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.corpus.demo", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--kind", choices=("grid", "sign", "tts", _MOUTHS, _FACES), default="grid")
    parser.add_argument("--speakers", type=int, default=4)
    parser.add_argument("--clips", type=int, default=8, help="of each speaker")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw speakers of grid")
    parser.add_argument("--broken", action="store_true", help="add samples with the faults of a real corpus")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", dest="output", choices=("text", "json"), default="text")
    args = parser.parse_args(argv)
    # One core: drawing is far too small to share.
    cv2.setNumThreads(1)
    try:
        if args.kind == "sign":
            written = write_sign_corpus(args.directory, args.seed, broken=args.broken, progress=_Teller())
        elif args.kind == "tts":
            written = write_speech_corpus(args.directory, args.seed, broken=args.broken, progress=_Teller())
        else:
            write = write_corpus
            if args.kind in (_MOUTHS, _FACES):
                write = partial(write_mandarin_corpus, faces=args.kind == _FACES)
            written = write(
                *(args.directory, args.speakers, args.clips, args.seed),
                broken=args.broken,
                progress=_Teller(),
                num_workers=args.workers,
            )
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on with this folder\n")
        return EXIT_INTERRUPTED
    found = {"directory": str(args.directory), "written": [asdict(file) for file in written]}
    listed = json.dumps(found, indent=1) if args.output == "json" else _text(args.directory, written)
    sys.stdout.write(f"{listed}\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
