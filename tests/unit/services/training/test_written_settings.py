"""config.yaml makes the same settings again."""

from services.base.stage.config import config_from_mapping
from services.formats.settings_file import settings_in
from services.training.recipes.grid_ctc.spec import GridCtcConfig
from services.training.written_settings import config_file


def test_the_file_has_every_setting_by_its_name_and_gives_them_again():
    config = GridCtcConfig(data_root="/records/嘴", size="tiny", learning_rate=2e-4, allow_leak=True)
    read = {name: one.value for name, one in settings_in(config_file(config).decode()).items()}
    assert read["data_root"] == "/records/嘴"
    assert config_from_mapping(GridCtcConfig, read) == config
