"""Networks: one table, name -> the module that says what the network is. Inert.

A new one is a package with a `spec.py` that holds a `NETWORK`, and a line here; weights, runtimes, export, serving and
the comparison of runtimes (`visemill models verify`) are the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from services.base.stage.spec import ByName

NETWORKS: dict[str, str] = {
    "inception_v3": "services.features.frames.spec",
    "semantic": "services.features.speech.spec",
    "ave": "services.features.talker.ave.spec",
}

Takes = Literal["frames", "windows", "waveform", "features"]
ArrayType = Literal["uint8", "int64", "float32"]
BATCH, TIME = "N", "T"
_HALVED = f"{TIME}//"


@dataclass(frozen=True)
class Array:
    """An input or output of a network's graph.

    shape: the batch's dimension N first; T where there is a step for each of the input's, T//2 for every two, a number
    where it is always that. Raises ValueError for another shape or type.
    """

    name: str
    dtype: ArrayType
    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        if self.dtype not in get_args(ArrayType):
            raise ValueError(f"{self.name} is {self.dtype}; arrays are {', '.join(get_args(ArrayType))}")
        if self.shape[:1] != (BATCH,):
            raise ValueError(f"{self.name} must have the batch's dimension {BATCH} first, not {self.shape}")
        sizes = self.shape[1:]
        if not all(is_time(size) or (isinstance(size, int) and size > 0) for size in sizes):
            raise ValueError(f"{self.name} must have sizes, {TIME} or {_HALVED}2 after {BATCH}, not {self.shape}")
        if any(is_time(size) for size in sizes[1:]):
            raise ValueError(f"{self.name} must have its time axis behind the batch's, not {self.shape}")

    @property
    def has_time(self) -> bool:
        return len(self.shape) > 1 and is_time(self.shape[1])

    def num_steps(self, length: int) -> int:
        """Steps of its time axis for an input of `length` steps."""
        size = str(self.shape[1])
        return length if size == TIME else length // int(size.removeprefix(_HALVED))

    def __str__(self) -> str:
        return f"{self.dtype} {self.name} [{','.join(map(str, self.shape))}]"


def is_time(size: int | str) -> bool:
    """Whether a dimension follows the input's length."""
    text = str(size)
    return text == TIME or (text.startswith(_HALVED) and text.removeprefix(_HALVED).isdecimal())


@dataclass(frozen=True)
class Network:
    """What a network is. Raises ValueError for inputs that are not those of its kind.

    takes: frames, RGB of one size; windows, float32 arrays of one shape; or sequences with their lengths, of samples
    (waveform) or of vectors (features).
    inputs, outputs: of its graph. builds: () -> the torch module whose state dict has the names of the published file.
    graph: (that module) -> the module from inputs to outputs; None: itself. tunes: (module, config, type of device)
    makes it faster before it is wrapped; None: nothing does. file, sha256: the published file, which is looked for in
    the folders of $VISEMILL_MODELS where no weights are named; empty: they must be. flag: of a run that names its
    weights. remedy: whose weights to give. some_tensors: names that its file must have, by which another's is known
    before it is loaded. prefix: what every name begins with in the module, and in a file may or may not.
    """

    name: str
    takes: Takes
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    builds: ByName
    graph: ByName | None = None
    tunes: ByName | None = None
    file: str = ""
    sha256: str = ""
    flag: str = "--weights"
    remedy: str = ""
    some_tensors: tuple[str, ...] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.takes not in get_args(Takes):
            raise ValueError(f"{self.name} takes {self.takes!r}; networks take {', '.join(get_args(Takes))}")
        if not self.outputs:
            raise ValueError(f"{self.name} must have an output")
        first, *rest = self.inputs
        if self.takes == "frames":
            if rest or len(first.shape) != 4 or first.shape[1] != first.shape[2] or first.dtype != "uint8":
                raise ValueError(f"{self.name} must take square uint8 frames [N,H,W,3], not {self.about}")
        elif self.takes == "windows":
            if rest or len(first.shape) < 2 or first.has_time or first.dtype != "float32":
                raise ValueError(f"{self.name} must take float32 windows of one shape [N,…], not {self.about}")
        elif not first.has_time or [(a.dtype, a.shape) for a in rest] != [("int64", (BATCH,))]:
            raise ValueError(f"{self.name} must take sequences [N,T,…] and int64 lengths [N], not {self.about}")
        if self.file and not self.sha256:
            raise ValueError(f"{self.name} must say the sha256 of {self.file}")

    @property
    def about(self) -> str:
        return f"{' and '.join(map(str, self.inputs))} -> {' and '.join(map(str, self.outputs))}"

    @property
    def takes_sequences(self) -> bool:
        """Whether its items have lengths of their own."""
        return self.takes in ("waveform", "features")

    @property
    def side_px(self) -> int:
        """The side of the frames that it takes."""
        return int(self.inputs[0].shape[1])


def network_named(name: str) -> Network:
    """The table's entry. Raises ValueError with the names there are."""
    if name not in NETWORKS:
        raise ValueError(f"network {name!r} must be one of {', '.join(NETWORKS)}")
    found: Network = ByName(f"{NETWORKS[name]}:NETWORK").resolve()
    return found


def names_of(takes: Takes) -> tuple[str, ...]:
    """The networks that take this."""
    return tuple(name for name in NETWORKS if network_named(name).takes == takes)
