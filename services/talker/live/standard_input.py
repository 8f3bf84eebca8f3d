"""I/O: a head says what comes on standard input, into a film that plays while it is written."""

from __future__ import annotations

import dataclasses
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.base.run.progress_lines import FrameProgress, Phase, report
from services.lips.talker_input import CROP_PX
from services.talker.bundle_files import checked_card
from services.talker.live.pcm import PcmSound
from services.talker.live.rows import open_rows
from services.talker.live.speech import Head, Speech
from services.talker.live.wav import read_pcm
from services.talker.opening import open_paint
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker
from services.talker.spec import HeadConfig

_log = logging.getLogger("visemill.talker")
_MOST_S = 24 * 3600.0


def speak_standard_input(config: HeadConfig, audiofeatures: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """Writes the film, and tells of it. audiofeatures: settings of the stage, of a head that hears ave.

    Raises BadConfig NOT_SAVED, and as the bundle, the person and the features do; BadInput as the sound does.
    """
    folder = Path(config.bundle)
    card = checked_card(folder)
    if config.consent:
        card = dataclasses.replace(card, digests={**card.digests, "consent": config.consent})
    rows = open_rows(card, audiofeatures)
    paint = open_paint(config, card)
    speaker = Speaker(PersonFrames(config.person), paint, CROP_PX[card.resolution], config.blend)
    head = Head(card, speaker, rows)
    report(Phase("speaking what comes on standard input"))
    # Without a buffer, which would wait until it is full.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as file:
        rate_hz, pieces = read_pcm(file)
        speech = Speech(head, PcmSound(pieces, rate_hz, _MOST_S), config.start_frame)
        _write(speech, out)
    return {
        "film": str(out),
        "num_frames": speech.num_pictures,
        "fps": head.fps,
        "duration_s": round(speech.num_pictures / head.fps, 3),
        "asr": card.asr,
        "first_frame_s": round(speech.first_picture_s, 3),
    }


def _write(speech: Speech, out: Path) -> None:
    progress = FrameProgress()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb", buffering=0) as film:
            for number, piece in enumerate(speech.film()):
                film.write(piece)
                progress(speech.num_pictures, 0)
                if not number:
                    _log.info("the first frame came %.2f s after the first sound", speech.first_picture_s)
    except OSError as error:
        raise BadConfig("NOT_SAVED", f"--out {out} cannot be written ({error.strerror}): name another place") from error
