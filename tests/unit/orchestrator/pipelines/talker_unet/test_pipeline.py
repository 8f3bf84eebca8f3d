"""The pipeline is a training of its recipe, on persons' folders."""

from orchestrator.pipelines.talker_unet.options import UNetOptions
from orchestrator.pipelines.talker_unet.pipeline import PIPELINE


def test_it_is_a_training_of_its_recipe() -> None:
    (gang,) = PIPELINE.gangs(UNetOptions())
    assert (PIPELINE.name, gang.recipe) == ("talker-unet", "talker-unet")
    assert PIPELINE.stages(UNetOptions()) == ()
    assert "train.data_root" in PIPELINE.free_settings
