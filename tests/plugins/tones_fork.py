"""A checkout with the pipeline `tones` (tests/fakes/tones) added to it, as a contributor has it, and clips for it."""

import shutil
import wave
from pathlib import Path

import numpy as np

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
    made = {}
    for name, (head, line) in TABLES.items():
        text = (ROOT / name).read_text()
        assert head in text
        start = head.index("    ")
        made[name] = text.replace(head, head[:start] + line + head[start:])
    return made


def checkout(folder: Path) -> Path:
    """The whole checkout as it is, by links, but for the two tables; and the package."""
    for name, text in tables().items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    for made in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        here = ROOT / made.relative_to(folder)
        names = ("services", "orchestrator") if made == folder else [path.name for path in here.iterdir()]
        for name in names:
            if not (made / name).exists() and name != "__pycache__":
                (made / name).symlink_to(here / name)
    shutil.copytree(PACKAGE, folder / "tones", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def write_tones(folder: Path) -> Path:
    """Half a second of a tone each."""
    for name, hz in TONES_HZ.items():
        samples = np.sin(2 * np.pi * hz * np.arange(RATE_HZ // 2) / RATE_HZ) * 20_000
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples.astype("<i2").tobytes())
    return folder
