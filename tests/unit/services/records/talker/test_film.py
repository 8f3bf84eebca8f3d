"""A film is described by its marks, and any other film as one without."""

import subprocess
import sys

import av
import numpy as np

from services.formats.talker.mark import Mark, metadata_of
from services.records.talker.film import describe

MARK = Mark("0.1.0", "a" * 64, "b" * 64, "2026-11-29T18:00:00Z")


def film(path, metadata):
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata)
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for i in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 40 * i, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_what_is_there_is_told_and_what_is_missing(tmp_path):
    marked = describe(film(tmp_path / "a.mp4", metadata_of(MARK)))
    assert marked["is_marked"] and marked["mark"]["head"] == MARK.head
    other = describe(film(tmp_path / "b.mp4", {"description": "a holiday"}))
    assert not other["is_marked"] and "no mark in the metadata" in other["missing"]


def test_without_the_extra_all_but_signing_works(tmp_path):
    path = film(tmp_path / "a.mp4", metadata_of(MARK))
    program = (
        "import sys; sys.modules['c2pa'] = None\n"
        "from services.records.talker.film import main\n"
        f"sys.exit(main([{str(path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "is_marked: True" in done.stdout and "visemill[credentials]" in done.stdout
