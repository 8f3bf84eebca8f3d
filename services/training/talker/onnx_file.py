"""I/O: a network of the user's that judges painted faces: an ONNX file, on onnxruntime."""

from __future__ import annotations

from typing import Any

import onnxruntime

from services.base.errors import BadConfig


class OnnxFile:
    """flag: that named it. remedy: which file it takes. Raises BadConfig MODEL_UNREADABLE."""

    def __init__(self, path: str, flag: str, remedy: str) -> None:
        self._path, self._flag, self._remedy = path, flag, remedy
        options = onnxruntime.SessionOptions()
        # One thread computes the same each time.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self.session: Any = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's classes have no common base but Exception
            raise self.unusable("onnxruntime does not load it", str(error)) from error

    def unusable(self, why: str, detail: str = "") -> BadConfig:
        """The error for a file that is not the network it should be."""
        return BadConfig(
            "MODEL_UNREADABLE", f"{self._flag} {self._path} cannot be used ({why}): {self._remedy}", detail
        )
