"""What the backend is. Inert."""

from __future__ import annotations

from services.base.media.topology import WFLW_98
from services.base.stage.spec import ByName
from services.landmarks.backends import LandmarkBackend, ModelFile

DETECTOR = ModelFile(
    "scrfd_2.5g_kps.onnx",
    "32d20c77b9e2dc1d07e94c2ab9d25bdd5cd05eddbe0b46e7b38e7a1eca22e99a",
    3_291_017,
    "non-commercial",
)
POINTS = ModelFile(
    "PFLD_GhostOne_112_1_opt_sim.onnx",
    "74d1a83932af79c2689d9371b21f32d014552f089985f076e832e89cb18f41e8",
    2_838_549,
    "Apache-2.0",
)

BACKEND = LandmarkBackend(
    "pfld98", WFLW_98, (DETECTOR, POINTS), ("onnxruntime", "numpy"), ByName("pfld98.backend:open_backend")
)
