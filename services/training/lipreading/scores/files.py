"""What a test leaves beside its lines: results.parquet, scores.json, and test.html. Pure."""

from __future__ import annotations

import base64
import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import jinja2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from services.formats.png import film_strip, png
from services.training.lipreading.scores.counts import Piece, character_counts, character_pieces, word_counts
from services.training.lipreading.scores.normalization import normalization_named
from services.training.lipreading.scores.plain import facts_of
from services.training.lipreading.scores.printed import ModelTest, lines_of
from services.training.lipreading.scores.score import Transcript

RESULTS, SCORES, PAGE = "results.parquet", "scores.json", "test.html"

_NUM_WORST, _MOST_ROWS = 10, 500
_NUM_STRIP_FRAMES, _STRIP_HEIGHT_PX = 12, 64
_STEP_PX, _CLASS_PX, _MARGIN_PX, _LEAST_SHOWN = 6, 16, 24, 0.05
_LEAST_CLASSES = 4
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("key", "speaker", "split", "reference", "hypothesis")]
    + [(name, pa.int32()) for name in ("substitutions", "deletions", "insertions", "num_characters")]
    + [(name, pa.int32()) for name in ("num_words", "word_errors", "frames")]
)


@dataclass(frozen=True)
class Look:
    """Into one clip. frames_THWC: uint8 mouth crops, of 1 or 3 channels. probabilities_SK: float32, of K classes at S
    time steps. classes: K texts.
    """

    transcript: Transcript
    frames_THWC: npt.NDArray[np.uint8]
    probabilities_SK: npt.NDArray[np.float32]
    classes: Sequence[str]


@dataclass(frozen=True)
class _Row:
    """Of the page's tables. pieces: of both texts, aligned."""

    key: str
    cer: str
    pieces: Sequence[Piece]


def files_of(tested: ModelTest, looks: Sequence[Look]) -> dict[str, bytes]:
    """Name -> bytes. looks: into some clips. Raises ValueError for a test without clips."""
    facts = {name: value for name, value in facts_of(tested).items() if name != "transcripts"}
    facts["worst"] = [
        {"key": one.key, "reference": one.reference, "hypothesis": one.hypothesis, "cer": _rate(tested, one)}
        for one in worst(tested)
    ]
    scores = json.dumps(facts, indent=2, ensure_ascii=False).encode()
    return {RESULTS: results_table(tested), SCORES: scores, PAGE: _page(tested, looks)}


def worst(tested: ModelTest, num_clips: int = _NUM_WORST) -> list[Transcript]:
    """The clips with the greatest character error rates, of equal ones the first by key."""
    return sorted(tested.transcripts, key=lambda one: (-_rate(tested, one), one.key))[:num_clips]


def results_table(tested: ModelTest) -> bytes:
    """A row a clip: its texts as they are, the errors of these as they are compared, frames of the video."""
    rows: list[dict[str, Any]] = []
    for one in tested.transcripts:
        pair = _compared(tested, one)
        characters, words = character_counts(*pair), word_counts(*pair)
        rows.append(
            {
                "key": one.key,
                "speaker": one.speaker,
                "split": tested.split,
                "reference": one.reference,
                "hypothesis": one.hypothesis,
                "substitutions": characters.substitutions,
                "deletions": characters.deletions,
                "insertions": characters.insertions,
                "num_characters": characters.reference_units,
                "num_words": words.reference_units,
                "word_errors": words.errors,
                "frames": one.num_frames,
            }
        )
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), out)
    return out.getvalue()


def _page(tested: ModelTest, looks: Sequence[Look]) -> bytes:
    rows = [_row(tested, one) for one in tested.transcripts[:_MOST_ROWS]]
    shown = [
        (_row(tested, look.transcript), _png_url(strip(look.frames_THWC)), _png_url(posteriors(look))) for look in looks
    ]
    text = _template().render(
        split=tested.split,
        lines=lines_of(tested, 0),
        rows=rows,
        num_more=len(tested.transcripts) - len(rows),
        looks=shown,
    )
    return text.encode(errors="replace")


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("services.training.lipreading.scores", package_path=""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("test.html.j2")


def strip(frames_THWC: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3] in RGB: frames of the clip beside each other, evenly over its time."""
    row_HWC = film_strip(frames_THWC, _NUM_STRIP_FRAMES)
    picture = np.broadcast_to(row_HWC, (*row_HWC.shape[:2], 3))
    width_px = max(1, picture.shape[1] * _STRIP_HEIGHT_PX // picture.shape[0])
    return cv2.resize(np.ascontiguousarray(picture), (width_px, _STRIP_HEIGHT_PX), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )


def posteriors(look: Look) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3]: a column a time step, darker where likelier. A row a class that is ever likelier than 5 %, or
    among the 4 likeliest.
    """
    most_K = look.probabilities_SK.max(0)
    rows = np.flatnonzero(most_K >= min(_LEAST_SHOWN, np.sort(most_K)[-_LEAST_CLASSES:][0]))
    shades = (255 * (1 - look.probabilities_SK[:, rows].T.clip(0, 1))).astype(np.uint8)
    field = shades.repeat(_CLASS_PX, 0).repeat(_STEP_PX, 1)
    picture = np.full((field.shape[0], field.shape[1] + _MARGIN_PX, 3), 255, np.uint8)
    picture[:, _MARGIN_PX:] = field[..., None]
    for i, k in enumerate(rows):
        at = (4, (i + 1) * _CLASS_PX - 4)
        cv2.putText(picture, look.classes[int(k)][:2], at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (90, 90, 90), 1, cv2.LINE_AA)
    return picture


def _row(tested: ModelTest, one: Transcript) -> _Row:
    return _Row(one.key, f"{_rate(tested, one):.0%}", character_pieces(*_compared(tested, one)))


def _rate(tested: ModelTest, one: Transcript) -> float:
    return character_counts(*_compared(tested, one)).rate


def _compared(tested: ModelTest, one: Transcript) -> tuple[str, str]:
    as_compared = normalization_named(tested.normalization)
    return as_compared(one.reference), as_compared(one.hypothesis)


def _png_url(picture: npt.NDArray[np.uint8]) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
