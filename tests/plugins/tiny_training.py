"""A training of seconds, and ranks that run it: made frames, a small network with BatchNorm, dropout and CTC.

As a program it imports torch once, then reads scenarios, a line of JSON each, and answers with their exit codes.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

# Optimisers do so; here, once for all ranks.
import torch._dynamo
from torch import nn

from services.base.errors import EXIT_BUG, VisemillError
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store
from services.base.worker.rank import Rank, RankPlace
from services.training.checkpoint.writing import CheckpointWriter
from services.training.engine import loop
from services.training.engine.loop import train
from services.training.interfaces import Item, LossSum, Pieces
from services.training.spec import TrainSettings

SIZE_PX, NUM_CLASSES, BUDGET = 8, 6, 30
RUN, PASS = "r", "train"
MAP = MapPass("map", "d" * 64, 1)
SETTINGS = TrainSettings(
    num_epochs=3, accumulation_steps=2, log_every=1, num_workers=1, num_threads=1, average_last_n=2, save_every=1
)


def generator(*names: object) -> torch.Generator:
    digest = hashlib.sha256(repr(names).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class TinyData:
    """Clips of 6 to 13 frames whose text of 1 to 3 labels is drawn in them, and a shift of one pixel at random."""

    def __init__(self, num_clips: int = 26, digest: str = "tiny") -> None:
        self.digest = digest
        self.items = [Item(f"s1/{i}", 6 + i % 8, 1 + i % 3) for i in range(num_clips)]

    def read(self, indices: Sequence[int], seed_name: str) -> dict[str, Any]:
        longest = max(self.items[i].cost for i in indices)
        frames_BTHWC = torch.zeros(len(indices), longest, SIZE_PX, SIZE_PX, 1, dtype=torch.uint8)
        labels = []
        for place, i in enumerate(indices):
            item = self.items[i]
            drawn = generator(item.key)
            label_L = torch.randint(1, NUM_CLASSES, (item.num_labels,), generator=drawn)
            noise_THW = torch.randint(0, 60, (item.cost, SIZE_PX, SIZE_PX), generator=drawn)
            for t in range(item.cost):
                noise_THW[t, int(label_L[t * item.num_labels // item.cost])] += 150
            shift = int(torch.randint(0, 2, (1,), generator=generator(seed_name, item.key)))
            frames_BTHWC[place, : item.cost, ..., 0] = noise_THW.roll(shift, -1).to(torch.uint8)
            labels.append(label_L)
        return {
            "frames_BTHWC": frames_BTHWC,
            "lengths_B": torch.tensor([self.items[i].cost for i in indices]),
            "labels": torch.cat(labels),
            "label_lengths_B": torch.tensor([len(one) for one in labels]),
        }


class TinyNet(nn.Module):
    def __init__(self, *, norm: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, 2, bias=False)
        self.norm = nn.BatchNorm2d(4) if norm else nn.Identity()
        self.dropout = nn.Dropout(0.1 if norm else 0.0)
        self.lstm = nn.LSTM(4 * 9, 12, bidirectional=True, batch_first=True)
        self.out = nn.Linear(24, NUM_CLASSES)

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        frames_BTHWC = batch["frames_BTHWC"].float() / 255
        keep_BT = torch.arange(frames_BTHWC.shape[1]) < batch["lengths_B"][:, None]
        x_N = self.norm(self.conv(frames_BTHWC[keep_BT].permute(0, 3, 1, 2))).relu().flatten(1)
        x_BTD = x_N.new_zeros(*keep_BT.shape, x_N.shape[1])
        x_BTD[keep_BT] = self.dropout(x_N)
        lengths = batch["lengths_B"]
        packed = nn.utils.rnn.pack_padded_sequence(x_BTD, lengths, batch_first=True, enforce_sorted=False)
        y_BTD, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.out(y_BTD).float().log_softmax(-1)


def ctc(model: nn.Module, batch: dict[str, torch.Tensor], random: torch.Generator) -> LossSum:
    del random
    log_BTC = model(batch)
    lengths = batch["lengths_B"], batch["label_lengths_B"]
    total = nn.functional.ctc_loss(log_BTC.transpose(0, 1), batch["labels"], *lengths, reduction="sum")
    return LossSum(total, int(batch["label_lengths_B"].sum()))


def pieces(*, norm: bool = True, digest: str = "tiny") -> Pieces:
    data, val = TinyData(digest=digest), TinyData(5)

    def model(seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return TinyNet(norm=norm)

    def validate(model: nn.Module, part: int, num_parts: int) -> dict[str, float]:
        total, count = 0.0, 0
        for i in range(part, len(val.items), num_parts):
            found = ctc(model, val.read([i], "val"), torch.Generator())
            total, count = total + found.total.item(), count + found.count
        return {"total": total, "count": count}

    return Pieces(
        train=data,
        budget_cost=BUDGET,
        model=model,
        loss=ctc,
        optimizer=lambda model: torch.optim.AdamW(model.parameters(), 3e-3, (0.9, 0.98), 1e-9),
        learning_rate=lambda share, losses: 1.0 - share / 2,
        validate=validate,
        scores=lambda sums: {"loss": sums["total"] / sums["count"]},
        num_val=5,
        vocabulary_size=NUM_CLASSES,
        files={"tokenizer.json": b"{}"},
        facts={"recipe": "tiny"},
    )


class WaitedFor(CheckpointWriter):
    """Which steps have a checkpoint is then no matter of how fast they are written."""

    def begin(self, step: int, fields: Mapping[str, Any], after: Callable[[], None]) -> None:
        super().begin(step, fields, after)
        self.wait()


class FullFor:
    """A store whose disk is full for the writes of checkpoints from the first to the last, counted from 1."""

    def __init__(self, store: Any, first: int, last: int) -> None:
        self._store, self._first, self._last, self._num_writes = store, first, last, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def create(self, name: str, data: bytes) -> bool:
        if "/checkpoints/" in name:
            self._num_writes += 1
            if self._first <= self._num_writes <= self._last:
                raise OSError(errno.ENOSPC, "No space left on device")
        return bool(self._store.create(name, data))


def rank_of(root: str, place: RankPlace, full: Sequence[int] = (0, 0)) -> Rank:
    gang = gang_pass(PASS, "tiny", place.world_size, {}, [MAP])
    spec = RunSpec(RUN, "tiny", MAP.digest, (PinnedStage("decode"),), "/in", "/out", 1, 1, "c", {}, gangs=(gang,))
    return Rank(spec, gang, place, FullFor(open_store(f"{root}/state"), *full), open_store(f"{root}/out"))


def disturbed(pieces: Pieces, place: RankPlace, scenario: dict[str, Any]) -> Pieces:
    """With what the scenario has happen at a call of the loss, counted from 1, on one rank or all (-1)."""
    calls = 0
    loss = pieces.loss

    def call(model: nn.Module, batch: dict[str, torch.Tensor], random: torch.Generator) -> LossSum:
        nonlocal calls
        calls += 1
        what, rank, first, last = scenario.get("happens", ["", -2, 0, 0])
        here = rank in (-1, place.rank) and first <= calls <= last
        if what == "oom" and len(batch["lengths_B"]) >= first:
            raise torch.OutOfMemoryError("made")
        found = loss(model, batch, random)
        if here and what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if here and what == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        if here and what == "hang":
            time.sleep(5.0)
        return LossSum(found.total * float("nan"), found.count) if here and what == "nan" else found

    return dataclasses.replace(pieces, loss=call)


def run_rank(scenario: dict[str, Any], place: RankPlace) -> int:
    try:
        made = pieces(norm=scenario.get("norm", True), digest=scenario.get("digest", "tiny"))
        settings = dataclasses.replace(SETTINGS, **scenario.get("settings", {}))
        rank = rank_of(scenario["root"], place, scenario.get("full", (0, 0)))
        if scenario.get("waits_for_checkpoints"):
            loop.CheckpointWriter = WaitedFor  # in this rank's process alone
        train(disturbed(made, place, scenario), settings, rank)
    except VisemillError as error:
        sys.stderr.write(f"rank {place.rank}: {error}\n")
        return error.exit_code
    except BaseException as error:
        logging.getLogger().error("bug", exc_info=error)
        return EXIT_BUG
    return 0


def run(scenario: dict[str, Any]) -> list[int]:
    """Exit codes of the ranks; negative: the signal that ended one."""
    world_size, generation = scenario["ranks"], scenario.get("generation", 1)
    pids = []
    with socket.create_server(("127.0.0.1", 0), backlog=world_size) as server:
        for rank in range(world_size):
            pid = os.fork()
            if pid == 0:
                port, descriptor = server.getsockname()[1], server.fileno() if rank == 0 else None
                place = RankPlace(rank, world_size, rank, "127.0.0.1", port, generation, descriptor)
                os._exit(run_rank(scenario, place))
            pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
