"""Files of the safetensors format: every type, values as they were, and what is torn or lies is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from services.features.runtimes import safetensors


def written(path: Path, header: dict[str, Any], body: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


def test_tensors_are_read_by_name_type_and_shape_wherever_they_begin(tmp_path: Path) -> None:
    halves, codes = np.arange(6, dtype="<f2"), np.arange(-2, 2, dtype="<i8")
    header = {
        "__metadata__": {"format": "pt"},
        "flag": {"dtype": "BOOL", "shape": [], "data_offsets": [0, 1]},
        "codes": {"dtype": "I64", "shape": [2, 2], "data_offsets": [1, 33]},
        "halves": {"dtype": "F16", "shape": [3, 2], "data_offsets": [33, 45]},
        "none": {"dtype": "F32", "shape": [0, 4], "data_offsets": [45, 45]},
    }
    found = safetensors.load(written(tmp_path / "x", header, b"\1" + codes.tobytes() + halves.tobytes()))
    assert set(found) == {"flag", "codes", "halves", "none"}
    assert bool(found["flag"]) and found["codes"].tolist() == [[-2, -1], [0, 1]]
    assert torch.equal(found["halves"], torch.from_numpy(halves.reshape(3, 2)))
    assert found["none"].shape == (0, 4)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}, "in bytes 0 to 4 of 8"),
        ({"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}, "in bytes 0 to 12 of 8"),
        ({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}, "in bytes 8 to 0"),
        ({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}, "is .-2"),
        ({"dtype": "F8", "shape": [2], "data_offsets": [0, 8]}, "not described"),
        ({"dtype": "F32"}, "not described"),
        ([], "not described"),
    ],
)
def test_a_tensor_that_is_not_in_the_file_is_refused(facts: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        safetensors.load(written(tmp_path / "x", {"x": facts}, bytes(8)))


@pytest.mark.parametrize("data", [b"\1", (10**9).to_bytes(8, "little") + b"{}", (2).to_bytes(8, "little") + b"[]"])
def test_what_is_no_such_file_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(ValueError, match=r"it is too short|longer than the file|no object"):
        safetensors.load(tmp_path / "x")
