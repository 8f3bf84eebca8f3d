"""An export says where to, and what."""

import pytest

from services.training.recipes.talker_unet.export_settings import HeadExportSettings


def test_the_best_of_a_training_is_exported_where_no_file_is_named():
    assert HeadExportSettings(bundle="b", checkpoint_dir="c/").file == "c/best_model.pt"
    assert HeadExportSettings(bundle="b", checkpoint="99.pth").file == "99.pth"
    with pytest.raises(ValueError, match="--bundle"):
        HeadExportSettings()
