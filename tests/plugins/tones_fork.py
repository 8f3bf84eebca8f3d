"""A checkout with the pipeline `tones` (tests/fakes/tones) added to it, as a contributor has it, and clips for it."""

import wave
from pathlib import Path

import numpy as np
from forked_checkout import forked, texts_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tests" / "fakes" / "tones"
# File -> a place in it, and the line that is put below that.
TABLES = {
    "services/__main__.py": ('STAGES: dict[str, str] = {\n    "decode"', '    "spectrum": "tones",\n'),
    "orchestrator/pipelines/__init__.py": (
        'PIPELINES: dict[str, str] = {\n    "grid"',
        '    "tones": "tones.pipeline",\n',
    ),
}
RATE_HZ = 8000
TONES_HZ = {f"{name}.wav": hz for name, hz in zip("abcdef", (220, 440, 880, 1200, 1760, 3000), strict=True)}


def tables() -> dict[str, str]:
    """The text of each of the two tables, with a line more."""
    return texts_of(TABLES)


def checkout(folder: Path) -> Path:
    """The whole checkout as it is, by links, but for the two tables; and the package."""
    return forked(folder, TABLES, [PACKAGE.name])


def write_tones(folder: Path) -> Path:
    """Half a second of a tone each, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, hz in TONES_HZ.items():
        samples = np.sin(2 * np.pi * hz * np.arange(RATE_HZ // 2) / RATE_HZ) * 20_000
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples.astype("<i2").tobytes())
    return folder
