"""I/O: the ranks of a generation, joined: sums over all. A lost rank ends the others with Transient RANK_LOST."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import torch
import torch.distributed as dist

from services.base.errors import Transient
from services.base.run.passes import RANK_LOST
from services.base.worker.rank import RankPlace


class Ranks:
    """rank: 0 to world_size - 1. Use from one thread; every rank makes the same calls in the same order."""

    def __init__(self, place: RankPlace, device: torch.device, timeout_s: float) -> None:
        """Joins the others, by gloo or, on GPUs, by NCCL. Raises Transient RANK_LOST."""
        self.rank, self.world_size = place.rank, place.world_size
        self._device = device
        if place.world_size > 1:
            self._or_lost(lambda: _join(place, device, timedelta(seconds=timeout_s)))

    def sum(self, tensor: torch.Tensor) -> None:
        """In place, over all ranks. Raises Transient RANK_LOST."""
        if self.world_size > 1:
            self._or_lost(lambda: dist.all_reduce(tensor))

    def sums(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """By name, in float64; every rank gives the same names. Raises Transient RANK_LOST."""
        names = sorted(numbers)
        tensor = torch.tensor([numbers[name] for name in names], dtype=torch.float64, device=self._device)
        self.sum(tensor)
        return dict(zip(names, tensor.tolist(), strict=True))

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Those of all ranks, in their order. Raises Transient RANK_LOST."""
        data = json.dumps(list(texts)).encode()
        sizes = self.sums({f"{rank:09d}": len(data) if rank == self.rank else 0 for rank in range(self.world_size)})
        size_of = [int(sizes[name]) for name in sorted(sizes)]
        rows_RN = torch.zeros(self.world_size, max(size_of), dtype=torch.uint8)
        rows_RN[self.rank, : len(data)] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        # Each row is one rank's: all others have 0 there.
        rows_RN = rows_RN.to(self._device)
        self.sum(rows_RN)
        rows = rows_RN.cpu().numpy()
        return [text for row, size in zip(rows, size_of, strict=True) for text in json.loads(row[:size].tobytes())]

    def close(self) -> None:
        """Leaves the others; harmless when it is called again."""
        if self.world_size > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def _or_lost(self, call: Callable[[], object]) -> None:
        try:
            call()
        except RuntimeError as error:
            raise Transient(RANK_LOST, f"rank {self.rank} of {self.world_size} has lost the others: {error}") from error


def _join(place: RankPlace, device: torch.device, timeout: timedelta) -> None:
    inherited = {} if place.master_fd is None else {"master_listen_fd": place.master_fd}
    is_master = place.rank == 0 and not place.has_store
    store: dist.Store = dist.TCPStore(
        *(place.master_address, place.master_port, place.world_size, is_master, timeout),
        wait_for_workers=False,
        **inherited,
    )
    if place.has_store:
        # It outlives a generation, whose keys are its own.
        store = dist.PrefixStore(f"visemill/{place.generation}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(
        backend,
        store=store,
        rank=place.rank,
        world_size=place.world_size,
        timeout=timeout,
        device_id=device if device.type == "cuda" else None,
    )
