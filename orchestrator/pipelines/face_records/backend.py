"""PURE: which detector finds the faces, by what was asked for."""

from __future__ import annotations

from services.base.errors import BadConfig


def backend_of(asked: str | None, dlib_predictor: str) -> str:
    """asked: by --landmarks; None: a predictor file means dlib, and none MediaPipe. Raises BadConfig FLAGS_DISAGREE."""
    backend = asked or ("dlib" if dlib_predictor else "mediapipe")
    if dlib_predictor and backend != "dlib":
        raise BadConfig("FLAGS_DISAGREE", f"--dlib-predictor was given with --landmarks {backend}: give one of them")
    return backend
