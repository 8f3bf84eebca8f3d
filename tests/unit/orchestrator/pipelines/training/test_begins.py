"""Files that a training begins from are where pods find them, or the run is refused before any work."""

import pytest

from orchestrator.pipelines.training.begins import check_begins
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("config", "claim"),
    [
        ({"consent": "/home/ada/consent.yaml", "resume": "auto", "init": ""}, ""),
        ({"syncnet_checkpoint": "s3://bucket/syncnet/best_model.pt"}, ""),
        ({"init": "/models/best_model.pt"}, "/models"),
    ],
)
def test_a_bucket_and_a_claim_are_reached(config, claim) -> None:
    check_begins(config, claim)


@pytest.mark.parametrize("name", ["resume", "init", "syncnet_checkpoint", "vgg19", "landmark_model"])
@pytest.mark.parametrize(("file", "claim"), [("/models/best.pt", ""), ("/home/ada/best.pt", "/models")])
def test_a_file_of_this_machine_is_refused(name, file, claim) -> None:
    with pytest.raises(BadConfig, match=f"--{name.replace('_', '-')} {file}.*s3://bucket/prefix/best.pt") as refused:
        check_begins({name: file}, claim)
    assert refused.value.reason == "LOCAL_ROOT"
