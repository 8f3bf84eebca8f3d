"""Settings that cannot be are refused, and what decides is told."""

import pytest

from services.base.stage.fields import fields_of
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig


@pytest.mark.parametrize(
    "settings",
    [{"batch_size": 0}, {"width": 0.0}, {"width": 2.0}, {"learning_rate": 0.0}, {"mouth_weight": 0.5},
     {"sync_weight": -1.0}, {"flip": 1.0}, {"warm_up_share": -0.1}, {"use_syncnet": True},
     {"temporal_weight": -1.0}, {"temporal_weight": 1.0, "batch_size": 5}],
)  # fmt: skip
def test_what_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        UNetConfig(**settings)


def test_flags_have_the_documents_spellings():
    aliases = {alias for field in fields_of(UNetConfig) for alias in field.aliases}
    assert {"--name", "--epochs", "--batchsize", "--lr"} <= aliases


def test_what_a_syncnet_holds_decides_and_not_where_it_lies(tmp_path):
    def key(file: str) -> object:
        return RECIPE.fingerprint(UNetConfig(use_syncnet=True, syncnet_checkpoint=file))

    (tmp_path / "a.pt").write_bytes(b"x")
    assert key("a.pt") == key("b.pt") != RECIPE.fingerprint(UNetConfig())
    assert set(RECIPE.models(UNetConfig(use_syncnet=True, syncnet_checkpoint=str(tmp_path / "a.pt")))) == {"syncnet"}
    assert (UNetConfig().crop_px, UNetConfig(resolution="160").crop_px) == (328, 168)
