"""A film in fragments: what is seen and heard lies at its time, and what has come is never changed."""

import io

import av
import numpy as np

from services.talker.live.fragments import FragmentedFilm


def made() -> list[bytes]:
    """Three seconds, black and silent but for a flash and a click after one. The picture has odd sides."""
    film = FragmentedFilm((97, 129), 25.0, 16_000, {"comment": "made by a test"})
    sound_T = np.zeros(48_000, np.int16)
    sound_T[16_000:16_160] = 20_000
    pieces = []
    for i in range(75):
        film.add_sound(sound_T[i * 640 : (i + 1) * 640])
        film.add_picture(np.full((97, 129, 3), 255 if i == 25 else 0, np.uint8))
        pieces.append(film.taken())
    return [*pieces, film.ended()]


def test_pictures_and_sound_lie_at_their_times() -> None:
    data = b"".join(made())
    with av.open(io.BytesIO(data)) as film:
        assert film.metadata["comment"] == "made by a test"
        frames = list(film.decode(video=0))
    assert [(frame.width, frame.height) for frame in frames[:1]] == [(128, 96)]
    assert [frame.time for frame in frames] == [i / 25 for i in range(75)]
    assert [i for i, frame in enumerate(frames) if frame.to_ndarray(format="gray").mean() > 100] == [25]
    with av.open(io.BytesIO(data)) as film:
        loud_s = [
            frame.time + np.abs(frame.to_ndarray()[0]).argmax() / 16_000
            for frame in film.decode(audio=0)
            if np.abs(frame.to_ndarray()).max() > 0.3
        ]
    assert loud_s and all(0.98 < time_s < 1.03 for time_s in loud_s)


def test_pieces_come_all_along_and_the_same_each_time() -> None:
    pieces = made()
    assert sum(map(bool, pieces)) > 10
    assert pieces == made()
