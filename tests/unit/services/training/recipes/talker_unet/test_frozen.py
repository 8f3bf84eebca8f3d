"""A SyncNet is taken of its own training or of the original's code, and of nothing else."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import weights_file  # noqa: E402
from services.training.recipes.talker_unet.frozen import frozen_syncnet  # noqa: E402
from services.training.recipes.talker_unet.spec import UNetConfig  # noqa: E402
from services.training.talker.contrast import ScaledSyncNet  # noqa: E402
from services.training.talker.networks.syncnet import SyncNet  # noqa: E402

FACTS = {"recipe": "talker-syncnet", "asr": "mel", "resolution": "160", "width": "0.125"}


def config(file: Path, **settings: object) -> UNetConfig:
    return UNetConfig(resolution="160", use_syncnet=True, syncnet_checkpoint=str(file), **settings)  # type: ignore[arg-type]


def saved(path: Path, model: "torch.nn.Module", **facts: str) -> Path:
    path.write_bytes(weights_file(model.state_dict(), {**FACTS, **facts}))
    return path


def test_none_is_used_where_none_is_named() -> None:
    assert frozen_syncnet(UNetConfig(), "mel") is None


def test_one_of_its_own_training_is_frozen(tmp_path: Path) -> None:
    model = ScaledSyncNet(SyncNet("mel", 160, 0.125))
    found = frozen_syncnet(config(saved(tmp_path / "model.safetensors", model)), "mel")
    assert found is not None and not found.training
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert torch.equal(
        found.state_dict()["face_encoder.0.conv_block.0.weight"],
        model.network.state_dict()["face_encoder.0.conv_block.0.weight"],
    )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({"recipe": "grid-ctc"}, "OTHER_RECIPE"), ({"asr": "ave"}, "OTHER_ASR"),
     ({"resolution": "328"}, "OTHER_RESOLUTION"), ({"width": "wide"}, "CHECKPOINT_DAMAGED"),
     ({"width": "0.25"}, "OTHER_NETWORK")],
)  # fmt: skip
def test_another_one_is_refused(tmp_path: Path, facts: dict, reason: str) -> None:
    file = saved(tmp_path / "model.safetensors", ScaledSyncNet(SyncNet("mel", 160, 0.125)), **facts)
    with pytest.raises(BadConfig, match=reason):
        frozen_syncnet(config(file), "mel")


def test_weights_alone_are_of_the_width_that_they_have_and_of_328_px(tmp_path: Path) -> None:
    file = tmp_path / "30.pth"
    torch.save({"epoch": 30, "model_state_dict": SyncNet("hubert", 320, 0.125).state_dict()}, file)
    asked = UNetConfig(use_syncnet=True, syncnet_checkpoint=str(file))
    assert frozen_syncnet(asked, "hubert") is not None
    for other, asr, reason in ((asked, "wenet", "OTHER_ASR"), (config(file), "hubert", "OTHER_RESOLUTION")):
        with pytest.raises(BadConfig, match=reason):
            frozen_syncnet(other, asr)
