"""MediaPipe's Tasks library itself, loaded quietly and kept off the network.

What was seen with 1.2, and is why this file exists:

* Closing a task waits for an upload of usage figures to play.googleapis.com, ten seconds where nothing answers DNS. So
  nothing here is ever closed (it goes with the process), and whoever needs a fresh track clears an old one.
* There is no switch against that upload. Without certificates to trust it ends in the handshake, and sends no figures.
* Importing it imports TensorFlow where that is installed, matplotlib, and sounddevice, which asks a compiler where
  PortAudio lies, for nothing that is used here.
* It writes to file descriptor 2 while it loads, whatever the usual variables say.
* Inference is single-threaded; there is no setting for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import UInt8Array

_log = logging.getLogger(__name__)

# Nothing is in it: a tracker that sees it loses what it followed.
BLACK: UInt8Array = np.zeros((64, 64, 3), np.uint8)


class Library:
    """The library, imported. options_type: its base options, made deaf and dumb."""

    def __init__(self) -> None:
        with stderr_to_log():
            self.mp, self.vision, self.options_type = _load()

    def create(self, kind: Any, options: Any, model: Path) -> Any:
        """A task of `kind`. model: for the message only. Raises BadConfig when MediaPipe refuses the model."""
        try:
            with stderr_to_log():
                task = kind.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise BadConfig(
                "MODEL_UNREADABLE",
                f"{model} is refused by MediaPipe: give the official bundle",
                detail=str(error),
            ) from error
        # Its own finalizer would close it, and wait; at the interpreter's end it fails, loudly, for want of a thread.
        task.__class__ = type(kind.__name__, (kind,), {"__del__": lambda _self: None})
        return task


def image(mp: Any, frame_HWC: UInt8Array) -> Any:
    """MediaPipe's image of a uint8 RGB frame."""
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame_HWC))


def quiet_until(seen: bool) -> contextlib.AbstractContextManager[None]:
    """A network says its piece when it first runs, which is when there is first something to run it on."""
    return contextlib.nullcontext() if seen else stderr_to_log()


@contextlib.contextmanager
def stderr_to_log() -> Iterator[None]:
    """What the library writes to file descriptor 2 meanwhile goes to the debug log."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr has nothing to keep quiet
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    os.set_blocking(reader, False)
    os.dup2(writer, 2)
    os.close(writer)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        with contextlib.suppress(BlockingIOError):
            if output := os.read(reader, 1 << 16):
                _log.debug("mediapipe: %s", output.decode(errors="replace").strip())
        os.close(reader)


def _load() -> tuple[Any, Any, Any]:
    """(mediapipe, its vision tasks, its base options made deaf and dumb)."""
    with _stand_ins():
        import mediapipe as mp
        from mediapipe.tasks.python.core.base_options import BaseOptions

    class OfflineOptions(BaseOptions):  # type: ignore[misc, unused-ignore]
        def to_ctypes(self) -> Any:
            options = super().to_ctypes()
            options.ca_bundle_path = os.devnull.encode()
            return options

    return mp, mp.tasks.vision, OfflineOptions


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """While mediapipe is imported: no TensorFlow or sound (it copes); an empty matplotlib (for drawing, not called)."""
    stand_ins: dict[str, Any] = {"tensorflow": None, "sounddevice": None}
    stand_ins |= {name: types.ModuleType(name) for name in ("matplotlib", "matplotlib.pyplot")}
    placed = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            sys.modules.pop(name, None)
