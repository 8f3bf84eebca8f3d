"""Files that cannot be a network's weights are told by their structure, before any library reads them."""

import pickle
import zipfile
from pathlib import Path

import onnx
import pytest
import torch

from services.base.errors import BadConfig
from services.features.frames.inception import InceptionV3
from services.features.frames.spec import NETWORK
from services.features.models import models_of
from services.features.spec import FeaturesConfig
from services.features.weights_file import check_onnx, check_state_dict

NAMES = ("first.weight", "last.bias")
TENSORS = {name: torch.arange(1000.0) for name in NAMES}


@pytest.fixture(params=["zip", "old"])
def whole(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A state dict as torch saves it now, and as it did before 1.6."""
    path = tmp_path / "weights.pth"
    torch.save(TENSORS, path, _use_new_zipfile_serialization=request.param == "zip")
    return path


def test_a_state_dict_with_the_names_is_taken(whole: Path) -> None:
    check_state_dict(whole, "--w", NAMES)


def test_one_of_another_network_is_refused_with_the_first_name_that_it_lacks(whole: Path) -> None:
    with pytest.raises(BadConfig, match=r"WEIGHTS_OF_ANOTHER_NETWORK: --w .*weights\.pth has no tensor middle\.weight"):
        check_state_dict(whole, "--w", [*NAMES, "middle.weight"])


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_one_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "weights.pth"
    torch.save(TENSORS, path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadConfig, match=r"WEIGHTS_UNREADABLE: --w .*no whole state dict"):
        check_state_dict(path, "--w", NAMES)


def test_one_of_before_that_was_cut_off_in_its_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save(TENSORS, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
        check_state_dict(path, "--w", NAMES)


@pytest.mark.parametrize("data", [b"", b"weights", b"PK\x03\x04", b"\x80", b"\x80\x02.", b"\x80\xff" * 50])
def test_what_is_no_state_dict_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(data)
    with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
        check_state_dict(path, "--w", NAMES)


def test_an_archive_without_a_state_dict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "none")
    with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
        check_state_dict(path, "--w", NAMES)


class Runs:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> object:
        return Path.touch, (self._path,)


def test_no_pickle_is_run(tmp_path: Path) -> None:
    path, touched = tmp_path / "weights.pth", tmp_path / "touched"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([Runs(touched), *NAMES]))
    check_state_dict(path, "--w", NAMES)
    assert not touched.exists()


def test_the_names_that_are_looked_for_are_the_networks(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with torch.device("meta"):
        names = list(InceptionV3().state_dict())
    assert set(NETWORK.some_tensors) <= set(names)
    torch.save({name: torch.zeros(1) for name in names}, path)
    assert list(models_of(FeaturesConfig(weights=str(path)))) == ["inception_v3"]
    torch.save({"features.0.weight": torch.zeros(1)}, path)
    with pytest.raises(BadConfig, match=r"WEIGHTS_OF_ANOTHER_NETWORK: --iv3-weights .* has no tensor AuxLogits"):
        models_of(FeaturesConfig(weights=str(path)))


def onnx_file(path: Path, name: str | None = "inception_v3") -> Path:
    """An ONNX model without operators, which says the name of its network."""
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    weights = onnx.helper.make_tensor("y", onnx.TensorProto.FLOAT, [200], [1.0] * 200)
    model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [output], [weights]))
    if name is not None:
        onnx.helper.set_model_props(model, {"model": name, "digest": "d"})
    path.write_bytes(model.SerializeToString())
    return path


def test_an_exported_network_is_taken_where_onnxruntime_loads_it(tmp_path: Path) -> None:
    path = str(onnx_file(tmp_path / "a.onnx"))
    assert list(models_of(FeaturesConfig(backend="onnxruntime", weights=path))) == ["inception_v3"]
    with pytest.raises(BadConfig, match="WEIGHTS_UNREADABLE"):
        models_of(FeaturesConfig(backend="torch", weights=path))


@pytest.mark.parametrize(("name", "said"), [("semantic", "holds semantic, not"), (None, "says no name, not")])
def test_another_exported_network_is_refused(tmp_path: Path, name: str | None, said: str) -> None:
    with pytest.raises(BadConfig, match=f"MODEL_OF_ANOTHER_NETWORK: --w .*{said} inception_v3: write it with"):
        check_onnx(onnx_file(tmp_path / "a.onnx", name), "--w", "inception_v3")


@pytest.mark.parametrize("left", [0, 1, 10, 100, 500, -1])
def test_an_exported_network_that_was_cut_off_is_refused(tmp_path: Path, left: int) -> None:
    path = onnx_file(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(BadConfig, match=r"MODEL_(UNREADABLE|OF_ANOTHER_NETWORK): --w"):
        check_onnx(path, "--w", "inception_v3")


def test_the_file_that_says_what_triton_must_serve_is_loaded_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"weights")
    models_of(FeaturesConfig(backend="triton", triton="127.0.0.1:1", weights=str(path)))
