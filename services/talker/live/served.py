"""The heads and persons of a server: found by names below its folders, opened once, and kept for the next caller."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from services.base.errors import BadConfig, BadInput
from services.base.process.cgroup import granted_cores
from services.base.rpc.channel.targets import check_target
from services.base.rpc.config import ListenConfig
from services.base.rpc.readiness import Need
from services.base.stage.fields import Address, FileRef
from services.base.store.open import join_uri, open_store
from services.formats.talker.head import CARD_FILE, HeadCard
from services.formats.talker.names import FOLDER_NAME, is_folder_name
from services.lips.talker_input import CROP_PX
from services.talker.bundle_files import checked_card, consent_of
from services.talker.live.rows import StreamedRows, open_rows, require_streamed
from services.talker.live.speech import Head
from services.talker.network import Paint, open_here
from services.talker.opening import open_far
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker
from services.talker.spec import Blend, TransportName

BackendName = Literal["onnxruntime", "triton"]
_MOST_KEPT = 8
T = TypeVar("T")


@dataclass(frozen=True)
class HeadServeConfig(ListenConfig):
    """How talking heads are served. A call lasts as long as somebody speaks."""

    deadline_s: float = field(
        default=1800.0, metadata={"help": "maximum call duration, also for calls without a deadline"}
    )
    heads: FileRef = field(default="", metadata={"help": "folder of bundles, each in a folder of its name"})
    persons: FileRef = field(
        default="", metadata={"help": "folder, or s3://bucket/prefix, of persons, each in a folder of its name"}
    )
    num_streams: int = field(default=0, metadata={"help": "heads that speak at a time; 0: one per granted core"})
    num_threads: int = field(default=1, metadata={"help": "threads of a network"})
    max_sound_s: float = field(default=600.0, metadata={"help": "limit on the sound of a call"})
    backend: BackendName = field(
        default="onnxruntime",
        metadata={"help": "onnxruntime: in this process; triton: a server that has each head under its name"},
    )
    triton: Address = field(default="", metadata={"help": "HOST:PORT of the Triton server's gRPC endpoint"})
    triton_transport: TransportName = field(
        default="auto", metadata={"help": "auto shares memory with a server of this host"}
    )
    blend: Blend = field(
        default="feather", metadata={"help": "how the face is put into its frame; hard: the whole square"}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.heads and self.persons):
            raise ValueError("heads and persons are folders: give --heads and --persons")
        if self.num_streams < 0 or self.num_threads < 1 or not self.max_sound_s > 0:
            raise ValueError(
                f"num_streams {self.num_streams} is 0 or more, num_threads {self.num_threads} 1 or more, max_sound_s "
                f"{self.max_sound_s} over 0"
            )

        if self.triton:
            check_target(self.triton, "--triton")
        elif self.backend == "triton":
            raise ValueError("the triton backend needs the server's address: give --triton HOST:PORT")

    @property
    def streams(self) -> int:
        """num_streams, or what the cgroup grants."""
        return self.num_streams or granted_cores()

    @property
    def most_calls(self) -> int:
        return self.streams

    def limits(self) -> dict[str, float]:
        return {**super().limits(), "max_sound_s": self.max_sound_s}


class Heads:
    """Opens heads with persons for callers, in any thread. audiofeatures: settings of the stage, without its model."""

    def __init__(self, config: HeadServeConfig, audiofeatures: Mapping[str, Any]) -> None:
        self._config, self._settings = config, audiofeatures
        self._paints: OrderedDict[str, Paint] = OrderedDict()
        self._persons: OrderedDict[str, PersonFrames] = OrderedDict()
        self._rows: OrderedDict[str, StreamedRows] = OrderedDict()
        self._opening = threading.Lock()

    def needs(self) -> list[Need]:
        """What must be there before anybody is served."""
        places = {"heads": self._config.heads, "persons": self._config.persons}
        return [Need(what, functools.partial(check_folder, place)) for what, place in places.items()]

    def head(self, head: str, person: str) -> Head:
        """Raises BadInput NO_SUCH_HEAD, NO_SUCH_PERSON; BadConfig NOT_STREAMED, CONSENT_MISSING and as
        `Consent.require` where its bundle holds no statement of that person, and as what is opened does.
        """
        folder = Path(self._config.heads) / _name("head", head)
        if not (folder / CARD_FILE).is_file():
            raise BadInput("NO_SUCH_HEAD", f"there is no head {head!r} here: ask for one that the server has")
        card = checked_card(folder)
        require_streamed(card)
        uri = join_uri(self._config.persons, _name("person", person))
        with self._opening:
            paint = _kept(self._paints, f"{head} {card.digests['model']}", lambda: self._open_paint(head, card))
            frames = _kept(self._persons, uri, lambda: _person(uri, person))
            rows = _kept(self._rows, card.asr, lambda: open_rows(card, self._settings))
        # Of a person that is there: another answer would tell who is in the statement.
        consent_of("", folder, person)
        return Head(card, Speaker(frames, paint, CROP_PX[card.resolution], self._config.blend), rows)

    def _open_paint(self, head: str, card: HeadCard) -> Paint:
        config = self._config
        if config.backend == "triton":
            return open_far(config.triton, head, card, config.streams, config.triton_transport)
        return open_here(Path(config.heads) / head, config.num_threads)


def check_folder(place: str) -> None:
    """Returns while it is there. Raises BadConfig ROOT_MISSING and as the store does."""
    open_store(place, must_exist=True).check_root()


def _name(what: str, name: str) -> str:
    if not is_folder_name(name):
        raise BadInput(
            f"NO_SUCH_{what.upper()}",
            f"a {what} is a name of the server's, {FOLDER_NAME}, not {name[:120]!r}",
        )
    return name


def _person(uri: str, person: str) -> PersonFrames:
    try:
        return PersonFrames(uri)
    except BadConfig as error:
        if error.reason not in ("ROOT_MISSING", "NO_PERSON"):
            raise
        raise BadInput(
            "NO_SUCH_PERSON", f"there is no person {person!r} here: ask for one that the server has"
        ) from error


def _kept(kept: OrderedDict[str, T], key: str, opens: Callable[[], T]) -> T:
    """What was opened before, or now; of those that are kept, the one used longest ago goes."""
    if key not in kept:
        kept[key] = opens()
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    kept.move_to_end(key)
    return kept[key]
