"""The pipeline `toy`: passes map, train, tune."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tones import pipeline as tones

from services.base.run.passes import MAP_PASS, GangPlan
from services.base.stage.fields import option


@dataclass(frozen=True)
class ToyOptions:
    """What a user may choose."""

    num_shards: int = option(2, "units of work and retry", group="output")
    num_ranks: int = option(2, "ranks of the training", group="training")
    ranks_per_pod: int = option(1, "of them that share a pod", group="training")
    num_steps: int = option(20, "steps of the training", group="training")
    hold: str = option("", "FILE: generations that it names wait before step 13", group="training")


def gangs(options: ToyOptions) -> tuple[GangPlan, ...]:
    config = {"num_steps": options.num_steps, "hold": options.hold}
    train = GangPlan("train", "toytrain", config, options.num_ranks, options.ranks_per_pod)
    return train, GangPlan("tune", "toytrain", {"num_steps": 3, "start_from": "train"}, after=(MAP_PASS, "train"))


PIPELINE = dataclasses.replace(
    tones.PIPELINE,
    name="toy",
    help="spectra of wav files, and a training on them",
    options=ToyOptions,
    stages=lambda options: (("audio", {}), ("spectrum", {})),
    gangs=gangs,
)
