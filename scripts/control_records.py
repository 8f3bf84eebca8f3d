"""`python scripts/control_records.py permuted|shuffled RECORDS COPY`: other records made of them, to check lipreaders.

permuted: each training clip gets the transcript of another one, with the times of its words. What learns from these
must not read held-out clips better than one sentence does that is always the same. shuffled: the frames of every clip
in another order. What has learnt the movement of lips must read them much worse. All else is as it was in RECORDS.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from services.formats.example import decode_example, encode_example
from services.formats.tfrecord import read_records, write_record
from services.formats.words import WORDS_FILE, WordRow, encode_words, read_words

Place = tuple[str, int, int]
"""Of a record: split, shard, position."""

_OF_TRAINING = "train-*.tfrecord"
_TRANSCRIPT = ("label", "label_len")


def others(num: int, seed: int) -> list[int]:
    """For each of num records the one whose transcript it gets, never itself: neighbours in a ring drawn at random."""
    ring = np.random.default_rng(seed).permutation(num).tolist()
    found = [0] * num
    for one, other in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        found[one] = other
    return found


def permute(source: Path, target: Path, seed: int) -> int:
    """How many records have another transcript. Raises ValueError for fewer than two."""
    files = sorted(source.glob(_OF_TRAINING))
    places, transcripts = [], []
    for path in files:
        for position, example in enumerate(_examples(path)):
            places.append(("train", int(path.name.split("-")[1]), position))
            transcripts.append({name: example[name] for name in _TRANSCRIPT})
    if len(places) < 2:
        raise ValueError(f"{source} holds {len(places)} training records: two or more can be permuted")
    takes = others(len(places), seed)
    number = 0
    for path in files:
        with (target / path.name).open("wb") as out:
            for example in _examples(path):
                _write(out, {**example, **transcripts[takes[number]]})
                number += 1
    words = source / WORDS_FILE
    if words.is_file():
        moved = _moved(list(read_words(words.read_bytes())), places, takes)
        (target / WORDS_FILE).write_bytes(b"".join(encode_words(moved)))
    return number


def _moved(rows: Sequence[WordRow], places: Sequence[Place], takes: Sequence[int]) -> Iterator[WordRow]:
    """The words of each place are those of the record that its transcript is from."""
    of_place: dict[Place, list[WordRow]] = {}
    for row in rows:
        of_place.setdefault((row.split, row.shard, row.position), []).append(row)
    source_of = {place: places[taken] for place, taken in zip(places, takes, strict=True)}
    for place, own in of_place.items():
        for row in of_place.get(source_of.get(place, place), []):
            yield row._replace(key=own[0].key, split=place[0], shard=place[1], position=place[2])


def shuffle(source: Path, target: Path, seed: int) -> int:
    """How many records have their frames in another order."""
    number = 0
    for path in sorted(source.glob("*.tfrecord")):
        with (target / path.name).open("wb") as out:
            for example in _examples(path):
                shape = [example[axis][0] for axis in "thwc"]
                frames_THWC = np.frombuffer(example["frames"][0], np.uint8).reshape(shape).copy()
                num_frames = example["input_len"][0]
                order = np.random.default_rng([seed, number]).permutation(num_frames)
                frames_THWC[:num_frames] = frames_THWC[order]
                _write(out, {**example, "frames": [frames_THWC.tobytes()]})
                number += 1
    return number


def _examples(path: Path) -> Iterator[dict[str, list[Any]]]:
    with path.open("rb") as file:
        for record in read_records(file):
            yield {**decode_example(record)}


def _write(out: BinaryIO, example: Mapping[str, list[Any]]) -> None:
    features = {name: values[0] if isinstance(values[0], bytes) else values for name, values in example.items()}
    write_record(out, encode_example(features))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("control", choices=("permuted", "shuffled"))
    parser.add_argument("records", type=Path, metavar="RECORDS")
    parser.add_argument("copy", type=Path, metavar="COPY", help="a folder that is not there yet")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    # Not its state: the copy is the output of no run.
    shutil.copytree(args.records, args.copy, ignore=shutil.ignore_patterns(".visemill"))
    make = permute if args.control == "permuted" else shuffle
    sys.stdout.write(f"{make(args.records, args.copy, args.seed)} records are {args.control} in {args.copy}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
