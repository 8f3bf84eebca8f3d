"""`python -m services.features.tts.precision --config JSON --media FILE...`: the share of codes that a number format
changes, as JSON; 78 where it is too large.

An even sample of the clips is decoded, in a child process; one that cannot be decoded, or has no features, is left out.
With `--media -`, names are lines of standard input: paths, or s3://bucket/name; with `--media-root`, as a run's list of
clips has them. Lines `N of M …` on standard error say how far it is.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from services.base.errors import EXIT_INTERRUPTED, EXIT_OK, BadConfig, VisemillError
from services.base.media.arrays import Float32Array
from services.base.media.clip import Clip, Media
from services.base.process import log
from services.base.sandbox.supervisor import ArtifactPart, PassChild, clip_limits
from services.base.stage.config import config_from_mapping, json_object
from services.base.stage.spec import ClipJob
from services.base.store.input_roots import open_inputs
from services.base.store.open import open_store
from services.base.store.picture_folders import media_of
from services.features.fbank.spec import SPEC as FBANK
from services.features.speech.filterbank import check_length
from services.features.tts.precision.measure import MOST_CHANGED, NUM_CLIPS, changed_codes
from services.features.tts.spec import SPEC, SpeechConfig

_SAY_EVERY_S = 1.0


def main(argv: Sequence[str] | None = None) -> int:
    """Prints one JSON object. Exit codes: services/base/errors.py."""
    flags = _parser().parse_args(argv)
    log.setup()
    try:
        _measure(flags)
    except VisemillError as error:
        sys.stderr.write(json.dumps(error.fields()) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.features.tts.precision", description=__doc__)
    parser.add_argument("--config", default="{}", help="JSON object: stage name -> settings, as of `once`")
    parser.add_argument("--media", required=True, nargs="+", help="sound files; - reads names from standard input")
    parser.add_argument(
        "--media-root", action="append", default=[], metavar="ROOT", help="where names lie; may be repeated"
    )
    parser.add_argument("--follow-links", action="store_true", help="read links that leave a --media-root")
    parser.add_argument("--num-clips", type=int, default=NUM_CLIPS, help="most of them (default: %(default)s)")
    parser.add_argument("--max-changed", type=float, default=MOST_CHANGED, help="share (default: %(default)s)")
    parser.add_argument("--clip-time-s", type=float, default=120.0, help="limit a clip (default: %(default)s)")
    parser.add_argument("--clip-memory-mib", type=int, default=2048, help="limit a clip (default: %(default)s)")
    return parser


def _measure(flags: argparse.Namespace) -> None:
    if flags.num_clips < 1 or not 0 <= flags.max_changed <= 1:
        raise BadConfig("BAD_FLAGS", "--num-clips must be 1 or more, and --max-changed from 0 to 1")
    configs = json_object(flags.config, "--config")
    config: SpeechConfig = config_from_mapping(SpeechConfig, configs.get(SPEC.name, {}))
    names = [line.rstrip("\n") for line in sys.stdin if line.strip()] if flags.media == ["-"] else flags.media
    chosen = even_sample(names, flags.num_clips)
    open_media = in_roots(flags.media_root, follow_links=flags.follow_links) if flags.media_root else _anywhere
    stages = [("audio", configs.get("audio", {})), (FBANK.name, {})]
    child = PassChild(stages, clip_limits(flags.clip_time_s, flags.clip_memory_mib), specs=[FBANK])
    with contextlib.closing(child):
        filterbanks = list(_filterbanks(child, chosen, open_media, HowFar(f"of {len(chosen)} clips decoded")))
    if not filterbanks:
        raise BadConfig("NO_SAMPLE", f"none of {len(chosen)} sounds can be decoded: check the paths")
    found = changed_codes(config, filterbanks, lambda dtype: HowFar(f"of {len(filterbanks)} clips in {dtype}"))
    answer = {"dtype": found.dtype, "num_clips": found.num_clips, "num_codes": found.num_codes}
    sys.stdout.write(json.dumps({**answer, "num_changed": found.num_changed, "share": round(found.share, 6)}) + "\n")
    sys.stdout.flush()
    found.check(flags.max_changed)


def even_sample(names: Sequence[str], most: int) -> list[str]:
    """At most so many, evenly spread, in their order."""
    num = min(most, len(names))
    return [names[i * len(names) // num] for i in range(num)]


class HowFar:
    """Says on standard error, at most once a second, how many of something are done."""

    def __init__(self, of_what: str) -> None:
        self._of_what, self._said_s = of_what, 0.0

    def __call__(self, num_done: int) -> None:
        if time.monotonic() - self._said_s >= _SAY_EVERY_S:
            self._said_s = time.monotonic()
            sys.stderr.write(f"{num_done} {self._of_what}\n")
            sys.stderr.flush()


def _anywhere(name: str) -> Media:
    folder, _, file = name.rpartition("/")
    place = folder or ("/" if name.startswith("/") else ".")
    return media_of(open_store(place, follow_links=True), file)


def in_roots(roots: Sequence[str], *, follow_links: bool) -> Callable[[str], Media]:
    """What opens a clip by its name in a run's list. Raises BadConfig, and what is returned as `media_of`."""
    inputs = open_inputs(roots, must_exist=True, follow_links=follow_links)
    return lambda name: media_of(inputs, name)


def _filterbanks(
    child: PassChild, names: Sequence[str], open_media: Callable[[str], Media], how_far: HowFar
) -> Iterator[Float32Array]:
    how_far(0)
    for num_done, name in enumerate(names, 1):
        try:
            filterbank = _filterbank(child, name, open_media(name))
            check_length(len(filterbank), name)
        except BadConfig:
            raise
        except (VisemillError, OSError) as error:
            sys.stderr.write(f"{name} is left out of the sample: {error}\n")
        else:
            yield filterbank
        how_far(num_done)


def _filterbank(child: PassChild, name: str, media: Media) -> Float32Array:
    file = name.rpartition("/")[2]
    for part in child.run(ClipJob(Clip(name, file, "", file), media)):
        if isinstance(part, ArtifactPart) and part.name == "filterbank":
            frames_TC: Float32Array = part.value.frames_TC
    return frames_TC


if __name__ == "__main__":
    sys.exit(main())
