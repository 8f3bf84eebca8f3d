"""Rows of features of a sound that comes in pieces, each as soon as its sound is there, in bounded memory.

A window of `ave` and `mel` is 16 rows of the spectrogram, whose last one ends 25 ms behind its middle: it is there when
0.2125 s behind its beginning are. A head that sees 8 rows before a frame and 8 from it on, the first of which is of the
frame before, so waits for 6 frames and that: 0.4525 s at 25 frames a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.features.batching.batcher import AdaptiveBatcher
from services.features.opening import open_model
from services.features.talker.extractors import windows_of
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.windows import averaged, with_ends

StreamedRows = Callable[[Iterable[Int16Array], float], Iterator[Float32Array]]
"""(int16 at 16 kHz in pieces, one sample or more in all; rows a second) -> float32 [N_i, 512]; as many rows in the end
as the whole sound has, whatever the pieces were. Raises what the model of a network raises.
"""


def open_streamed(config: AudioFeaturesConfig) -> StreamedRows:
    """Loads the model once. Raises BadConfig as `open_model` does, and NOT_STREAMED.

    Rows of `mel` are those of the whole sound to the bit. Of `ave` they are a function of the sound alone, and within
    1e-4 of their spread, as its windows go through the network one by one, and in batches elsewhere.
    """
    if config.model == "mel":
        return lambda pieces, fps: with_ends(averaged(windows_NBT) for windows_NBT in windows_of(pieces, fps))
    if config.model != "ave" or config.network is None:
        why = {
            "hubert": "hubert levels a sound by the mean and the loudness of all of it",
            "wenet": "wenet is made of whole sounds alone, here",
        }
        raise BadConfig(
            "NOT_STREAMED",
            f"{why[config.model]}, so that its rows cannot be told from pieces: give the whole sound as a file, or "
            "take a head that hears ave or mel",
        )
    batcher = AdaptiveBatcher(1, config.model)
    model = open_model(config.network, "windows")

    def streamed_ave(pieces: Iterable[Int16Array], fps: float) -> Iterator[Float32Array]:
        vectors = (
            vectors_1D
            for windows_NBT in windows_of(pieces, fps)
            for window_BT in windows_NBT
            for vectors_1D in batcher.run(model, window_BT[None, None], "the stream")
        )
        return with_ends(vectors)

    return streamed_ave
