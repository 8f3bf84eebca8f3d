"""The table of networks: entries of their names, whose arrays can be had from outside; what cannot be is refused."""

import pytest

from services.base.stage.spec import ByName
from services.features.networks import NETWORKS, Array, Network, names_of, network_named

BUILDS = ByName("made:Made")
FRAMES = Array("frames", "uint8", ("N", 8, 8, 3))
SEQUENCES, LENGTHS = Array("sequences", "float32", ("N", "T", 5)), Array("lengths", "int64", ("N",))
VECTORS = Array("vectors", "float32", ("N", 2))


@pytest.mark.parametrize("name", NETWORKS)
def test_an_entry_is_of_its_name(name: str) -> None:
    assert network_named(name).name == name


def test_what_takes_frames_is_known_without_loading_it() -> None:
    assert names_of("frames") == ("inception_v3",)
    assert names_of("features") == ("semantic",)
    assert names_of("windows") == ("ave",)
    with pytest.raises(ValueError, match="'resnet' must be one of inception_v3, semantic, ave"):
        network_named("resnet")


def test_outputs_of_every_kind_can_be_said() -> None:
    """As features of speech are: codes for every two steps, a matrix and a vector without a time axis."""
    codes, condition, emo = (
        Array("codes", "int64", ("N", "T//2")),
        Array("condition", "float32", ("N", 32, 1280)),
        Array("emo", "float32", ("N", 1280)),
    )
    voice = Network("voice", "features", (SEQUENCES, LENGTHS), (codes, condition, emo), BUILDS)
    assert [output.has_time for output in voice.outputs] == [True, False, False]
    assert [codes.num_steps(length) for length in (1, 2, 9)] == [0, 1, 4]
    assert voice.about == (
        "float32 sequences [N,T,5] and int64 lengths [N] -> int64 codes [N,T//2] and float32 condition [N,32,1280] "
        "and float32 emo [N,1280]"
    )
    waveform = Array("samples", "float32", ("N", "T"))
    assert Network("w", "waveform", (waveform, LENGTHS), (VECTORS,), BUILDS).inputs[0].num_steps(7) == 7


@pytest.mark.parametrize(
    ("dtype", "shape", "says"),
    [
        ("float16", ("N", 3), "arrays are uint8, int64, float32"),
        ("float32", (3,), "dimension N first"),
        ("float32", (), "dimension N first"),
        ("float32", ("N", 0), "sizes, T or"),
        ("float32", ("N", "S"), "sizes, T or"),
        ("float32", ("N", 3, "T"), "time axis behind"),
    ],
)
def test_an_array_that_cannot_be_is_refused(dtype: str, shape: tuple[int | str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Array("made", dtype, shape)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("takes", "inputs", "says"),
    [
        ("pictures", (FRAMES,), "networks take frames, windows, waveform, features"),
        ("frames", (SEQUENCES, LENGTHS), "square uint8 frames"),
        ("frames", (Array("frames", "uint8", ("N", 8, 9, 3)),), "square uint8 frames"),
        ("windows", (SEQUENCES,), "float32 windows of one shape"),
        ("windows", (FRAMES,), "float32 windows of one shape"),
        ("windows", (VECTORS, LENGTHS), "float32 windows of one shape"),
        ("features", (SEQUENCES,), "and int64 lengths"),
        ("features", (VECTORS, LENGTHS), r"sequences \[N,T"),
    ],
)
def test_a_network_whose_inputs_are_not_of_its_kind_is_refused(
    takes: str, inputs: tuple[Array, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Network("made", takes, inputs, (VECTORS,), BUILDS)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"say the sha256 of x\.pth"):
        Network("made", "frames", (FRAMES,), (VECTORS,), BUILDS, file="x.pth")
    with pytest.raises(ValueError, match="must have an output"):
        Network("made", "frames", (FRAMES,), (), BUILDS)
