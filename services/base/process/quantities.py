"""PURE: durations and sizes as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`2d 3h`, `1h 05m`, `4m 03s` or `12 s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    if hours < 1:
        return f"{m}m {s:02d}s"
    days, h = divmod(hours, 24)
    return f"{h}h {m:02d}m" if days < 1 else f"{days}d {h}h"


def num_bytes(count: float) -> str:
    """`1.2 GB`, in powers of 1000."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def counted(number: int, noun: str) -> str:
    """`1 clip`, `2 clips`, `2 processes`; of a noun with a regular plural; of `file of another kind` that of `file`."""
    first, space, rest = noun.partition(" of ")
    ending = "" if number == 1 else "es" if first.endswith("ss") else "s"
    return f"{number} {first}{ending}{space}{rest}"
