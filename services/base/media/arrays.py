"""Names for numpy arrays by dtype."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
Int16Array = npt.NDArray[np.int16]


Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]


Float64Array = npt.NDArray[np.float64]
