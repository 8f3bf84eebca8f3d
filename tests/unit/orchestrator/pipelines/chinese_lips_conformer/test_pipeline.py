"""The pipeline is a training on files of Chinese-LiPS."""

from orchestrator.pipelines.chinese_lips_conformer.options import ConformerOptions
from orchestrator.pipelines.chinese_lips_conformer.pipeline import PIPELINE
from orchestrator.pipelines.training.lips_files import read


def test_it_reads_the_files_of_the_data_set_and_has_one_gang_pass() -> None:
    assert PIPELINE.read is read
    assert PIPELINE.default_root(ConformerOptions(data_root="/data")) == "/data"
    assert [gang.recipe for gang in PIPELINE.gangs(ConformerOptions(data_root="/data"))] == [PIPELINE.name]
    assert "train.data_root" in PIPELINE.free_settings
