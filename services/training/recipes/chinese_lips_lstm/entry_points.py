"""The entry points of the recipe chinese-lips-lstm: those that any on Chinese-LiPS has, with its network."""

from __future__ import annotations

from collections.abc import Sequence

from services.base.worker.rank import Rank
from services.training.checkpoint.file import Checkpoint
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.tokenizer import tokenizer_file
from services.training.recipes.chinese_lips_lstm.graphs import attention_graphs, forced_graph
from services.training.recipes.chinese_lips_lstm.pieces import chinese_lips
from services.training.recipes.chinese_lips_lstm.reader import Reader, config_of_facts
from services.training.recipes.chinese_lips_lstm.spec import RECIPE, ChineseLipsConfig
from services.training.recipes.exported import ExportSettings
from services.training.recipes.exporting import Exportable, run_export
from services.training.recipes.lips.infer_command import run_infer
from services.training.recipes.lips.kind import LipsKind
from services.training.recipes.lips.opening import train_lips
from services.training.recipes.lips.scoring import run_test
from services.training.recipes.lips.trained import trained_of
from services.training.torchrun import torchrun_main

KIND = LipsKind(RECIPE, Reader, chinese_lips, config_of_facts)


def train_rank(config: ChineseLipsConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `train_lips`."""
    train_lips(KIND, config, rank)


def train_main(argv: Sequence[str]) -> int:
    """The `train` entry point. Raises as `torchrun_main`."""
    return torchrun_main(RECIPE, argv)


def test_main(argv: Sequence[str]) -> int:
    """The `test` entry point. Raises as `run_test`."""
    return run_test(KIND, argv)


def infer_main(argv: Sequence[str]) -> int:
    """The `infer` entry point. Raises as `run_infer`."""
    return run_infer(KIND, argv)


def export_main(argv: Sequence[str]) -> int:
    """The `export` entry point: an encoder, and a step of the decoder. Raises as `run_export`."""
    return run_export(RECIPE.name, argv, _exportable)


def _exportable(settings: ExportSettings, checkpoint: Checkpoint) -> Exportable:
    trained = trained_of(KIND, settings.file, checkpoint, "")
    config: ChineseLipsConfig = trained.config
    model = trained.network()
    assert isinstance(model, AttentionLipreader)
    return Exportable(
        lambda height_px, width_px: attention_graphs(model, height_px, width_px),
        tokenizer_file(trained.tokenizer),
        {"hidden_dim": config.hidden_dim, "num_lstm_layers": config.num_lstm_layers, "pad_mask": config.pad_mask},
        fps=config.fps,
        steps_per_frame=1,
        size_px=(config.frame_height, config.frame_width),
        alone=lambda: forced_graph(model, config.frame_height, config.frame_width),
        kind="attention",
        max_ids=config.max_text_length,
        grey=True,
    )
