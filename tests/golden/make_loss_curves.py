"""Writes loss_curves.json: the losses of the first steps of each lipreader, on clips that are made here.

Run it where what is learnt was changed on purpose: `python tests/golden/make_loss_curves.py`.
"""

import json
from pathlib import Path

import numpy as np
import torch

from services.training.lipreading.alphabet import Alphabet, steps_needed
from services.training.lipreading.ctc import ctc_loss_sum
from services.training.lipreading.networks.tiny import HEIGHT_PX, STEPS_PER_FRAME, WIDTH_PX, TinyLipreader
from services.training.lipreading.pinyin import syllables_in
from services.training.lipreading.preparation.draws import Augmentation, draw_clip
from services.training.lipreading.preparation.pictures import Crop, prepare
from services.training.lipreading.tokenizer import tokenizer_of
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig, with_syllables
from services.training.recipes.chinese_lips_lstm.reader import Reader
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig
from services.training.recipes.lips.kind import LipsReader

CURVES = Path(__file__).with_name("loss_curves.json")
NUM_STEPS = 30
TEXTS = ("bin", "lay at", "set red", "no")
_SEED = 5
_SAID = ("我们", "他们看书", "喝茶吧", "书")
_TOKENIZER = tokenizer_of(_SAID)


def clip(text: str) -> np.ndarray:
    """uint8 [T, 50, 100, 3]: a bright bar a character, whose place tells which, over noise."""
    noise_THWC = np.random.default_rng(len(text)).integers(0, 60, size=(3 * len(text), 50, 100, 3), dtype=np.uint8)
    for frame, row in enumerate(np.repeat([Alphabet().characters.index(c) for c in text], 3)):
        noise_THWC[frame, 5 + row : 15 + row, 20:80] += 150
    return noise_THWC


def losses_of(name: str) -> list[float]:
    """Loss a character at each step of the lipreader of that name, on one thread."""
    num_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _LEARNERS[name]()
    finally:
        torch.set_num_threads(num_threads)


def _tiny_losses() -> list[float]:
    alphabet, crop = Alphabet(), Crop(48, 96, HEIGHT_PX, WIDTH_PX, (1, 2))
    clips = [torch.from_numpy(clip(text)) for text in TEXTS]
    ids = [torch.tensor(alphabet.encode(text)) for text in TEXTS]
    frames_BTHWC = torch.nn.utils.rnn.pad_sequence(clips, batch_first=True)
    labels_BL = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-1)
    lengths_B, label_lengths_B = torch.tensor([len(c) for c in clips]), torch.tensor([len(i) for i in ids])
    least = [-(-steps_needed(i.tolist()) // STEPS_PER_FRAME) for i in ids]
    torch.manual_seed(_SEED)
    net = TinyLipreader(alphabet.num_classes)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, (0.9, 0.98), 1e-9)
    losses = []
    for step in range(NUM_STEPS):
        draws = [
            draw_clip(Augmentation(), f"{_SEED}/{step}/{i}", int(lengths_B[i]), least[i]) for i in range(len(clips))
        ]
        loss = ctc_loss_sum(
            *net(*prepare(frames_BTHWC, lengths_B, draws, crop)), labels_BL, label_lengths_B, alphabet.blank
        )
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append(round(loss.total.item() / loss.count, 6))
    return losses


def _conformer_losses() -> list[float]:
    config = ConformerConfig(size="small", frame_height=32, frame_width=32)
    return _mandarin_losses(ConformerReader(config, _TOKENIZER), config.augmentation)


def _pinyin_losses() -> list[float]:
    config = with_syllables(
        ConformerConfig(size="small", frame_height=32, frame_width=32, pinyin_weight=0.3, pinyin_block=2),
        syllables_in(_SAID, tones=False).names,
    )
    return _mandarin_losses(ConformerReader(config, _TOKENIZER), config.augmentation)


def _attention_losses() -> list[float]:
    config = ChineseLipsConfig(hidden_dim=32, num_heads=2, frame_height=32, frame_width=32)
    return _mandarin_losses(Reader(config, _TOKENIZER), None)


def _mandarin_losses(reader: LipsReader, augmentation: Augmentation | None) -> list[float]:
    clips = [_mouth(text) for text in _SAID]
    lengths = [len(one) for one in clips]
    batch = {
        "frames_BTHWC": torch.nn.utils.rnn.pad_sequence(clips, batch_first=True),
        "lengths_B": torch.tensor(lengths),
        "texts": list(_SAID),
    }
    net = reader.network(_SEED)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3, (0.9, 0.98), 1e-9)
    torch.manual_seed(_SEED)
    losses = []
    for step in range(NUM_STEPS):
        if augmentation is not None:
            batch["draws"] = [
                draw_clip(augmentation, f"{_SEED}/{step}/{i}", length, steps_needed(text))
                for i, (length, text) in enumerate(zip(lengths, _SAID, strict=True))
            ]
        loss = reader.loss(net, batch, torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append(round(loss.total.item() / loss.count, 6))
    return losses


def _mouth(text: str) -> torch.Tensor:
    """uint8 [T, 32, 32, 1]: for each character five frames with a pattern of its own."""
    frames = []
    for character in text:
        pattern = np.random.default_rng(ord(character)).integers(40, 216, (4, 4), np.uint8)
        frames += [np.kron(pattern, np.ones((8, 8), np.uint8))] * 5
    return torch.from_numpy(np.stack(frames)[..., None])


_LEARNERS = {"tiny": _tiny_losses, "chinese-lips-conformer": _conformer_losses, "chinese-lips-lstm": _attention_losses,
             "chinese-lips-conformer with pinyin": _pinyin_losses}  # fmt: skip


if __name__ == "__main__":
    CURVES.write_text(json.dumps({name: losses_of(name) for name in _LEARNERS}, indent=1) + "\n")
