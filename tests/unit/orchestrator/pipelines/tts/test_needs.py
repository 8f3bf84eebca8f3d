"""What a machine must have: a tokenizer where one is named, and rules of en and zh where texts need them."""

import pytest

from orchestrator.kube.policies.image_libraries import check_image
from orchestrator.pipelines.needs import PackageNeed, StageNeed
from orchestrator.pipelines.tts.needs import image_lacks, needs
from orchestrator.pipelines.tts.options import TtsOptions
from orchestrator.pipelines.tts.options import stages as stages_of
from orchestrator.pipelines.tts.pipeline import PIPELINE
from services.base.errors import BadConfig


def test_every_stage_that_can_be_opened_is_a_need() -> None:
    found = {need.name: need for need in needs(TtsOptions())}
    assert found["sentencepiece"].what == PackageNeed("sentencepiece")
    assert not found["text rules of en and zh"].is_needed
    stages = {need.what.stage for need in found.values() if isinstance(need.what, StageNeed)}
    assert stages == {"audio", "fbank", "speech", "ttsfiles"}


def test_a_tokenizer_that_is_given_is_looked_for() -> None:
    found = [need.what for need in needs(TtsOptions(tokenizer="/m/bpe.model"))]
    (text,) = [what for what in found if isinstance(what, StageNeed) and what.stage == "text"]
    assert text.config["tokenizer"] == "/m/bpe.model"


_STAGES = stages_of(TtsOptions())


def test_an_image_without_the_libraries_of_speech_lacks_them() -> None:
    assert "sentencepiece" in image_lacks(dict(_STAGES), {"onnxruntime"})
    assert image_lacks(dict(_STAGES), {"onnxruntime", "torch"}) == ""
    assert image_lacks({"audio": {}}, {"onnxruntime"}) == ""


@pytest.mark.parametrize("remote", [(), ("speech",)])
def test_a_run_with_the_workers_usual_image_is_refused_with_the_one_that_can(remote: tuple[str, ...]) -> None:
    with pytest.raises(BadConfig, match=r"IMAGE_LACKS.*sentencepiece.*--image r/visemill-worker-torch:1 "):
        check_image("r/visemill-worker:1", PIPELINE, _STAGES, 0, remote)
    check_image("r/visemill-worker-torch:1", PIPELINE, _STAGES, 0, remote)
    check_image("r/of-our-own:1", PIPELINE, _STAGES, 0, remote)
