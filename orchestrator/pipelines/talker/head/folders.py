"""I/O: where a talking head's data lie, what sound they have, and where its trainings and their files are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator.pipelines.talker.state_files import trained_bytes
from orchestrator.pipelines.talker.state_update import change_state
from services.base.errors import BadConfig, BadInput
from services.base.run.paths import STATE_DIR
from services.base.run.spec import run_spec_from_json
from services.base.store.interface import NotThere, Store
from services.base.store.open import join_uri, open_store
from services.base.store.roots import absolute
from services.formats.talker.tree import FRAMES_FOLDER, tree_of
from services.training.data.talker.names import names_of

BEST = "best_model.pt"
LATEST = "checkpoint_latest.pt"
_RUN_FILE = "/run.json"
_TRAINING, _SYNCNET_LOG = "training-", "syncnet_training_log.json"
# Of ours, which lie in the training's own folder.
_NOT_SHOWN = ("checkpoint_epoch_", "logs/", "metrics.jsonl", "model.safetensors", "averaged.safetensors")


@dataclass(frozen=True)
class HeadData:
    """root: that holds the persons' folders. names: of these. title: what the head's own folder is called."""

    root: str
    names: tuple[str, ...]
    title: str


def data_of(dataset_dir: str, lines: str) -> HeadData:
    """dataset_dir: one person's folder, or the folder above. lines: a name each; none: the folder's own.

    Raises BadConfig BAD_FLAGS; ValueError for names that are no folders.
    """
    given = names_of(lines)
    path = absolute(dataset_dir).rstrip("/")
    above, _, last = path.rpartition("/")
    is_whole = ("://" not in path and (Path(path) / FRAMES_FOLDER).is_dir()) or ("://" in path and given == (last,))
    if is_whole:
        if len(given) > 1:
            raise BadConfig(
                "BAD_FLAGS",
                f"--dataset-dir {dataset_dir} is the folder of one person, and --name is given {len(given)} times: "
                "give the folder above it",
            )
        return HeadData(above, (last,), given[0] if given else last)
    if not given:
        raise BadConfig("BAD_FLAGS", f"say whose head: --name NAME, a folder below {dataset_dir}")
    return HeadData(path, given, "_".join(given))


def syncnet_folder(data: HeadData) -> str:
    """Below the folder of all checkpoints."""
    return f"syncnet_{data.title}"


def asr_models(data: HeadData) -> dict[str, frozenset[str]]:
    """Models whose features each person has. Raises BadConfig NO_PERSONS; BadInput of a folder."""
    found = {}
    for name in data.names:
        try:
            store = open_store(join_uri(data.root, name), must_exist=True)
            entries = {entry.name: entry for entry in store.list() if not entry.name.startswith(".")}
        except BadConfig as error:
            raise BadConfig(
                "NO_PERSONS",
                f"{data.root} has no folder {name}: make it by `visemill run talker --name {name}`, or give "
                "--dataset-dir",
            ) from error
        try:
            found[name] = frozenset(tree_of(entries).features)
        except BadInput as error:
            raise BadInput(error.reason, f"{name}: {error.message}", error.detail) from error
    return found


class Trainings:
    """Those of one network of a head: a folder each, by how many epochs it has in all."""

    def __init__(self, root: str) -> None:
        self.root = absolute(root)

    def folder(self, num_epochs: int) -> str:
        return join_uri(self.root, f"{_TRAINING}{num_epochs}")

    def state(self, num_epochs: int) -> Store:
        """Where a training keeps what it is told once."""
        return open_store(join_uri(self.folder(num_epochs), STATE_DIR))

    def settings(self, num_epochs: int) -> Mapping[str, Any]:
        """What a training was begun with, by the names of its recipe; empty where that is not told."""
        state = self.state(num_epochs)
        for entry in state.list("runs/"):
            if entry.name.endswith(_RUN_FILE):
                gangs = run_spec_from_json(state.read(entry.name)).gangs
                return gangs[0].config if gangs else {}
        return {}

    def check_writable(self) -> None:
        """Raises as a store does that nothing can be written to."""
        store, name = open_store(self.root), f".try-{os.getpid()}"
        store.put(name, b"")
        store.delete(name)

    def begun(self) -> list[int]:
        """Epochs of those that have begun, in order."""
        names = {entry.name.partition("/")[0] for entry in open_store(self.root).list()}
        numbers = [name.removeprefix(_TRAINING) for name in names if name.startswith(_TRAINING)]
        return sorted(int(number) for number in numbers if number.isdecimal())

    def finished(self) -> list[int]:
        """Likewise, of those whose result is there: the core writes it last, and at once."""
        return [number for number in self.begun() if is_there(join_uri(self.folder(number), BEST))]

    def show(self, num_epochs: int) -> list[str]:
        """Puts the files that scripts look for beside the training's folder; their names."""
        source = open_store(self.folder(num_epochs))
        shown = []
        for entry in source.list():
            if entry.name != LATEST and not entry.name.startswith((".", *_NOT_SHOWN)):
                _copy(self.folder(num_epochs), self.root, entry.name)
                shown.append(entry.name)
        return shown

    def best_loss(self, num_epochs: int) -> float | None:
        """The least on held-out frames of a SyncNet; None where its log does not say."""
        try:
            rows = json.loads(open_store(self.folder(num_epochs)).read(_SYNCNET_LOG))
            return min((row["val_loss"] for row in rows if row.get("val_loss") is not None), default=None)
        except (NotThere, ValueError, KeyError, TypeError, AttributeError):
            return None

    def weights(self) -> list[str]:
        """`{epoch}.pth` that are there, by their number."""
        names = [entry.name for entry in open_store(self.root).list() if "/" not in entry.name]
        numbers = sorted(int(n.removesuffix(".pth")) for n in names if n.endswith(".pth") and n[:-4].isdecimal())
        return [join_uri(self.root, f"{number}.pth") for number in numbers]


def note_state(data: HeadData, part: str, values: dict[str, object]) -> None:
    """Into each person's state file, which is written for others and never believed."""
    for name in data.names:
        change_state(open_store(join_uri(data.root, name)), partial(trained_bytes, part, values))


def is_there(file: str) -> bool:
    """Whether a root has this file."""
    folder, _, name = file.rpartition("/")
    return any(entry.name == name for entry in open_store(folder).list())


def _copy(source: str, target: str, name: str) -> None:
    """Of a folder of this machine a link, which takes no space; never half a file."""
    if "://" in source:
        open_store(target).put(name, open_store(source).read(name))
        return
    path = Path(target) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    partly = path.with_name(f".{path.name}.{os.getpid()}")
    partly.unlink(missing_ok=True)
    try:
        os.link(Path(source) / name, partly)
    except OSError:
        partly.write_bytes((Path(source) / name).read_bytes())
    partly.replace(path)
    # Of two links to one file the replacing leaves both.
    partly.unlink(missing_ok=True)


def last_of(numbers: Sequence[int]) -> int:
    """The greatest; 0 of none."""
    return max(numbers, default=0)
