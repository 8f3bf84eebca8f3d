"""How the stage handles a batch, which may be of one clip."""

import os
import signal
from pathlib import Path

from services.base.stage.window import like, values_of
from services.features.runtimes.sequences import SequenceNetwork
from services.features.spec import FeaturesConfig
from voices.network.spec import Voices


class OfBatch:
    wants = frozenset()

    def __init__(self, network, config):
        self._network, self._config = network, config

    def push(self, chunk):
        raise AssertionError("it reads no stream")

    def finish(self, given):
        sequences = [bands.levels_TC for bands in values_of(given["bands"])]
        lengths = [len(sequence) for sequence in sequences]
        if self._config.journal:
            with Path(self._config.journal).open("a") as file:
                file.write(f"{lengths}\n")
        if self._config.deadly_steps in lengths:
            os.kill(os.getpid(), signal.SIGSEGV)
        answers = self._network(sequences)
        return like(given["bands"], [Voices(answer["vectors"], len(sequences)) for answer in answers])


def open_stage(config):
    network = SequenceNetwork(FeaturesConfig(model="semantic", device="cpu"))
    return lambda job, info: OfBatch(network, config)
