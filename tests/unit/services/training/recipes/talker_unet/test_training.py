"""A rank of a training opens its persons first, and says what is missing."""

import pytest

pytest.importorskip("torch")

from services.base.errors import BadConfig
from services.training.recipes.talker_unet.spec import UNetConfig
from services.training.recipes.talker_unet.training import train_rank


def test_a_folder_without_persons_ends_it(tmp_path):
    with pytest.raises(BadConfig, match="NO_PERSONS"):
        train_rank(UNetConfig(data_root=str(tmp_path)), None)  # type: ignore[arg-type]
