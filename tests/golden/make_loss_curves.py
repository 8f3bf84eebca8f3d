"""Writes loss_curves.json: the losses of the first steps of each lipreader and of both networks of a talking head, on
clips that are made here.

Run it where what is learnt was changed on purpose: `python tests/golden/make_loss_curves.py`.
"""

import itertools
import json
from pathlib import Path

import numpy as np
import torch

from services.base.worker.rank import RankPlace
from services.training.data.talker.person import Person
from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.engine.reading import micro_batch
from services.training.engine.step import Stepper
from services.training.interfaces import Pieces
from services.training.lipreading.alphabet import Alphabet, steps_needed
from services.training.lipreading.ctc import ctc_loss_sum
from services.training.lipreading.networks.tiny import HEIGHT_PX, STEPS_PER_FRAME, WIDTH_PX, TinyLipreader
from services.training.lipreading.pinyin import syllables_in
from services.training.lipreading.preparation.draws import Augmentation, draw_clip
from services.training.lipreading.preparation.pictures import Crop, prepare
from services.training.lipreading.tokenizer import tokenizer_of
from services.training.plan import plan_epoch
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig, with_syllables
from services.training.recipes.chinese_lips_lstm.reader import Reader
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig
from services.training.recipes.lips.kind import LipsReader
from services.training.recipes.talker_syncnet.pieces import talker_syncnet
from services.training.recipes.talker_syncnet.spec import SyncNetConfig
from services.training.recipes.talker_unet.pieces import Judges, talker_unet
from services.training.recipes.talker_unet.spec import UNetConfig

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
    """Loss a character, or a frame, at each step of the recipe of that name, on one thread."""
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


def speaker(num_frames: int) -> Person:
    """Whose mouth is as bright as the sound is loud, in a face of large flecks that drifts."""
    random = np.random.default_rng(_SEED)
    loud_N = random.random(num_frames).astype(np.float32)
    face_HWC = np.kron(random.integers(20, 120, (24, 24, 3), np.uint8), np.ones((7, 7, 1), np.uint8))
    crops_NHWC = np.stack([np.roll(face_HWC, 3 * int(k), axis=1) for k in random.integers(0, 8, num_frames)])
    crops_NHWC[:, 100:140, 60:110] = (60 + 190 * loud_N).astype(np.uint8)[:, None, None, None]
    rows_TX = (loud_N[:, None] * random.standard_normal(512) + random.standard_normal(512)).astype(np.float32)
    marks_N, mouths_N4 = np.ones(num_frames, np.bool_), np.tile(np.array([60, 100, 110, 140]), (num_frames, 1))
    return Person("speaker", "mel", crops_NHWC, rows_TX, marks_N, marks_N, "speaker", mouths_N4)


# All that a curve depends on is said, so that another default leaves it as it is.
_HEAD = {"resolution": "160", "width": 0.125, "warm_up_share": 0.0, "seed": _SEED}


def _syncnet_losses() -> list[float]:
    config = SyncNetConfig(batch_size=16, learning_rate=1e-4, weight_decay=1e-2, flip=0.5, brightness=0.2, **_HEAD)
    return _head_losses(talker_syncnet(config, [speaker(84)], 25.0), 8)


def _unet_losses() -> list[float]:
    config = UNetConfig(batch_size=4, learning_rate=3e-3, flip=0.5, mouth_weight=4.0, **_HEAD)
    return _head_losses(talker_unet(config, [speaker(30)], 25.0, Judges()), 12)


def _head_losses(pieces: Pieces, num_steps: int) -> list[float]:
    """By the plan, the data and the steps of a training, epoch after epoch."""
    device, model = torch.device("cpu"), pieces.model(_SEED)
    ranks = Ranks(RankPlace(0, 1, 0, "", 1, 1), device, 5.0)
    stepper = Stepper(model, pieces.loss, pieces.optimizer(model), Arithmetic("fp32", device), ranks, device, 5.0)
    plan = {"data_digest": pieces.train.digest, "seed": _SEED, "budget_cost": pieces.budget_cost}
    losses: list[float] = []
    for epoch in itertools.count():
        for step in plan_epoch(pieces.train.items, epoch=epoch, micro_batches_per_step=1, **plan):
            if len(losses) == num_steps:
                return losses
            names = (_SEED, len(losses), 0)
            batch = micro_batch(pieces.train, step.micro_batches[0], f"{_SEED}/{epoch}", names)
            losses.append(round(stepper.take([batch]).loss, 6))
    raise AssertionError("unreachable")


_LEARNERS = {"tiny": _tiny_losses, "chinese-lips-conformer": _conformer_losses, "chinese-lips-lstm": _attention_losses,
             "chinese-lips-conformer with pinyin": _pinyin_losses, "talker-syncnet": _syncnet_losses,
             "talker-unet": _unet_losses}  # fmt: skip


if __name__ == "__main__":
    CURVES.write_text(json.dumps({name: losses_of(name) for name in _LEARNERS}, indent=1) + "\n")
