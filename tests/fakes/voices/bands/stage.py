"""How the stage handles one clip."""

import numpy as np

from services.base.errors import BadInput
from voices.bands.spec import Bands


class OfClip:
    wants = frozenset({"waveform"})

    def __init__(self, job, info):
        self._job, self._rate_hz, self._chunks = job, info.sample_rate_hz, []

    def push(self, chunk):
        self._chunks.append(chunk.samples_TC[:, 0])

    def finish(self, given):
        samples_T = np.concatenate(self._chunks)
        step = self._rate_hz // 100
        if len(samples_T) < 2 * step:
            raise BadInput("TOO_SHORT", f"{self._job.clip.key} is too short: leave it out")
        steps_TS = samples_T[: len(samples_T) // step * step].reshape(-1, step)
        power_TF = np.abs(np.fft.rfft(steps_TS, 158)) ** 2
        return Bands(np.log(power_TF + 1e-6).astype(np.float32), len(samples_T) / self._rate_hz)


def open_stage(config):
    return OfClip
