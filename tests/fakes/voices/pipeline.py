"""The pipeline `voices`: every wav below the input root; its clips are found as those of `tones` are."""

from dataclasses import dataclass, replace

from tones.pipeline import PIPELINE as TONES

from services.base.stage.fields import option


@dataclass(frozen=True)
class VoicesOptions:
    """What a user may choose."""

    num_shards: int = option(1, "units of work and retry", group="output")
    batching: str = option("padded", "padded: several clips at once; clip: one by one", group="output")
    num_decoders: int = option(1, "processes that decode", group="output")
    deadly_steps: int = option(0, "length of a sequence that the network dies of", group="limits")
    journal: str = option("", "file that gets a line for each batch", group="output")
    hold: str = option("", "NAME=FILE: the clip of that name waits while the file is there", group="limits")


def stages(options):
    network = {name: getattr(options, name) for name in ("batching", "num_decoders", "deadly_steps", "journal")}
    return ("audio", {}), ("bands", {}), ("voices", network), ("voicefiles", {"hold": options.hold})


PIPELINE = replace(TONES, name="voices", help="wav files to vectors", options=VoicesOptions, stages=stages)
