"""Settings that cannot be are refused, and the document's spellings are taken."""

import pytest

from services.base.stage.fields import fields_of
from services.training.recipes.talker_syncnet.spec import RECIPE, SyncNetConfig


@pytest.mark.parametrize(
    "settings",
    [{"batch_size": 4}, {"batch_size": 12}, {"width": 0.0}, {"width": 2.0}, {"learning_rate": 0.0}, {"flip": 1.0},
     {"warm_up_share": -0.1}, {"num_epochs": 0}],
)  # fmt: skip
def test_what_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        SyncNetConfig(**settings)


def test_flags_have_the_documents_spellings():
    aliases = {alias for field in fields_of(SyncNetConfig) for alias in field.aliases}
    assert {"--name", "--epochs", "--batchsize", "--lr"} <= aliases


def test_crops_are_a_little_larger_than_faces():
    assert (SyncNetConfig().crop_px, SyncNetConfig(resolution="160").crop_px) == (328, 168)


def test_where_the_data_lie_decides_nothing():
    one, other = (RECIPE.fingerprint(SyncNetConfig(data_root=root)) for root in ("a", "b"))
    assert one == other != RECIPE.fingerprint(SyncNetConfig(width=0.5))
