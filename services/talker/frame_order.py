"""Which frame of a person is shown when: to and fro, so that no jump is seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.base.errors import BadConfig


def to_and_fro(usable: Sequence[int], start_frame: int = 0) -> Iterator[int]:
    """Numbers of frames without end, up and down through those that are usable, the ends once at each turn.

    usable: ascending. start_frame: the first one shown is the next usable one from it on. Raises BadConfig NO_FRAMES,
    START_FRAME.
    """
    if not usable:
        raise BadConfig("NO_FRAMES", "no frame of the person shows the face: preprocess another video")
    places = [place for place, frame in enumerate(usable) if frame >= start_frame]
    if start_frame < 0 or not places:
        raise BadConfig("START_FRAME", f"--start-frame is {start_frame}: give 0 to {usable[-1]}")
    return _walk(usable, places[0])


def _walk(usable: Sequence[int], place: int) -> Iterator[int]:
    step = 1 if place + 1 < len(usable) else -1
    while True:
        yield usable[place]
        if len(usable) == 1:
            continue
        if not 0 <= place + step < len(usable):
            step = -step
        place += step
