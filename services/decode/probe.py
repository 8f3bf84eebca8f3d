"""Measuring a clip without keeping its pixels: for planning, and as a command.

    python -m services.decode.probe [--full] [-o json|text] FILE...

One line a file, written as soon as it is known; exit 0, or 3 when a file is no usable video.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.base.contract import add_config_flags, config_from_flags
from services.base.errors import EXIT_OK, EXIT_QUARANTINED, BadConfig, BadInput, VisemillError
from services.base.media import DecodeFacts, Media, VideoInfo
from services.decode.pyav import open_video
from services.decode.spec import DecodeConfig


def probe(media: Media, config: DecodeConfig) -> VideoInfo:
    """What the container says, checked against the first frame, which is decoded. Raises what `open_video` raises."""
    with open_video(media, config) as video:
        return video.info


def measure(media: Media, config: DecodeConfig) -> tuple[VideoInfo, DecodeFacts]:
    """What the container says and what decoding every frame shows; no pixels are converted. Raises as decoding does."""
    with open_video(media, config) as video:
        with video.log.listening():
            while video.read() is not None:
                pass
        return video.info, video.facts()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m services.decode.probe", description="Measure videos.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--full", action="store_true", help="decode every frame and report what the decoder said")
    parser.add_argument("-o", "--output", choices=("json", "text"), default="text", help="json: one object a line")
    add_config_flags(parser, DecodeConfig)
    flags = parser.parse_args(argv)
    try:
        config = config_from_flags(DecodeConfig, flags)
    except BadConfig as error:
        parser.error(str(error))
    exit_code = EXIT_OK
    for file in flags.files:
        result = _measure_file(file, config, full=flags.full)
        if "error" in result:
            exit_code = EXIT_QUARANTINED
        sys.stdout.write((json.dumps(result) if flags.output == "json" else _as_text(result)) + "\n")
        sys.stdout.flush()
    return exit_code


def _measure_file(file: Path, config: DecodeConfig, *, full: bool) -> dict[str, Any]:
    result: dict[str, Any] = {"file": str(file)}
    try:
        media = _media_of(file)
        result |= {"sha256": media.sha256, "size_bytes": media.size_bytes}
        if full:
            info, facts = measure(media, config)
            result |= {"info": dataclasses.asdict(info), "facts": dataclasses.asdict(facts)}
        else:
            result["info"] = dataclasses.asdict(probe(media, config))
    except VisemillError as error:
        result["error"] = {
            "kind": error.kind,
            "reason": error.reason,
            "message": error.message,
            "detail": error.detail,
        }
    return result


def _media_of(file: Path) -> Media:
    try:
        return Media.of_file(file)
    except OSError as error:
        raise BadInput("UNREADABLE", f"{file.name}: {error.strerror}; give a readable file") from error


def _as_text(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['file']}: {result['error']['reason']}: {result['error']['message']}"
    info = result["info"]
    text = (
        f"{result['file']}: {info['width_px']}x{info['height_px']} px, {info['fps_hz']:.3f} Hz, "
        f"{info['duration_s']:.3f} s, {info['codec']} {info['pixel_format']}, turned by {info['rotation_deg']}"
    )
    if facts := result.get("facts"):
        text += f"; {facts['num_frames']} frames, {facts['num_corrupt']} corrupt"
        text += ", ended early" if facts["ended_early"] else ""
        text += "".join(f"\n  {line}" for line in facts["warnings"])
    return text


if __name__ == "__main__":
    sys.exit(main())
