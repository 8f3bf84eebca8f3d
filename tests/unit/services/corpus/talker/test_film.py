"""A film of parts that were encoded alone, and its sound."""

import io

import av
import numpy as np

from services.corpus.audio import SAMPLE_RATE_HZ
from services.corpus.talker.film import encode_frames, film_of


def test_parts_that_are_encoded_alone_make_one_film() -> None:
    pictures = [np.full((64, 64, 3), 20 * i, np.uint8) for i in range(10)]
    parts = [*encode_frames(pictures[:5], 0), *encode_frames(pictures[5:], 5)]
    assert [frame.number for frame in parts if frame.is_key] == [0, 5]
    sound = (3000 * np.sin(np.arange(round(0.4 * SAMPLE_RATE_HZ)) / 9)).astype(np.int16)
    film = film_of(iter(parts), 64, sound)
    assert film == film_of(iter(parts), 64, sound)
    with av.open(io.BytesIO(film)) as container:
        frames = [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]
    assert [float(at_s) for at_s, _ in frames] == [i / 25 for i in range(10)]
    for (_, shown), drawn in zip(frames, pictures, strict=True):
        assert np.abs(shown.astype(int) - drawn).max() < 8
    with av.open(io.BytesIO(film)) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]) * 32_768
    # Whatever a decoder leaves in front, what is heard is what was said.
    start = int(np.argmax(np.correlate(heard, sound.astype(float), "valid")))
    assert np.abs(heard[start + 2000 : start + 10_000] - sound[2000:10_000]).mean() < 300
