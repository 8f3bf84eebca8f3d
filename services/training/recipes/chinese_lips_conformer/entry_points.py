"""The entry points of the recipe chinese-lips-conformer: those that any on Chinese-LiPS has, with its network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from services.base.worker.rank import Rank
from services.training.checkpoint.file import Checkpoint
from services.training.lipreading.alphabet import Alphabet, alphabet_file
from services.training.lipreading.networks.conformer_lipreader import ConformerLipreader
from services.training.lipreading.tokenizer import Tokenizer
from services.training.recipes.chinese_lips_conformer.command_settings import ConformerTestSettings
from services.training.recipes.chinese_lips_conformer.graphs import joint_graphs
from services.training.recipes.chinese_lips_conformer.pieces import chinese_lips_conformer
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader, config_of_facts
from services.training.recipes.chinese_lips_conformer.spec import RECIPE, ConformerConfig
from services.training.recipes.ctc_graph import ctc_graphs
from services.training.recipes.exported import ExportSettings
from services.training.recipes.exporting import Exportable, run_export
from services.training.recipes.language_model import used_model
from services.training.recipes.lips.kind import LipsKind, TestReader
from services.training.recipes.lips.opening import train_lips
from services.training.recipes.lips.scoring import run_test
from services.training.recipes.lips.trained import trained_of
from services.training.torchrun import torchrun_main


def _test_reader(settings: ConformerTestSettings, config: ConformerConfig, tokenizer: Tokenizer) -> TestReader:
    """Raises BadConfig NOT_READABLE, BAD_LANGUAGE_MODEL."""
    config = dataclasses.replace(config, beam_width=settings.beam_width, rescoring=settings.rescoring)
    used = used_model(settings, tokenizer.characters)
    search = f"beam of {config.beam_width}, {used.fusion.told if used.fusion else 'no language model'}"
    if config.beam_width == 1:
        search = "likeliest class at each step"
    elif config.ctc_weight < 1 and config.rescoring:
        search += f", {config.rescoring:g} of the score by the decoder"
    reader = ConformerReader(config, tokenizer, used.fusion)
    if reader.syllables is None:
        return TestReader(reader, used.digests, search)
    digests = {**used.digests, "pinyin": reader.syllables.digest}
    return TestReader(reader, digests, search, reader.syllable_counts)


KIND = LipsKind(RECIPE, ConformerReader, chinese_lips_conformer, config_of_facts, ConformerTestSettings, _test_reader)


def train_rank(config: ConformerConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `train_lips`."""
    train_lips(KIND, config, rank)


def train_main(argv: Sequence[str]) -> int:
    """The `train` entry point. Raises as `torchrun_main`."""
    return torchrun_main(RECIPE, argv)


def test_main(argv: Sequence[str]) -> int:
    """The `test` entry point. Raises as `run_test`."""
    return run_test(KIND, argv)


def export_main(argv: Sequence[str]) -> int:
    """The `export` entry point: CTC, and the decoder where there is one. Raises as `run_export`."""
    return run_export(RECIPE.name, argv, _exportable)


def _exportable(settings: ExportSettings, checkpoint: Checkpoint) -> Exportable:
    trained = trained_of(KIND, settings.file, checkpoint, "")
    config: ConformerConfig = trained.config
    reader, model = ConformerReader(config, trained.tokenizer), trained.network()
    assert isinstance(model, ConformerLipreader)
    has_decoder = model.decoder is not None

    def graphs(height_px: int, width_px: int) -> tuple[Mapping[str, bytes], float]:
        made = joint_graphs if has_decoder else ctc_graphs
        return made(reader, model, height_px, width_px)

    return Exportable(
        graphs,
        alphabet_file(Alphabet(trained.tokenizer.characters)),
        {"size": config.size, "ctc_weight": config.ctc_weight},
        fps=config.fps,
        steps_per_frame=1,
        size_px=(config.frame_height, config.frame_width),
        kind="joint" if has_decoder else "ctc",
        usual={"beam_width": config.beam_width, "rescoring": config.rescoring} if has_decoder else {},
        grey=True,
    )
