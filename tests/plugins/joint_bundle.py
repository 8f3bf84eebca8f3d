"""A bundle of a small chinese-lips-conformer that has learnt nothing, but is sure of what it says."""

import dataclasses
import hashlib
from pathlib import Path

import torch

from services.geometry.mouth_window import AlignedFace
from services.lips.bundle import BundleCard, card_file
from services.training.lipreading.alphabet import Alphabet, alphabet_file
from services.training.lipreading.networks.conformer_lipreader import ConformerLipreader
from services.training.lipreading.tokenizer import tokenizer_of
from services.training.recipes.chinese_lips_conformer.graphs import joint_graphs
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig

TOKENIZER = tokenizer_of(["我们旨在搭建一个"])


def config_of(side_px: int) -> ConformerConfig:
    return ConformerConfig(size="small", frame_height=side_px, frame_width=side_px, beam_width=6, rescoring=0.4)


def network(side_px: int, seed: int = 1) -> ConformerLipreader:
    """Of scores far apart: texts of near ones would follow from rounding."""
    model = ConformerReader(config_of(side_px), TOKENIZER).network(seed).eval()
    assert model.decoder is not None
    with torch.no_grad():
        model.classes.weight *= 12
        model.decoder.out.weight *= 4
    return model


def write_joint_bundle(folder: Path, side_px: int, seed: int = 1) -> Path:
    """For mouths of that many pixels, of the profile `aligned-face`, at 25 a second."""
    config = config_of(side_px)
    reader = ConformerReader(config, TOKENIZER)
    graphs, _ = joint_graphs(reader, network(side_px, seed), side_px, side_px, batches=((5,),))
    made = {**graphs, "tokenizer": alphabet_file(Alphabet(TOKENIZER.characters))}
    card = BundleCard(
        recipe="chinese-lips-conformer",
        settings={"size": "small"},
        digests={name: hashlib.sha256(data).hexdigest() for name, data in made.items()},
        mouth=dataclasses.asdict(AlignedFace("aligned-face", side_px, side_px)),
        height_px=side_px,
        width_px=side_px,
        fps=25.0,
        steps_per_frame=1,
        normalisation="in the graph",
        kind="joint",
        grey=True,
        usual={"beam_width": config.beam_width, "rescoring": config.rescoring},
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in card.files.items():
        (folder / file).write_bytes(made[name])
    (folder / "card.json").write_bytes(card_file(card))
    return folder
