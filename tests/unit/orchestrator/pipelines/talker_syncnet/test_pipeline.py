"""The pipeline is a training of its recipe, on persons' folders."""

from orchestrator.pipelines.talker_syncnet.options import SyncNetOptions
from orchestrator.pipelines.talker_syncnet.pipeline import PIPELINE


def test_it_is_a_training_of_its_recipe() -> None:
    (gang,) = PIPELINE.gangs(SyncNetOptions())
    assert (PIPELINE.name, gang.recipe) == ("talker-syncnet", "talker-syncnet")
    assert PIPELINE.stages(SyncNetOptions()) == ()
    assert "train.data_root" in PIPELINE.free_settings
