"""What a machine must have: a tokenizer where one is named, and rules of en and zh where texts need them."""

from orchestrator.pipelines.needs import PackageNeed, StageNeed
from orchestrator.pipelines.tts.needs import needs
from orchestrator.pipelines.tts.options import TtsOptions


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
