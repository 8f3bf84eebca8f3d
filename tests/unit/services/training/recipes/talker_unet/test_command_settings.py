"""What a test of talker-unet may be told beside what any talking head's may."""

from services.training.recipes.talker_unet.command_settings import UNetTestSettings


def test_a_syncnet_is_asked_where_one_is_named() -> None:
    assert UNetTestSettings().syncnet_checkpoint == ""
    assert UNetTestSettings(checkpoint_dir="head/").file == "head/best_model.pt"
