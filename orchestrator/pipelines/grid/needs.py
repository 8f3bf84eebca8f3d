"""PURE: what the GRID pipeline needs of a machine."""

from __future__ import annotations

from orchestrator.pipelines.face_records.needs import MEDIAPIPE
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.needs import DecoderNeed, Need, StageNeed, pip_install


def needs(options: GridOptions) -> tuple[Need, ...]:
    """A predictor file that is given is needed too."""
    dlib = {"backend": "dlib", "mode": "tracked", "dlib_predictor": options.dlib_predictor}
    return (
        Need("decode", StageNeed("decode"), "reading videos", pip_install("visemill")),
        Need("decoder mpeg1video", DecoderNeed("mpeg1video"), "GRID's own .mpg files", ""),
        Need("records", StageNeed("records"), "GRID's TFRecords", pip_install("visemill")),
        MEDIAPIPE,
        Need(
            "landmarks dlib (optional)",
            StageNeed("landmarks", dlib),
            "run grid --landmarks dlib, as the original script",
            f"{pip_install('visemill[dlib68]')}, or give your own file with --dlib-predictor",
            bool(options.dlib_predictor),
        ),
    )
