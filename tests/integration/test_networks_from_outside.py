"""Networks from outside the checkout, a package and a line in the table each: loaded, run, exported and compared."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from forked_checkout import FAKES, assert_only_tables_touched, environment_of, forked

from services.base.errors import BadConfig
from services.base.media.clip import Clip, Media
from services.base.media.features import Features
from services.base.media.video import FrameChunk
from services.base.stage.spec import ClipJob
from services.features.models import models_of
from services.features.networks import NETWORKS
from services.features.runtimes.export import export_network as export_file
from services.features.runtimes.sequences import SequenceNetwork
from services.features.spec import FeaturesConfig
from services.features.stage import open_stage
from services.features.triton.repository import export_network
from services.triton.config import Serving
from services.triton.layout import card_of, digest_of_file
from services.triton.verify import verify_repository

LINES = {"tiny": "tiny_networks.frames.spec", "voice": "tiny_networks.voice.spec"}
TABLES = {
    "services/features/networks.py": (
        'NETWORKS: dict[str, str] = {\n    "inception_v3"',
        '    "tiny": "tiny_networks.frames.spec",\n',
    ),
}
LIMIT_S = 120


@pytest.fixture(autouse=True)
def in_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, module in LINES.items():
        monkeypatch.setitem(NETWORKS, name, module)


def weights_file(path: Path) -> str:
    """Weights of `tiny` in the safetensors format, by hand; their digest."""
    generator = np.random.default_rng(7)
    tensors = {
        "conv.weight": generator.standard_normal((6, 3, 5, 5)).astype("<f4"),
        "conv.bias": np.arange(6).astype("<f4"),
    }
    header, at = {}, 0
    for name, array in tensors.items():
        facts = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        header[name], at = facts, at + array.nbytes
    text = json.dumps(header).encode()
    path.parent.mkdir(exist_ok=True)
    data = len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in tensors.values())
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def vectors(config: FeaturesConfig) -> Features:
    """By the opened stage, of a clip of five frames of another size than the network's."""
    frames = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3), dtype=np.uint8)
    consumer = open_stage(config)(ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b"")), None)
    consumer.push(FrameChunk(0, frames, np.arange(5) / 25))
    found: Features = consumer.finish({})
    return found


def test_the_stage_takes_the_network_by_its_name_in_either_runtime() -> None:
    here = vectors(FeaturesConfig(model="tiny", batch_size=2, device="cpu"))
    assert here.vectors_TD.shape == (5, 6) and (here.model, here.weights) == ("tiny", "seeded:0")
    onnx = vectors(FeaturesConfig(model="tiny", batch_size=2, backend="onnxruntime"))
    assert np.abs(onnx.vectors_TD - here.vectors_TD).max() < 1e-4 * here.vectors_TD.std()
    with pytest.raises(BadConfig, match=r"WRONG_NETWORK: voice takes features.*take .*tiny"):
        open_stage(FeaturesConfig(model="voice"))


def test_weights_come_from_a_path_a_volume_or_a_store_by_their_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = weights_file(tmp_path / "volume/tiny.safetensors")
    path = tmp_path / "volume/tiny.safetensors"
    by_path = vectors(FeaturesConfig(model="tiny", device="cpu", weights=str(path)))
    assert by_path.weights == f"sha256:{digest}"
    by_uri = FeaturesConfig(model="tiny", device="cpu", weights=f"file://{path}", weights_sha256=digest)
    assert models_of(by_uri) == {"tiny": f"sha256:{digest}"}
    assert np.array_equal(vectors(by_uri).vectors_TD, by_path.vectors_TD)
    with pytest.raises(BadConfig, match="MODEL_NOT_PINNED"):
        models_of(FeaturesConfig(model="tiny", weights=f"file://{path}"))
    monkeypatch.setenv("VISEMILL_MODELS", str(tmp_path / "volume"))
    by_name = FeaturesConfig(model="tiny", device="cpu", weights="tiny.safetensors")
    assert np.array_equal(vectors(by_name).vectors_TD, by_path.vectors_TD)
    # The table's own file is taken where none is named, and no other bytes for it.
    with pytest.raises(BadConfig, match=r"WEIGHTS_CHANGED.*published with SHA256"):
        models_of(FeaturesConfig(model="tiny"))


def test_outputs_without_a_time_axis_and_codes_are_those_of_each_sequence_alone() -> None:
    network = SequenceNetwork(FeaturesConfig(model="voice", device="cpu"))
    rng = np.random.default_rng(1)
    sequences = [rng.standard_normal((length, 10)).astype(np.float32) for length in (9, 3, 20)]
    for sequence, found in zip(sequences, network(sequences), strict=True):
        (alone,) = network([sequence])
        assert {name: (array.shape, str(array.dtype)) for name, array in found.items()} == {
            "condition": ((4, 12), "float32"),
            "emo": ((12,), "float32"),
            "codes": ((len(sequence) // 2,), "int64"),
        }
        assert np.array_equal(found["codes"], alone["codes"])
        assert np.abs(found["emo"] - alone["emo"]).max() < 1e-5


def test_every_output_is_exported_and_compared(tmp_path: Path) -> None:
    """What `visemill models verify` says of a network of several outputs, whole and where one of them is another's."""
    models = tmp_path / "models"
    export_network(models, "voice", FeaturesConfig(), Serving())
    assert [(f.model, f.problems) for f in verify_repository(models)] == [("voice", ())]
    checks = models / "voice/1"
    codes = np.load(checks / "check.codes.npy")
    assert codes.dtype == np.int64 and codes.shape == (4 + 2,)
    np.save(checks / "check.codes.npy", codes + 1)
    np.save(checks / "check.emo.npy", 2 * np.load(checks / "check.emo.npy"))
    (finding,) = verify_repository(models)
    of_emo, of_codes = finding.problems
    assert "of the outputs' deviation in emo" in of_emo
    assert "in 100.00% of the codes in codes" in of_codes


def test_a_fork_touches_the_table_alone_and_its_command_exports_the_network(tmp_path: Path) -> None:
    fork = forked(tmp_path / "fork", TABLES, ["tiny_networks"])
    assert_only_tables_touched(fork, TABLES)
    argv = [sys.executable, "-m", "orchestrator.cli.main", "models"]
    exported = [*argv, "export", str(tmp_path / "models"), "--network", "tiny", "-o", "json"]
    environment = environment_of(fork)
    done = subprocess.run(
        exported, cwd=fork, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout)["models"]
    assert (model["model"], model["weights"], model["problems"]) == ("tiny", "seeded:0", [])
    assert [f.problems for f in verify_repository(tmp_path / "models")] == [()]


def test_a_network_over_protobufs_limit_is_written_in_two_files(tmp_path: Path) -> None:
    export_file(FeaturesConfig(model="voice"), tmp_path / "model.onnx", most_inside_bytes=1)
    card = card_of(tmp_path / "model.onnx", "voice", "seeded:0")
    assert card.data_digest == digest_of_file(tmp_path / "model.onnx.data")
    assert (tmp_path / "model.onnx").stat().st_size < 20_000
    export_file(FeaturesConfig(model="voice"), tmp_path / "model.onnx")
    assert card_of(tmp_path / "model.onnx", "voice", "seeded:0").data_digest == ""
