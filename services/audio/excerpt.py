"""`python -m services.audio.excerpt FILE OUT [--seconds S]`: how a clip's sound begins, as a WAV that browsers play."""

from __future__ import annotations

import argparse
import resource
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from services.audio.stage import open_stage
from services.base.errors import EXIT_OK, BadInput, VisemillError
from services.base.media.clip import Media
from services.containers.audio.config import AudioConfig

RATE_HZ = 16_000
_MOST_MEMORY_BYTES = 4 << 30


def write_excerpt(file: Path, out: Path, seconds: float) -> float:
    """Writes mono samples of 16 bits at RATE_HZ; how long they last, in seconds. Raises as the audio stage does."""
    left = round(seconds * RATE_HZ)
    pieces = []
    with open_stage(AudioConfig(sample_rate_hz=RATE_HZ))(Media.of_file(file)) as stream:
        for chunk in stream:
            pieces.append(chunk.samples_TC[:left, 0])
            left -= len(pieces[-1])
            if not left:
                break
    samples_T = np.concatenate(pieces)
    with wave.open(str(out), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE_HZ)
        target.writeframes(np.clip(np.rint(samples_T * 32767), -32768, 32767).astype("<i2").tobytes())
    return len(samples_T) / RATE_HZ


def main(argv: Sequence[str] | None = None) -> int:
    """The command. Exit codes are those of services/base/errors.py."""
    parser = argparse.ArgumentParser(prog="python -m services.audio.excerpt", description=__doc__)
    parser.add_argument("file", type=Path, help="anything with sound")
    parser.add_argument("out", type=Path, help="the WAV to write")
    parser.add_argument("--seconds", type=float, default=15.0, help="at most so much of it (default: %(default)s)")
    flags = parser.parse_args(argv)
    try:
        write_excerpt(flags.file, flags.out, flags.seconds)
    except OSError as error:
        sys.stderr.write(f"{error}: give a file that can be read, and a folder that exists\n")
        return BadInput.exit_code
    except VisemillError as error:
        sys.stderr.write(f"{flags.file}: {error}\n")
        return error.exit_code
    return EXIT_OK


if __name__ == "__main__":
    # A file may ask for any amount.
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    sys.exit(main())
