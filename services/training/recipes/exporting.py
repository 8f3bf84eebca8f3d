"""The export of a lipreader that was trained, as a bundle that needs no torch."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from services.base.errors import EXIT_OK, BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.geometry.mouth_window import PROFILES, profile_named
from services.lips.bundle import CARD_FILE, MODEL_FILE, BundleCard, Kind, card_file
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint
from services.training.checkpoint.reading import read_checkpoint
from services.training.recipes.bundle_output import check_free, publish, publish_bundle
from services.training.recipes.exported import ExportSettings
from services.training.recipes.traced_graph import TOLERANCE
from services.training.written_settings import CONFIG_FILE

_META_FILE = "meta.json"


class Exportable(NamedTuple):
    """A network as it is exported. graphs: (height, width of the crops in px) -> its files by the names of their
    digests, `model` first, and how much they differ from it at most; raises VisemillError EXPORT_DIFFERS. tokenizer:
    tokenizer.json. settings: of the network, for the card. fps: of the frames that it reads. size_px: (height, width)
    of the pictures that it learnt from; None: as the mouth's profile says. alone: the network as one file of pictures
    of that size, where that is not `model`, and how much it differs. kind, max_ids, usual, grey: as of the card.
    """

    graphs: Callable[[int, int], tuple[Mapping[str, bytes], float]]
    tokenizer: bytes
    settings: Mapping[str, Any]
    fps: float
    steps_per_frame: int
    size_px: tuple[int, int] | None = None
    alone: Callable[[], tuple[bytes, float]] | None = None
    kind: Kind = "ctc"
    max_ids: int = 0
    usual: Mapping[str, float] = {}
    grey: bool = False


def run_export(recipe: str, argv: Sequence[str], make: Callable[[ExportSettings, Checkpoint], Exportable]) -> int:
    """make: raises BadConfig OTHER_RECIPE, CHECKPOINT_DAMAGED, OTHER_NETWORK. Raises VisemillError, whose class is the
    exit code.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services {recipe} export", description=__doc__)
    add_config_flags(parser, ExportSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: ExportSettings = config_from_flags(ExportSettings, flags)
    if not flags.json:
        log.setup()
    targets = [name for name in (settings.bundle, settings.onnx) if name]
    for target in targets:
        check_free(target)
    data = bytes_of(settings.file)
    checkpoint = read_checkpoint(settings.file, data)
    exportable = make(settings, checkpoint)
    files: Mapping[str, bytes] = {}
    worst, size_bytes = 0.0, 0
    if settings.bundle or exportable.alone is None:
        files, worst = _bundle_files(exportable, _mouth(settings), checkpoint, hashlib.sha256(data).hexdigest())
    if settings.bundle:
        publish_bundle(settings.bundle, files)
        size_bytes += sum(map(len, files.values()))
    if settings.onnx:
        alone, differs = exportable.alone() if exportable.alone else (files[MODEL_FILE], worst)
        publish(Path(settings.onnx), lambda file: file.write_bytes(alone))
        worst, size_bytes = max(worst, differs), size_bytes + len(alone)
    text = (
        f"{', '.join(targets)}: {size_bytes / 2**20:.1f} MiB; differs from the checkpoint by {worst:.1g} at "
        f"most (allowed: {TOLERANCE:g}), over batches of 1 to 4 clips of 5 to 500 frames, padded and alone"
    )
    facts = {
        "bundle": settings.bundle,
        "onnx": settings.onnx,
        "card": json.loads(files[CARD_FILE]) if files else None,
        "greatest_difference": worst,
    }
    sys.stdout.write((json.dumps({**facts, "text": text}) if flags.json else text) + "\n")
    return EXIT_OK


def _bundle_files(
    exportable: Exportable, mouth: Mapping[str, Any], checkpoint: Checkpoint, sha256: str
) -> tuple[dict[str, bytes], float]:
    """(name -> bytes of the bundle's files, the card last; how much the graphs differ). sha256: of the checkpoint.

    Raises BadConfig OTHER_SIZE; VisemillError EXPORT_DIFFERS.
    """
    facts, best = checkpoint.facts, checkpoint.progress.best_score
    height_px, width_px = _size_px(mouth)
    if exportable.size_px not in (None, (height_px, width_px)):
        raise BadConfig(
            "OTHER_SIZE",
            f"the network has learnt from pictures of {exportable.size_px} px, height and width, and the profile "
            f"{mouth['name']} makes {(height_px, width_px)}: name the profile by --mouth-profile, or train with "
            "--frame-height and --frame-width of it",
        )
    graphs, worst = exportable.graphs(height_px, width_px)
    made = {**graphs, "tokenizer": exportable.tokenizer}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
    digests |= {"checkpoint": sha256, **({"data": facts["data"]} if "data" in facts else {})}
    card = BundleCard(
        recipe=facts["recipe"],
        settings=exportable.settings,
        digests=digests,
        mouth=mouth,
        height_px=height_px,
        width_px=width_px,
        fps=exportable.fps,
        steps_per_frame=exportable.steps_per_frame,
        normalisation="in the graph",
        scores={"val_cer": best} if math.isfinite(best) else {},
        kind=exportable.kind,
        max_ids=exportable.max_ids,
        usual=exportable.usual,
        grey=exportable.grey,
    )
    files = {file: made[name] for name, file in card.files.items()}
    return {**files, CARD_FILE: card_file(card)}, worst


def _size_px(mouth: Mapping[str, Any]) -> tuple[int, int]:
    """(height, width)."""
    return int(mouth["height_px"]), int(mouth["width_px"])


def _mouth(settings: ExportSettings) -> dict[str, Any]:
    """The profile of the mouths that were learnt from: what a user says, else what their records do. Raises BadConfig
    MISSING_META, BAD_META.
    """
    name = settings.mouth_profile or _profile_of(_data_root(settings))
    try:
        return dataclasses.asdict(profile_named(name))
    except ValueError as error:
        raise BadConfig("BAD_META", f"{error}: say it by --mouth-profile") from error


def _data_root(settings: ExportSettings) -> str:
    """Where the records are, or where config.yaml says that they were; empty where nothing says so."""
    folder = settings.file.rpartition("/")[0] or "."
    written = None if settings.data_root else _read(folder, CONFIG_FILE)
    try:
        fields = yaml.safe_load(written) if written is not None else {}
    except yaml.YAMLError as error:
        raise BadConfig("BAD_META", f"{folder}/{CONFIG_FILE} is no YAML ({error}): say --data-root") from error
    found = fields.get("data_root") if isinstance(fields, dict) else None
    return settings.data_root or (found if isinstance(found, str) else "")


def _profile_of(data_root: str) -> str:
    data = _read(data_root, _META_FILE) if data_root else None
    if data is None:
        raise BadConfig(
            "MISSING_META",
            f"no {_META_FILE} in {data_root or 'a --data-root'} tells how mouths were cropped: give --data-root, or "
            f"--mouth-profile {' or '.join(PROFILES)}",
        )
    try:
        # The original script, which does not name it, has that one alone.
        return str(json.loads(data).get("profile", "liptype2-v1"))
    except (ValueError, AttributeError) as error:
        raise BadConfig("BAD_META", f"{_META_FILE} in {data_root} cannot be read ({error}): restore it") from error


def _read(root: str, name: str) -> bytes | None:
    """None where there is no such file."""
    try:
        return open_store(root, must_exist=True).read(name)
    except NotThere:
        return None
    except BadConfig as error:
        if error.reason != "ROOT_MISSING":
            raise
        return None
