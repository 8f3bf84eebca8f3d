"""`python scripts/demo_talker.py DIR`: whether a head follows the sound, and a page that shows it, DIR/report.html.

DIR is what `make demo-talker` fills: sync.json and paint.json, printed by `visemill test` on clips that nothing was
learnt from; and, where there are any, films of one such clip for its own and for another sound, and of the long video
for other sentences. The last lines have the figures. Exit code 1 where own sound is not above another's with its
interval above 0, or where the SyncNet is at chance.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import jinja2
import numpy as np

FPS = 25
CLIP = "clip_01"
_TILE_PX, _BAR_PX = 150, 26
_CLIP_FRAMES = tuple(range(20, 110, 9))
_ABOUT_SILENCE = tuple(range(-7, 13))
_ABOUT_TURN = tuple(range(-5, 6))
_LEAST_SILENCE_S, _SILENT_SHARE = 0.4, 0.02

_SCORES = {
    "psnr": "whole face",
    "mouth_psnr": "mouth",
    "gain_db": "mouth above that of a random reference",
    "follows_db": "mouth for its own sound above that for another's",
    "same_place_db": "mouth for its own sound above that of another clip at the same place",
}
_HEARD = {
    "own": "its own sound",
    "permuted": "windows of sound in another order",
    "other": "the sound of another clip",
}


@dataclass(frozen=True)
class Verdict:
    """Of two tests, JSON objects of `visemill test`."""

    sync: Mapping[str, Any]
    paint: Mapping[str, Any]

    def faults(self) -> list[str]:
        """Why it is not believed."""
        found = []
        if not self.sync["is_better_than_chance"]:
            found.append(f"the SyncNet is at chance: {_share(self.sync['own']['frames'])} of voiced frames")
        interval = self.paint["follows_db"]["interval"]
        if interval is None or not interval[0] > 0:
            found.append(f"the mouth may not follow the sound: own above another's by {_db(self.paint['follows_db'])}")
        return found

    def lines(self) -> list[str]:
        """The figures."""
        own, follows = self.sync["own"], _db(self.paint["follows_db"])
        return [
            f"SyncNet: {_share(own['frames'])} of voiced frames, {_share(own['windows'])} of seconds, offset found in "
            f"{own['offsets_right']} of {own['offsets']} clips (another order: "
            f"{_share(self.sync['permuted']['frames'])})",
            f"mouth: {_db(self.paint['gain_db'])} above a random reference, {follows} for its own sound "
            f"above another's, {len(self.paint['clips'])} clips",
        ]


def _share(found: Mapping[str, Any]) -> str:
    low, high = found["interval"] or (None, None)
    return f"{found['share']:.1%}" + ("" if low is None else f" ({low:.1%} to {high:.1%})")


def _db(found: Mapping[str, Any]) -> str:
    low, high = found["interval"] or (None, None)
    return f"{found['db']:.2f} dB" + ("" if low is None else f" ({low:.2f} to {high:.2f})")


@dataclass(frozen=True)
class Strip:
    """rows: (what they show, picture as a data URI)."""

    title: str
    about: str
    rows: tuple[tuple[str, str], ...]


def frames_of(path: Path, numbers: Sequence[int]) -> list[np.ndarray]:
    """Frames of a film by number, RGB [H, W, 3]. Raises ValueError where it ends before."""
    wanted, found = set(numbers), {}
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                found[number] = frame.to_ndarray(format="rgb24")
            if number >= max(wanted):
                break
    if missing := sorted(wanted - set(found)):
        raise ValueError(f"{path} ends before frame {missing[0]}")
    return [found[number] for number in numbers]


def lower_face(picture_HWC: np.ndarray) -> np.ndarray:
    """What a head paints and a little around it, of the drawn speaker's picture."""
    side = picture_HWC.shape[0]
    cut = picture_HWC[round(0.38 * side) : round(0.94 * side), round(0.22 * side) : round(0.78 * side)]
    return np.asarray(cv2.resize(cut, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA))


def loudness_of(path: Path) -> np.ndarray:
    """Of each frame of a film, 0..1: root of the mean square of its sound, over the loudest."""
    with wave.open(str(path)) as file:
        rate_hz, raw = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(raw, "<i2").astype(np.float64)
    each = rate_hz // FPS
    whole = samples[: len(samples) // each * each].reshape(-1, each)
    loud = np.sqrt((whole**2).mean(1))
    return np.asarray(loud / max(loud.max(), 1.0))


def first_silence(loud_N: np.ndarray) -> int:
    """Number of the frame at which the first silence behind speech begins, of _LEAST_SILENCE_S or more."""
    least = round(_LEAST_SILENCE_S * FPS)
    silent = loud_N < _SILENT_SHARE
    for number in range(-_ABOUT_SILENCE[0], len(loud_N) - _ABOUT_SILENCE[-1]):
        if not silent[number - 1] and silent[number : number + least].all():
            return number
    raise ValueError(f"no silence of {_LEAST_SILENCE_S} s behind speech")


def strip(pictures: Sequence[np.ndarray], loud: Sequence[float] = ()) -> str:
    """Pictures side by side, and below them how loud it is, as a data URI."""
    tiles = [lower_face(picture) for picture in pictures]
    row = np.concatenate(tiles, axis=1)
    if len(loud):
        bars = np.full((_BAR_PX, row.shape[1], 3), 245, np.uint8)
        for i, one in enumerate(loud):
            top = round((1 - one) * (_BAR_PX - 2))
            bars[top:, i * _TILE_PX + 8 : (i + 1) * _TILE_PX - 8] = (47, 111, 222)
        row = np.concatenate([row, bars])
    is_written, data = cv2.imencode(".jpg", cv2.cvtColor(row, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])
    if not is_written:
        raise ValueError(f"a strip of {row.shape} cannot be encoded")
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"


def strips_of(folder: Path) -> list[Strip]:
    """What the page shows of the films; nothing where there are none."""
    if not (folder / "films").is_dir():
        return []
    corpus, films = folder / "corpus", folder / "films"
    drawn = frames_of(corpus / "held-out" / f"{CLIP}.mp4", _CLIP_FRAMES)
    own, other = (frames_of(films / f"{name}.mp4", _CLIP_FRAMES) for name in ("own", "other"))
    heard = loudness_of(corpus / "other-sentences.wav")
    silence = first_silence(heard)
    about = [silence + offset for offset in _ABOUT_SILENCE]
    num_frames = _num_frames(corpus / "held-out" / f"{CLIP}.mp4")
    turn = [num_frames - 1 + offset for offset in _ABOUT_TURN]
    return [
        Strip(
            "Before, after, and for another sound",
            "A clip that nothing was learnt from. A mouth that is painted for the clip's own sound has to be that of "
            "the drawing; for another sound it has to be another.",
            (
                ("before: as it was drawn", strip(drawn)),
                ("after: painted for its own sound", strip(own)),
                ("painted for another sound", strip(other, [heard[i] for i in _CLIP_FRAMES])),
            ),
        ),
        Strip(
            "Into a silence",
            "Neighbouring frames of the film, and how loud each is: the mouth has to shut.",
            (("the long video, other sentences", strip(frames_of(films / "speech.mp4", about), heard[about])),),
        ),
        Strip(
            "Where the frames turn",
            "A sound that is longer than the video is shown its frames to and fro: nothing may jump in the middle.",
            (("the clip at its end", strip(frames_of(films / "other.mp4", turn), heard[turn])),),
        ),
    ]


def _num_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.demux(video=0)) - 1


def page_of(verdict: Verdict, strips: Sequence[Strip], films: Sequence[tuple[str, str]]) -> str:
    """The page, self-contained but for the films. films: (path below the page, what it shows)."""
    here = Path(__file__).resolve().parent
    style = here.parent / "orchestrator" / "report"
    loader = jinja2.FileSystemLoader([here, style])
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    heard = [
        (told, _share(found["windows"]), _share(found["frames"]), f"{found['offsets_right']} of {found['offsets']}")
        for name, told in _HEARD.items()
        if (found := verdict.sync.get(name))
    ]
    painted = [(told, _db(verdict.paint[name])) for name, told in _SCORES.items()]
    template = environment.get_template("demo_talker.html.j2")
    return template.render(verdict=verdict, heard=heard, painted=painted, strips=strips, films=films)


def main(argv: Sequence[str] | None = None) -> int:
    """0 where the head follows the sound, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args(argv).folder
    sync, paint = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("sync.json", "paint.json"))
    verdict = Verdict(sync, paint)
    told = [
        ("films/speech.mp4", "other sentences, said by the head"),
        ("films/own.mp4", "a clip with its own sound"),
        ("films/other.mp4", "the same clip with another sound"),
        ("films/voice.mp4", "a voice of another pitch"),
    ]
    films = [(path, what) for path, what in told if (folder / path).is_file()]
    page = folder / "report.html"
    page.write_text(page_of(verdict, strips_of(folder), films), encoding="utf-8")
    sys.stdout.write("".join(f"{path}\n" for path in (page, *(folder / path for path, _ in films))))
    for fault in verdict.faults():
        sys.stdout.write(f"NOT REACHED: {fault}\n")
    sys.stdout.write("\n".join(verdict.lines()) + "\n")
    return 1 if verdict.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
