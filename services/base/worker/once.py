"""The `once` entry point: clips through a pass in an isolated child, without a run. As safe as `work`, and it says
what came out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_BUG, EXIT_OK, EXIT_QUARANTINED, BadConfig, BadInput, VisemillError
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.pictures import is_picture_folder
from services.base.process import log
from services.base.run.paths import short_name
from services.base.run.progress_lines import FrameProgress
from services.base.sandbox.supervisor import ArtifactPart, DonePart, FactsPart, InfoPart, PassChild, clip_limits
from services.base.stage.artifacts import Summarized, encode_artifact
from services.base.stage.clip_pass import Part
from services.base.stage.config import config_from_mapping, json_object, stage_configs
from services.base.stage.product import Product, ProductFile
from services.base.stage.product_stream import ProductRestarted, ProductStream
from services.base.stage.spec import ClipJob, StageSpec
from services.base.stage.stream import STREAMS, kind_of_stream
from services.base.store.interface import check_name
from services.base.store.open import open_store
from services.base.store.picture_folders import media_of


def once_main(specs: Mapping[str, StageSpec], argv: Sequence[str]) -> int:
    """Exits 0 when every clip went through, 3 when one did not, 78 for a config that cannot work."""
    parser = argparse.ArgumentParser(prog="python -m services STAGES once", description=__doc__)
    parser.add_argument("media", nargs="+", type=Path, help="clips: files, or folders of numbered pictures")
    parser.add_argument(
        "--extra",
        action="append",
        default=[],
        metavar="ROLE=FILE",
        help="other inputs, such as align=x.align; as many a role as clips",
    )
    parser.add_argument(
        "--clip",
        action="append",
        default=[],
        metavar="JSON",
        help="key, utterance_id, speaker_id, split, attributes of each clip; default: its file name",
    )
    parser.add_argument("--config", default="{}", help="JSON object: stage name -> settings")
    parser.add_argument(
        "--max-frames", type=int, metavar="N", help="process the first N frames of each clip alone (default: all)"
    )
    parser.add_argument("--save", type=Path, help="folder for what the stages made")
    parser.add_argument("--clip-time-s", type=float, default=120.0, help="limit a clip (default: %(default)s)")
    parser.add_argument("--clip-memory-mib", type=int, default=2048, help="limit a clip (default: %(default)s)")
    parser.add_argument(
        "--num-threads", type=int, default=1, help="threads of the media libraries (default: %(default)s)"
    )
    parser.add_argument(
        "--tell-frames", action="store_true", help="say on standard error how many frames of a clip are done, as JSON"
    )
    parser.add_argument(
        "-o", "--output", choices=("json", "text"), default="json", help="how to answer (default: %(default)s)"
    )
    flags = parser.parse_args(argv)
    log.setup()
    stages = list(stage_configs(flags.config, specs).items())
    extras = _extras(flags.extra, len(flags.media))
    clips = _clips(flags.clip, flags.media)
    limits = clip_limits(flags.clip_time_s, flags.clip_memory_mib)
    child = PassChild(stages, limits, flags.num_threads, specs=specs.values())
    if flags.tell_frames:
        child.on_frames = FrameProgress()
    child.start()
    worst = EXIT_OK
    try:
        for i, (path, clip, of_clip) in enumerate(zip(flags.media, clips, extras, strict=True)):
            save = None if flags.save is None else flags.save / f"{i}-{path.stem}"
            answer = _one(child, path, clip, of_clip, save, flags.max_frames)
            worst = max(worst, {"ok": EXIT_OK, "BUG": EXIT_BUG}.get(answer["outcome"], EXIT_QUARANTINED))
            sys.stdout.write((json.dumps(answer) if flags.output == "json" else _text(answer)) + "\n")
            sys.stdout.flush()
    finally:
        child.close()
    return worst


def _extras(pairs: Sequence[str], num_clips: int) -> list[dict[str, Path]]:
    by_role: dict[str, list[Path]] = {}
    for pair in pairs:
        role, equals, path = pair.partition("=")
        if not (role and equals and path):
            raise BadConfig("BAD_FLAGS", f"--extra {pair!r} must be ROLE=FILE, such as align=x.align")
        by_role.setdefault(role, []).append(Path(path))
    for role, paths in by_role.items():
        if len(paths) != num_clips:
            raise BadConfig(
                "EXTRAS_MISSING", f"{len(paths)} files of role {role!r} for {num_clips} clips: give one for each"
            )
    return [{role: paths[i] for role, paths in by_role.items()} for i in range(num_clips)]


def _clips(texts: Sequence[str], paths: Sequence[Path]) -> list[Clip]:
    if texts and len(texts) != len(paths):
        raise BadConfig("CLIPS_MISSING", f"{len(texts)} --clip for {len(paths)} files: give one for each, or none")
    named = [json_object(text, "--clip") for text in texts] or [{} for _ in paths]
    return [_clip(path, fields) for path, fields in zip(paths, named, strict=True)]


def _clip(path: Path, fields: Mapping[str, Any]) -> Clip:
    plain = {"key": path.stem, "utterance_id": path.stem, "speaker_id": "", "media": _media_name(path)}
    said = config_from_mapping(ClipAttributes, fields.get("attributes", {}))
    clip: Clip = config_from_mapping(Clip, {**plain, **fields, "attributes": said})
    return clip


def _media_name(path: Path) -> str:
    return f"{path.name}/" if path.is_dir() else path.name


def _media(path: Path) -> Media:
    """A file, or a folder of pictures. Raises OSError, BadInput."""
    name = _media_name(path)
    if not is_picture_folder(name):
        return Media.of_bytes(name, path.read_bytes())
    return media_of(open_store(path.parent, follow_links=True), name)


def _one(
    child: PassChild,
    path: Path,
    clip: Clip,
    extras: Mapping[str, Path],
    save: Path | None,
    max_frames: int | None,
) -> dict[str, Any]:
    answer: dict[str, Any] = {"media": str(path), "outcome": "ok"}
    began_s = time.monotonic()
    try:
        try:
            media = _media(path)
            job = ClipJob(clip, media, {r: p.read_bytes() for r, p in extras.items()}, max_frames)
        except OSError as error:
            raise BadInput(
                "NOT_READABLE", f"{path} cannot be read ({error}): check the path and its permissions"
            ) from error
        product = SavedProduct(save)
        with contextlib.closing(child.run(job)) as parts:
            stream = ProductStream(parts, lambda part: _note(part, answer, save))
            while stream.begins():
                with contextlib.suppress(ProductRestarted):
                    product.take(stream.name, stream.files())
        if stream.name:
            answer[stream.name] = {**product.facts(), **answer[stream.name]}
            if product.path is not None:
                answer.setdefault("saved", {})[stream.name] = str(product.path)
    except BadConfig:
        raise
    except VisemillError as error:
        answer |= {"outcome": error.kind, "reason": error.reason, "message": error.message, "detail": error.detail}
    answer["wall_s"] = round(time.monotonic() - began_s, 4)
    return answer


def _note(part: Part, answer: dict[str, Any], save: Path | None) -> None:
    """What the pass tells beside the files of a product."""
    match part:
        case InfoPart(info):
            answer[STREAMS[kind_of_stream(info)].info_name] = asdict(info)
        case FactsPart(facts):
            answer[STREAMS[kind_of_stream(facts)].facts_name] = asdict(facts)
        case DonePart(seconds):
            answer["cpu_s"] = {name: round(s, 4) for name, s in seconds.items()}
        case ArtifactPart(name, Product() as product):
            answer[name] = {"quality": dict(product.quality), "flags": list(product.flags)}
        case ArtifactPart(name, value):
            answer[name] = _summary(value)
            if save is not None:
                answer.setdefault("saved", {})[name] = str(_save(save, name, encode_artifact(name, value)))


def _summary(value: Any) -> dict[str, Any]:
    if isinstance(value, Summarized):
        return value.summary()
    return {field.name: _of_field(getattr(value, field.name)) for field in fields(value)}


def _of_field(value: Any) -> Any:
    """The shape of an array; any other value as it is."""
    return list(value.shape) if hasattr(value, "shape") else value


def _save(stem: Path, name: str, data: bytes) -> Path:
    """Writes the artifact beside the others of its clip and tells where. Raises BadConfig NOT_SAVED."""
    path = saved_path(stem, f"{name}.npz")
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise not_saved(stem, error) from error
    return path


def _text(answer: Mapping[str, Any]) -> str:
    if answer["outcome"] != "ok":
        detail = f"\n  {answer['detail']}" if answer["detail"] else ""
        return f"{answer['media']}: {answer['outcome']} {answer['reason']}: {answer['message']}{detail}"
    parts = [f"{name} {value}" for name, value in answer.items() if name not in ("media", "outcome")]
    return f"{answer['media']}: ok\n  " + "\n  ".join(parts)


def saved_path(stem: Path, name: str) -> Path:
    """Where an artifact of a clip lies, beside the others of the clip. name: its own, with an ending."""
    return stem.with_name(short_name(stem.name, f".{name}"))


def not_saved(stem: Path, error: OSError) -> BadConfig:
    return BadConfig(
        "NOT_SAVED",
        f"--save {stem.parent} takes no file ({error.strerror}): give a folder that may be written and has room",
        str(error),
    )


class SavedProduct:
    """A product of one file is kept as that file, any other as a folder.

    path: where, if it is kept and has begun. num_bytes, num_files: of the product as it was taken last.
    """

    def __init__(self, stem: Path | None) -> None:
        """stem: what the names of all artifacts of the clip begin with; None: nothing is kept."""
        self._stem = stem
        self.path: Path | None = None
        self.num_bytes = 0
        self.media_types: Counter[str] = Counter()

    @property
    def num_files(self) -> int:
        return self.media_types.total()

    def facts(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "num_bytes": self.num_bytes,
            "num_files": self.num_files,
            "media_types": dict(sorted(self.media_types.items())),
        }

    def take(self, name: str, files: Iterable[ProductFile]) -> None:
        """Goes through the files of the product of that name. What they raise is raised on, and none is kept then.

        Raises BadConfig NOT_SAVED, BadInput BAD_NAME.
        """
        self.num_bytes, self.media_types = 0, Counter()
        if self._stem is None:
            for file in files:
                self.media_types[file.media_type] += 1
                self.num_bytes += sum(map(len, file.pieces))
            return
        self.path = saved_path(self._stem, name)
        try:
            self._keep(self.path, files)
        except OSError as error:
            _remove(self.path)
            raise not_saved(self._stem, error) from error
        except BaseException:
            _remove(self.path)
            raise

    def _keep(self, folder: Path, files: Iterable[ProductFile]) -> None:
        _remove(folder)
        folder.mkdir(parents=True)
        kept = folder
        for file in files:
            kept = folder / check_name(file.name)
            kept.parent.mkdir(parents=True, exist_ok=True)
            self.media_types[file.media_type] += 1
            with kept.open("xb") as out:
                for piece in file.pieces:
                    out.write(piece)
                    self.num_bytes += len(piece)
        if self.num_files == 1:
            alone = folder.with_name(short_name(folder.name, ".alone"))
            kept.rename(alone)
            _remove(folder)
            alone.rename(folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
