"""A head says a sound: `python -m services.talker.infer --audio-path FILE --name NAME`.

The stages run as a command of their own each time: features of the sound are another service's.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.base.errors import EXIT_BUG, EXIT_OK, EXIT_QUARANTINED, BadConfig, VisemillError, from_kind
from services.base.process import log
from services.base.process.ending import shell_code
from services.base.process.quantities import counted
from services.base.run.progress_lines import Phase, report
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.stage.fields import settings_for
from services.base.store.interface import NotThere
from services.base.store.local.working_folder import working_folder
from services.base.store.open import join_uri, open_store
from services.base.store.roots import absolute
from services.containers.marks.written import Signer
from services.formats.talker.consent import Consent
from services.formats.talker.head import CARD_FILE, HeadCard, card_of
from services.formats.talker.mark import manifest_of
from services.formats.talker.tree import FRAMES_FOLDER, METADATA_FILE, fps_of
from services.talker.bundle_files import consent_of
from services.talker.infer_options import STANDARD_INPUT, InferOptions
from services.talker.live.standard_input import speak_standard_input
from services.talker.marks import new_mark
from services.talker.spec import HeadConfig

RATE_HZ = 16_000
_BEST = "best_model.pt"
_OF_NETWORKS = ("ave", "hubert", "wenet")
_STAGES = "audio,voice,audiofeatures,headfilm"
_CLIP_TIME_S, _CLIP_MEMORY_MIB = 24 * 3600.0, 8192


def infer(options: InferOptions) -> dict[str, Any]:
    """Writes the film, and tells of it. Raises BadConfig NO_PERSON, NO_CHECKPOINT, NO_SOUND, NOT_SAVED, and as the
    stages fail; StartedCommandFailed.
    """
    if options.audio_path != STANDARD_INPUT:
        _check_out(options.out)
    person = person_of(options)
    name = _name_of(person)
    if options.audio_path == STANDARD_INPUT:
        return _infer_live(options, person)
    if not Path(options.audio_path).is_file():
        raise BadConfig("NO_SOUND", f"--audio-path {options.audio_path} is no file here: give one with sound")
    out = Path(options.out or f"{name}_{Path(options.audio_path).stem}.mp4")
    signer = Signer(options.certificate, options.certificate_key) if options.certificate else None
    with bundle_of(options, name) as bundle, tempfile.TemporaryDirectory() as scratch:
        card = card_of((bundle / CARD_FILE).read_bytes())
        consent = consent_of(options.consent, bundle, name)
        config = json.dumps(_settings(options, bundle, card, person, consent))
        argv = [_STAGES, "once", options.audio_path, "--config", config, "--save", scratch]
        argv += ["--clip-time-s", str(_CLIP_TIME_S), "--clip-memory-mib", str(_CLIP_MEMORY_MIB), "--tell-frames"]
        report(Phase(f"painting, with features of {card.asr}"))
        answer = _answer_of(argv, (EXIT_OK, EXIT_QUARANTINED))
        if answer["outcome"] != "ok":
            raise from_kind(answer["outcome"], *(answer[name] for name in ("reason", "message", "detail")))
        film = Path(answer["saved"]["film"])
        if signer is not None:
            report(Phase("signing"))
            signed = Path(scratch) / "signed.mp4"
            # c2pa tells a film by its ending.
            named = film.rename(Path(scratch) / "film.mp4")
            signer.sign(named, signed, manifest_of(new_mark(card, consent.digest), out.name))
            film = signed
        _move(film, out)
    found = {"film": str(out), **answer["film"]["quality"], "wall_s": answer["wall_s"]}
    return {**found, "text": _text(found)}


def _infer_live(options: InferOptions, person: str) -> dict[str, Any]:
    name = _name_of(person)
    out = Path(options.out or f"{name}_live.mp4")
    log.setup()
    with bundle_of(options, name) as bundle:
        consent = consent_of(options.consent, bundle, name)
        given = settings_for(HeadConfig, options) | {"bundle": str(bundle), "person": person}
        given["consent"] = consent.digest
        config: HeadConfig = config_from_mapping(HeadConfig, given)
        features = features_of(options, card_of((bundle / CARD_FILE).read_bytes()))
        found = speak_standard_input(config, features, out)
    text = (
        f"{found['film']}: {found['num_frames']} frames, {found['duration_s']:.2f} s\n"
        f"the first frame came {found['first_frame_s']:.2f} s after the first sound"
    )
    return {**found, "text": text}


class StartedCommandFailed(Exception):
    """What it failed with stands on standard error. exit_code: its own, or as shells have it of one that was killed."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = shell_code(exit_code)


def _answer_of(argv: Sequence[str], good: Sequence[int] = (EXIT_OK,)) -> dict[str, Any]:
    """The JSON that `python -m services argv` prints; its other lines are shown as they come."""
    done = subprocess.run(
        [sys.executable, "-m", "services", *argv],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        # What it warns of is for whoever gave this command.
        env={"VISEMILL_LOG_FORMAT": "text", **os.environ},
    )
    if done.returncode not in good or not done.stdout.strip():
        raise StartedCommandFailed(done.returncode or EXIT_BUG)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def person_of(options: InferOptions) -> str:
    """The person's folder, a path or a URI: --dataset-dir itself where it is one, else NAME below it. Raises BadConfig
    NO_PERSON, and as stores do.
    """
    base = absolute(options.dataset_dir or ".").rstrip("/")
    below = join_uri(base, options.name) if options.name else base
    for folder in (below, base):
        if (folder == below or options.name == _name_of(base)) and _is_person(folder):
            return folder
    raise BadConfig(
        "NO_PERSON",
        f"{below} has no {FRAMES_FOLDER}: make it by `visemill run talker --name "
        f"{options.name or 'NAME'}`, or give --dataset-dir",
    )


def _is_person(folder: str) -> bool:
    try:
        open_store(join_uri(folder, FRAMES_FOLDER), must_exist=True)
    except BadConfig as error:
        if error.reason != "ROOT_MISSING":
            raise
        return False
    return True


def _name_of(person: str) -> str:
    return person.rpartition("/")[2]


@contextlib.contextmanager
def bundle_of(options: InferOptions, name: str) -> Iterator[Path]:
    """A folder with the head's bundle: what is given, or an export of a training's file, gone behind it. Raises
    BadConfig NO_CHECKPOINT, OTHER_ASR, BAD_FLAGS, and what the export fails with.
    """
    place = options.checkpoint or _newest(options.checkpoint_dir, name)
    if "://" not in place:
        given = Path(place)
        if (given / CARD_FILE).is_file():
            follows = card_of((given / CARD_FILE).read_bytes()).asr
            if options.asr not in ("", follows):
                raise BadConfig(
                    "OTHER_ASR", f"{given} follows features of {follows}, not {options.asr}: leave --asr out"
                )
            yield given.absolute()
            return
        if not given.is_file():
            raise BadConfig(
                "NO_CHECKPOINT",
                f"{given} is neither a bundle nor a file of a training: give --checkpoint, or --checkpoint-dir",
            )
    if options.triton and not options.triton_model:
        raise BadConfig(
            "BAD_FLAGS", f"{place} is no bundle, whose name the server would have: give --triton-model NAME"
        )
    with tempfile.TemporaryDirectory() as scratch:
        report(Phase(f"exporting {place}"))
        bundle = Path(scratch) / "bundle"
        asr = ["--asr", options.asr] if options.asr else []
        _answer_of(["talker-unet", "export", "--bundle", str(bundle), "--checkpoint", place, *asr, "--json"])
        yield bundle


def _newest(root: str, name: str) -> str:
    """Of the person's own files by the original's names the last one, else the best of a training, as it always is in
    a bucket. Raises BadConfig NO_CHECKPOINT.
    """
    if "://" in root:
        return join_uri(root, name, _BEST)
    base = Path(root)
    numbered = [path for folder in (base / name, base) for path in folder.glob("*.pth") if path.stem.isdecimal()]
    best = [path for path in (base / name / _BEST, base / _BEST) if path.is_file()]
    if not (best or numbered):
        raise BadConfig(
            "NO_CHECKPOINT",
            f"{base / name} has neither {_BEST} nor weights such as 99.pth: train a head by `visemill train talker "
            f"--name {name}`, or give --checkpoint or --checkpoint-dir",
        )
    return str(best[0] if best else max(numbered, key=lambda path: int(path.stem)))


def _settings(
    options: InferOptions, bundle: Path, card: HeadCard, person: str, consent: Consent
) -> dict[str, dict[str, Any]]:
    try:
        fps = fps_of(json.loads(open_store(person).read(METADATA_FILE)))
    except (NotThere, ValueError, RecursionError):
        fps = fps_of(None)
    head = settings_for(HeadConfig, options) | {"bundle": str(bundle), "person": person}
    head["consent"] = consent.digest
    return {
        "audio": {"sample_rate_hz": RATE_HZ, "channels": 1},
        "voice": {"fps": fps},
        "audiofeatures": {"model": card.asr, **features_of(options, card)},
        "headfilm": head,
    }


def features_of(options: InferOptions, card: HeadCard) -> dict[str, Any]:
    """Settings of the stage audiofeatures, but for its model."""
    given = {"weights": str(Path(options.asr_weights).absolute())} if options.asr_weights else {}
    if options.triton and card.asr in _OF_NETWORKS:
        return {**given, "backend": "triton", "triton": options.triton}
    return {**given, "backend": "onnxruntime"} if options.asr_weights.endswith(".onnx") else given


def _check_out(out: str) -> None:
    """That a film can be written there, before it is painted. Raises BadConfig NOT_SAVED."""
    path = Path(out).absolute()
    if out and path.exists() and not path.is_file():
        raise BadConfig("NOT_SAVED", f"--out {out} is a folder, a pipe or a device: name a file")
    folder = next(one for one in path.parents if one.exists()) if out else path
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadConfig(
            "NOT_SAVED", f"--out {out or folder} cannot be written ({error.strerror}): name another place"
        ) from error


def _move(film: Path, out: Path) -> None:
    """Onto another disk too, all of it or nothing. Raises BadConfig DISK_FULL, NOT_SAVED."""
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(film, beside)
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BadConfig(
                "DISK_FULL",
                f"--out {out} cannot be written: the disk or quota is full; free some, or name another place",
            ) from error
        raise BadConfig("NOT_SAVED", f"--out {out} cannot be written ({error.strerror}): name another place") from error


def _text(found: dict[str, Any]) -> str:
    rate = found["num_frames"] / found["wall_s"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found["time_shares"].items())
    frames = counted(found["num_frames"], "frame")
    lines = [
        f"{found['film']}: {frames}, {found['duration_s']:.2f} s, at {rate:.1f} frames a second",
        f"time: {shares}",
    ]
    if found["silent_movement"] is not None:
        lines.append(
            f"silence of .4 s and more: {found['silent_frames']} frames; the sound moves the "
            f"mouth there {found['silent_movement']:.0%} as much as in speech"
        )
    if not found["marked"]:
        lines.append(f"{found['film']} does not say that it was painted, by VISEMILL_UNMARKED_FILMS: mark it yourself")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Prints what was written, as JSON. Exit codes: 0, or that of what failed."""
    parser = argparse.ArgumentParser(prog="python -m services.talker.infer", description=__doc__)
    add_config_flags(parser, InferOptions)
    flags = parser.parse_args(argv)
    try:
        options: InferOptions = config_from_flags(InferOptions, flags)
        with working_folder("visemill-infer-") as scratch:
            # Of the processes that are started too.
            os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
            told = infer(options)
    except StartedCommandFailed as failed:
        return failed.exit_code
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps(told) + "\n")
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
