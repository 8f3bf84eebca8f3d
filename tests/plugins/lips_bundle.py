"""A bundle of a small lipreader of grid-ctc that has learnt nothing: its network is a real one, and reads nonsense."""

import dataclasses
import hashlib
from pathlib import Path

from services.geometry.mouth_window import profile_named
from services.lips.bundle import BundleCard, card_file
from services.training.lipreading.alphabet import Alphabet, alphabet_file
from services.training.recipes.ctc_graph import graph_bytes
from services.training.recipes.grid_ctc.pieces import Lipreader
from services.training.recipes.grid_ctc.spec import STEPS_PER_FRAME, GridCtcConfig

ALPHABET = Alphabet("abcdefghijklmnopqrstuvwxyz ")


def write_random_bundle(folder: Path, seed: int) -> Path:
    """Of size tiny, for mouths of 100x50 px at 25 a second."""
    reader = Lipreader(GridCtcConfig(size="tiny"), ALPHABET)
    network = graph_bytes(reader, reader.network(seed).eval(), 50, 100)
    files = {"model.onnx": network, "tokenizer.json": alphabet_file(ALPHABET)}
    digests = {name.partition(".")[0]: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    mouth = dataclasses.asdict(profile_named("fixed-scale"))
    card = BundleCard("grid-ctc", {}, digests, mouth, 50, 100, 25.0, STEPS_PER_FRAME, "in the graph")
    folder.mkdir()
    for name, data in {**files, "card.json": card_file(card)}.items():
        (folder / name).write_bytes(data)
    return folder
