"""What is drawn at random is drawn from names, so that it is the same on any rank, and after a restart."""

from __future__ import annotations

import hashlib

import torch


def seed_of(*names: int | str) -> int:
    """63 bits, of these names alone."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, names)).encode()).digest()[:8], "big") >> 1


def seeded(device: torch.device, *names: int | str) -> torch.Generator:
    """A generator on the device; torch's default ones, which dropout draws from, are seeded alike."""
    seed = seed_of(*names)
    torch.manual_seed(seed)
    return torch.Generator(device).manual_seed(seed)
