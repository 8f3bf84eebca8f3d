"""The features stage's settings check themselves, and what decides bytes enters a key."""

import argparse
import dataclasses
import subprocess
import sys

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.worker.fingerprint import identity_of
from services.features import spec
from services.features.models import models_of
from services.features.spec import SPEC, FeaturesConfig, key_config, libraries_of

DIGEST = "0cc3c7bd" * 8


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "chosen_device", lambda device: "cpu" if device == "auto" else device)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"model": "resnet"}, "inception_v3"),
        ({"backend": "tensorrt"}, "torch, onnxruntime, triton"),
        ({"device": "tpu"}, "auto, cpu, cuda"),
        ({"dtype": "int8"}, "float32, bfloat16, float16"),
        ({"batch_size": 0}, "from 1 to 4096"),
        ({"batch_size": 5000}, "from 1 to 4096"),
        ({"batch_size": 2.5}, "whole number"),
        ({"batch_size": True}, "whole number"),
        ({"num_threads": 0}, "from 1 to 256"),
        ({"seed": -1}, "from 0 to 4294967295"),
        ({"weights_sha256": "0cc3c7bd"}, "64 lower-case"),
        ({"weights_sha256": DIGEST.upper()}, "64 lower-case"),
        ({"backend": "triton"}, "give --triton HOST:PORT"),
        ({"backend": "triton", "triton": "http://127.0.0.1:8001"}, "--triton 'http://.*such as 127.0.0.1:8001"),
        ({"dtype": "float16", "device": "cpu"}, "device cuda"),
        ({"dtype": "float16", "backend": "onnxruntime"}, "take float32"),
        ({"dtype": "bfloat16", "backend": "onnxruntime"}, "take float32"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_the_rule(values: dict[str, object], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        config_from_mapping(FeaturesConfig, values)


def test_flags_give_back_the_config() -> None:
    parser = argparse.ArgumentParser()
    add_config_flags(parser, FeaturesConfig)
    words = ["--backend", "triton", "--triton", "gpu:8001", "--batch-size", "64", "--no-channels-last"]
    expected = FeaturesConfig(backend="triton", triton="gpu:8001", batch_size=64, channels_last=False)
    assert config_from_flags(FeaturesConfig, parser.parse_args(words)) == expected


@pytest.mark.parametrize(
    ("changed", "is_another_key"),
    [
        ({"backend": "onnxruntime"}, True),
        ({"batch_size": 64}, True),
        ({"num_threads": 2}, True),
        ({"device": "cuda"}, True),
        ({"channels_last": False}, True),
        ({"weights": "a.pth"}, False),
        ({"seed": 1}, False),
    ],
)
def test_what_decides_bytes_is_in_the_key_and_places_are_not(changed: dict[str, object], is_another_key: bool) -> None:
    config = FeaturesConfig()
    other = dataclasses.replace(config, **changed)  # type: ignore[arg-type]
    assert (key_config(config) != key_config(other)) is is_another_key


def test_threads_of_a_cpu_are_no_part_of_a_gpus_key() -> None:
    on_gpu = FeaturesConfig(device="cuda")
    assert key_config(on_gpu) == key_config(dataclasses.replace(on_gpu, num_threads=8))


def test_a_servers_vectors_depend_on_no_address_and_no_local_batch() -> None:
    one = FeaturesConfig(backend="triton", triton="a:8001", batch_size=8)
    other = FeaturesConfig(backend="triton", triton="b:8001", batch_size=32)
    assert key_config(one) == key_config(other)


def test_seeds_and_pinned_digests_are_told_apart_by_the_models() -> None:
    assert models_of(FeaturesConfig()) == {"inception_v3": "seeded:0"}
    assert models_of(FeaturesConfig(seed=7)) == {"inception_v3": "seeded:7"}
    served = FeaturesConfig(backend="triton", triton="a:8001", weights_sha256=DIGEST)
    assert models_of(served) == {"inception_v3": f"sha256:{DIGEST}"}


@pytest.mark.parametrize(("backend", "library"), [("torch", "torch"), ("onnxruntime", "onnxruntime")])
def test_only_the_libraries_that_compute_are_named(backend: str, library: str) -> None:
    config = config_from_mapping(FeaturesConfig, {"backend": backend})
    assert set(libraries_of(config)) == {"opencv-contrib-python", library}
    assert set(libraries_of(config)) <= set(SPEC.libraries)


def test_naming_the_stage_loads_no_network_library() -> None:
    code = (
        "import sys; from services.base.worker.fingerprint import identity_of; from services.features.spec import *; "
        "identity_of(SPEC, FeaturesConfig()); print(sorted({'torch', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("values", "device", "settled"),
    [
        ({}, "", {"device": "cpu"}),
        ({}, "cuda", {"device": "cuda"}),
        ({"device": "cpu"}, "cuda", {"device": "cpu"}),
        ({"device": "cuda"}, "", {"device": "cuda"}),
        ({"backend": "onnxruntime"}, "cuda", {}),
        ({"backend": "triton", "triton": "a:8001"}, "cuda", {}),
    ],
)
def test_auto_is_settled_as_the_workers_machine_and_a_named_device_stays(
    values: dict[str, str], device: str, settled: dict[str, str]
) -> None:
    config = config_from_mapping(FeaturesConfig, values)
    assert spec.settled(config, device) == settled
    identity = identity_of(SPEC, config, device)
    assert identity.settled == settled
    assert identity.key_config.get("device") == settled.get("device")
    assert "settled" not in identity.of_artifact()


def test_a_number_format_that_the_settled_device_lacks_is_refused() -> None:
    config = FeaturesConfig(dtype="float16")
    assert identity_of(SPEC, config, "cuda").key_config["dtype"] == "float16"
    with pytest.raises(BadConfig, match="float16 is for a GPU"):
        identity_of(SPEC, config)


@pytest.mark.parametrize("backend", ["onnxruntime", "triton"])
def test_a_gpu_is_not_asked_for_where_it_would_not_be_used(backend: str) -> None:
    with pytest.raises(BadConfig, match=f"device cuda is for torch, not for {backend}"):
        config_from_mapping(FeaturesConfig, {"backend": backend, "triton": "a:8001", "device": "cuda"})
