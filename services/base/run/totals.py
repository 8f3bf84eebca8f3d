"""What the commits of a run come to together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base.run.spec import COUNTS, ShardCommit


@dataclass(frozen=True)
class Totals:
    """Sums over shards. records: by split. counts: by the names of COUNTS. reused: artifacts by stage. seconds: of CPU
    by stage, and "wall".
    """

    records: Mapping[str, int]
    counts: Mapping[str, float]
    reused: Mapping[str, int]
    seconds: Mapping[str, float]
    num_quarantined: int
    output_bytes: int

    @classmethod
    def of(cls, commits: Iterable[ShardCommit]) -> Totals:
        """One commit is held at a time."""
        records: dict[str, int] = {}
        counts: dict[str, float] = {}
        reused: dict[str, int] = {}
        seconds: dict[str, float] = {}
        num_quarantined = output_bytes = 0
        for commit in commits:
            add_to(records, commit.records)
            add_to(counts, commit.counts)
            add_to(reused, commit.reused)
            add_to(seconds, commit.seconds)
            num_quarantined += commit.num_quarantined
            output_bytes += commit.output_bytes
        return cls(records, counts, reused, seconds, num_quarantined, output_bytes)

    @property
    def num_records(self) -> int:
        return sum(self.records.values())

    @property
    def num_clips(self) -> int:
        """Clips that were dealt with, those set aside among them."""
        return self.num_records + self.num_quarantined

    def to_answer(self, splits: Sequence[str]) -> dict[str, Any]:
        """As `answer_counts` gives it."""
        return answer_counts(splits, self.records, self.counts, self.reused)


def records_by_split(splits: Sequence[str], records: Mapping[str, int]) -> dict[str, int]:
    """Records of each of these splits, in their order; then those of any other."""
    return {**dict.fromkeys(splits, 0), **dict(sorted(records.items()))}


def answer_counts(
    splits: Sequence[str], records: Mapping[str, int], counts: Mapping[str, float], reused: Mapping[str, int]
) -> dict[str, Any]:
    """What answers of commands say was made. splits: those that the pipeline has."""
    return {
        "records": records_by_split(splits, records),
        "counts": rounded({name: counts[name] for name in COUNTS if name in counts}),
        "reused": dict(sorted(reused.items())),
    }


def add_to(sums: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds numbers by name."""
    for name, value in more.items():
        sums[name] = sums.get(name, 0) + value


def rounded(counts: Mapping[str, float]) -> dict[str, float]:
    """Whole numbers as integers, others to three places."""
    return {name: int(value) if value == int(value) else round(value, 3) for name, value in counts.items()}
