"""Made features of speech, so that what a file holds is known."""

from collections.abc import Callable

import numpy as np
import pytest

from services.base.media.clip import Clip, ClipAttributes
from services.base.media.features import SpeechFeatures
from services.base.media.tokens import TextIds

SOURCES = {"w2v_bert": "sha256:1", "gpt": "sha256:2"}


@pytest.fixture(scope="session")
def text() -> Callable[..., TextIds]:
    def make(num_ids: int = 4, words: str = "ሰላም", language: str = "am", **more: object) -> TextIds:
        return TextIds(np.arange(7, 7 + num_ids, dtype=np.int32), words, language, **more)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def features() -> Callable[..., SpeechFeatures]:
    def make(num_codes: int = 6, seed: int = 0, dim: int = 16, **more: object) -> SpeechFeatures:
        rng = np.random.default_rng(seed)
        return SpeechFeatures(
            rng.integers(0, 8192, num_codes).astype(np.int32),
            rng.normal(0, 1, (32, dim)).astype(np.float32),
            rng.normal(0, 1, dim).astype(np.float32),
            **{"sources": SOURCES, **more},  # type: ignore[arg-type]
        )

    return make


@pytest.fixture(scope="session")
def clip() -> Callable[..., Clip]:
    def make(key: str = "am_1", stem: str = "", **attributes: object) -> Clip:
        said = ClipAttributes(**{"text": "ሰላም", "language": "am", **attributes})  # type: ignore[arg-type]
        return Clip(key, stem or key, "abebe", f"wav/{key}.wav", attributes=said)

    return make


class Folder:
    """Sinks that keep what was closed."""

    def __init__(self) -> None:
        self.closed: dict[str, bytes] = {}
        self.aborted: list[str] = []

    def create(self, name: str) -> object:
        folder = self

        class Sink:
            data = b""

            def write(self, data: bytes) -> None:
                self.data += bytes(data)

            def close(self) -> None:
                folder.closed[name] = self.data

            def abort(self) -> None:
                folder.closed.pop(name, None)
                folder.aborted.append(name)

        return Sink()


@pytest.fixture
def folder() -> Folder:
    return Folder()
