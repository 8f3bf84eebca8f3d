"""Which settings of a run an image of workers can carry out: refused at once, or left to the pod that knows more."""

import pytest

from orchestrator.kube.policies.image_libraries import check_image
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig

WORKER, WITH_TORCH = "visemill-worker:0.1.0", "visemill-worker-torch:0.1.0"
REMOTE = "registry.example:5000/team/"
TORCH = (("decode", {}), ("features", {"backend": "torch"}))
EXPORTED = (("features", {"backend": "onnxruntime", "weights": ""}),)
ONNX_FILE = (("features", {"backend": "onnxruntime", "weights": "/models/net.onnx"}),)
TRITON = (("features", {"backend": "triton", "triton": "t:8001"}),)
GRID = (("decode", {}), ("landmarks", {"backend": "mediapipe"}), ("records", {}))


def pipeline_for(stages) -> Pipeline:
    return pipeline_of("grid" if stages is GRID else "sign")


@pytest.mark.parametrize(
    ("image", "stages", "pods_gpus", "flag", "remedies"),
    [
        (WORKER, TORCH, 0, "--features-backend torch", ("--triton", WITH_TORCH)),
        (f"{REMOTE}{WORKER}", TORCH, 0, "--features-backend torch", (f"--image {REMOTE}{WITH_TORCH}",)),
        (f"{REMOTE}{WORKER}@sha256:{'0' * 64}", TORCH, 0, "--features-backend torch", (f"{REMOTE}{WITH_TORCH} ",)),
        ("visemill-worker", TORCH, 0, "--features-backend torch", ("--image visemill-worker-torch ",)),
        (WORKER, EXPORTED, 0, "--features-backend onnxruntime", ("--iv3-weights", "--models-claim", WITH_TORCH)),
        (WORKER, GRID, 2, "--pods-gpus 2", ("leave the flag out", WITH_TORCH)),
        (WORKER, TRITON, 1, "--pods-gpus 1", (WITH_TORCH,)),
    ],
)
def test_what_the_image_cannot_do_is_refused_with_the_flag_and_the_remedy(image, stages, pods_gpus, flag, remedies):
    with pytest.raises(BadConfig) as refused:
        check_image(image, pipeline_for(stages), stages, pods_gpus)
    assert (refused.value.reason, refused.value.exit_code) == ("IMAGE_LACKS", 78)
    for words in (flag, image, *remedies):
        assert words in refused.value.message


@pytest.mark.parametrize("image", [WORKER, f"{REMOTE}{WITH_TORCH}"])
def test_a_training_needs_its_own_image(image):
    with pytest.raises(BadConfig, match=f"--image {image.rpartition('visemill')[0]}visemill-training:0.1.0 "):
        check_image(image, pipeline_of("grid-ctc"), (), 0)
    check_image(image.replace(image.rpartition("/")[2], "visemill-training:0.1.0"), pipeline_of("grid-ctc"), (), 1)
    check_image("team/own-image:3", pipeline_of("grid-ctc"), (), 1)


@pytest.mark.parametrize(
    ("image", "stages", "pods_gpus", "remote"),
    [
        (WORKER, GRID, 0, ()),
        (WORKER, TRITON, 0, ()),
        (WORKER, ONNX_FILE, 0, ()),
        (WORKER, TORCH, 0, ("features",)),
        (WITH_TORCH, TORCH, 1, ()),
        (WITH_TORCH, EXPORTED, 0, ()),
        ("team/own-image:3", TORCH, 1, ()),
    ],
)
def test_all_else_is_let_through(image, stages, pods_gpus, remote):
    check_image(image, pipeline_for(stages), stages, pods_gpus, remote)
