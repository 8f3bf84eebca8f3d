"""What an export of the networks takes: the stage's files, and how they are served."""

from typing import Any

from services.features.tts.export import arrays_of, build_parser
from services.features.tts.opening import open_networks
from services.triton.config import Serving


def test_flags_are_those_of_the_networks_and_of_serving() -> None:
    flags = build_parser().parse_args(["models", "--config=config.yaml", "--kind=gpu"])
    assert (flags.config, flags.kind) == ("config.yaml", "gpu")
    assert not {"device", "triton", "batch_size", "num_decoders"} & vars(flags).keys()
    serving = Serving(max_batch_size=flags.max_batch_size, preferred_batch_sizes=flags.preferred_batch_sizes)
    assert (serving.preferred, flags.max_padding_percent) == ((), 25)


def test_the_graph_takes_filterbanks_and_gives_codes_condition_and_emotion(tiny_model: Any) -> None:
    networks, _ = open_networks(tiny_model.config())
    inputs, outputs = arrays_of(networks)
    assert [str(array) for array in (*inputs, *outputs)] == [
        "float32 filterbanks [N,T,160]",
        "int64 lengths [N]",
        "int64 codes [N,T]",
        "float32 condition [N,32,12]",
        "float32 emotion [N,12]",
    ]
