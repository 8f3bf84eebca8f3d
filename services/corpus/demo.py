"""`python -m services.corpus.demo DIR`: a small corpus, the same bytes every time; by default talking faces as GRID's.

DIR/sN_processed/STEM.mpg and DIR/sN_processed/align/STEM.align (layout A), and DIR/demo-corpus.json, which says what
was asked for and what was written. The bytes are a function of the arguments, this code and the versions of its
libraries on one class of CPU.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig, VisemillError
from services.corpus.broken import FAULTS, align_of
from services.corpus.clip import Take
from services.corpus.drawing.frames import Actor
from services.corpus.drawing.look import look_of
from services.corpus.drawing.pool import DrawingPool
from services.corpus.folder import Planned, Progress, Written, write_files
from services.corpus.mandarin import mandarin_files
from services.corpus.sentences import draw_sentences
from services.corpus.signer import sign_files
from services.corpus.spoken import spoken_files
from services.corpus.talker.speaker import LEAST_SECONDS, MOST_SECONDS, talker_files

_MOUTHS, _FACES, _TALKER = "chinese-lips-lstm", "lips", "talker"
MAX_SPEAKERS = 999

_PROGRESS_EVERY_S = 2.0


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
    asked = {"speakers": num_speakers, "clips": num_clips, "seed": seed, "broken": broken}
    planned = list(_plan(num_speakers, num_clips, seed, broken))
    return write_files(directory, planned, asked, progress, num_workers)


def write_sign_corpus(directory: Path, seed: int, *, broken: bool, progress: Progress | None = None) -> list[Written]:
    """Write the clips of a drawn signer, DIR/WORD/WORD_N.mp4, as write_corpus does. Raises what it raises."""
    planned = [Planned(*file) for file in sign_files(seed, broken=broken)]
    asked = {"kind": "sign", "seed": seed, "broken": broken}
    return write_files(directory, planned, asked, progress)


def write_speech_corpus(directory: Path, seed: int, *, broken: bool, progress: Progress | None = None) -> list[Written]:
    """Write DIR/manifest.jsonl and the recordings it names, as write_corpus does. Raises what it raises."""
    planned = [Planned(*file) for file in spoken_files(seed, broken=broken)]
    asked = {"kind": "tts", "seed": seed, "broken": broken}
    return write_files(directory, planned, asked, progress)


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
    planned = [Planned(*file) for file in mandarin_files(seed, num_speakers, num_clips, broken=broken, faces=faces)]
    asked = {
        "kind": _FACES if faces else _MOUTHS,
        "speakers": num_speakers,
        "clips": num_clips,
        "seed": seed,
        "broken": broken,
    }
    return write_files(directory, planned, asked, progress, num_workers)


def write_talker_corpus(
    directory: Path,
    num_seconds: int,
    num_clips: int,
    seed: int,
    *,
    broken: bool,
    progress: Progress | None = None,
    num_workers: int = 1,
) -> list[Written]:
    """Write the video of one speaker, num_clips short ones of his beside it, and what else he and another say, as
    write_corpus does. Raises what it raises.
    """
    _check(1, num_clips, num_workers)
    if not LEAST_SECONDS <= num_seconds <= MOST_SECONDS:
        raise BadConfig(
            "BAD_VALUE", f"the speaker can be drawn for {LEAST_SECONDS}..{MOST_SECONDS} seconds, not {num_seconds}"
        )
    asked = {"kind": _TALKER, "seconds": num_seconds, "clips": num_clips, "seed": seed, "broken": broken}
    with DrawingPool(num_workers) as pool:
        planned = [Planned(*file) for file in talker_files(seed, num_seconds, num_clips, pool, broken=broken)]
        return write_files(directory, planned, asked, progress)


def _check(num_speakers: int, num_clips: int, num_workers: int) -> None:
    if not 1 <= num_speakers <= MAX_SPEAKERS:
        raise BadConfig("BAD_VALUE", f"the corpus needs 1..{MAX_SPEAKERS} speakers, not {num_speakers}")
    if num_clips < 1:
        raise BadConfig("BAD_VALUE", f"a speaker needs at least 1 clip, not {num_clips}")
    if num_workers < 1:
        raise BadConfig("BAD_VALUE", f"the corpus needs at least 1 worker, not {num_workers}")


def _plan(num_speakers: int, num_clips: int, seed: int, broken: bool) -> Iterator[Planned]:
    """Every file, in the order of drawing: a speaker's together, so that each speaker is drawn once."""
    for speaker in range(1, num_speakers + 1):
        faults = FAULTS if broken and speaker == 1 else ()
        sentences = draw_sentences(seed, speaker, num_clips + len(faults))
        takes = [Take.of(seed, speaker, words) for words in sentences]
        actor = _Once(partial(look_of, seed, speaker))
        folder = f"s{speaker}_processed"
        for take in takes[:num_clips]:
            yield Planned(f"{folder}/{take.stem}.mpg", partial(_media, actor, take))
            yield Planned(f"{folder}/align/{take.stem}.align", partial(align_of, take))
        for take, fault in zip(takes[num_clips:], faults, strict=True):
            if fault.media:
                make = partial(_spoiled, fault.media, actor, take)
                yield Planned(f"{folder}/{take.stem}.mpg", make, fault.what, fault.reason)
            if fault.align:
                make = partial(fault.align, take)
                yield Planned(f"{folder}/align/{take.stem}.align", make, fault.what, fault.reason)


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
    parser.add_argument("--kind", choices=("grid", "sign", "tts", _MOUTHS, _FACES, _TALKER), default="grid")
    parser.add_argument("--speakers", type=int, default=4)
    parser.add_argument("--clips", type=int, default=8, help="of each speaker")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    parser.add_argument("--seconds", type=int, default=120, help="of the talker's video")
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
        elif args.kind == _TALKER:
            written = write_talker_corpus(
                *(args.directory, args.seconds, args.clips, args.seed),
                broken=args.broken,
                progress=_Teller(),
                num_workers=args.workers,
            )
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
