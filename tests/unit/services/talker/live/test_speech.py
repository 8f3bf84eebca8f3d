"""A head speaks while its sound comes: each picture as early as it can be, and a film with its sound."""

import io
from collections.abc import Iterator

import av
import numpy as np
import pytest

pytest.importorskip("onnx")

from talker_head import write_head, write_person

from services.lips.talker_input import CROP_PX
from services.talker.bundle_files import checked_card
from services.talker.live.rows import open_rows
from services.talker.live.speech import Head, Speech, lookahead_s
from services.talker.network import open_here
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker

SOUND = np.random.default_rng(3).normal(0, 3_000, 24_000).astype(np.int16)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Head:
    root = tmp_path_factory.mktemp("head")
    card = checked_card(write_head(root / "head"))
    speaker = Speaker(PersonFrames(str(write_person(root / "ada"))), open_here(root / "head", 1), CROP_PX["160"])
    return Head(card, speaker, open_rows(card, {}))


def test_a_picture_waits_for_the_sound_that_is_said_and_no_longer(head: Head) -> None:
    num_heard = 0

    def sound() -> Iterator[np.ndarray]:
        nonlocal num_heard
        for piece_T in np.split(SOUND, 1_500):
            num_heard += len(piece_T)
            yield piece_T

    speech = Speech(head, sound())
    waited_s = [num_heard / 16_000 - i / 25 for i, _ in enumerate(speech.pictures()) if num_heard < len(SOUND)]
    assert lookahead_s(25.0) - 0.01 < max(waited_s) <= lookahead_s(25.0) + 0.002
    assert (speech.num_pictures, head.size_px, head.fps) == (38, (96, 128), 25.0)
    assert speech.first_picture_s > 0


def test_pieces_change_no_picture(head: Head) -> None:
    made = [np.stack(list(Speech(head, np.split(SOUND, num), 3).pictures())) for num in (1, 40)]
    np.testing.assert_array_equal(*made)


def test_a_film_is_marked_and_has_the_sound_of_its_pictures(head: Head) -> None:
    pieces = list(Speech(head, np.split(SOUND, 40)).film())
    assert len(pieces) > 5
    with av.open(io.BytesIO(b"".join(pieces))) as film:
        assert "synthetic" in film.metadata["comment"]
        times_s = [frame.time for frame in film.decode(video=0)]
    np.testing.assert_allclose(times_s, np.arange(38) / 25, atol=1e-6)
    with av.open(io.BytesIO(b"".join(pieces))) as film:
        assert sum(frame.samples for frame in film.decode(audio=0)) == pytest.approx(38 * 640, abs=2 * 1_024)
    # What has come plays before the rest does.
    with av.open(io.BytesIO(b"".join(pieces[:3]))) as film:
        assert next(film.decode(video=0)).width == 128
