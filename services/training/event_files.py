"""I/O: what TensorBoard shows of a training: a file of events an epoch, of its metrics and of clips that were read.

The files follow from the lines of metrics.jsonl alone but for the time of day, so that a training that goes on writes
the file of its epoch again, and no step is shown twice. They go to a folder or to a bucket.
"""

from __future__ import annotations

import importlib.util
import io
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from services.base.errors import BadConfig
from services.base.store.interface import Store
from services.base.store.open import open_store
from services.formats.png import film_strip, png
from services.formats.tfrecord import write_record
from services.training.interfaces import Sample

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

TAGS = {
    "loss": "Train/Loss",
    "train_loss": "Train/EpochLoss",
    "learning_rate": "Train/LearningRate",
    "gradient_norm": "Train/GradientNorm",
    "skipped": "Train/SkippedSteps",
    "items_per_s": "Train/ItemsPerSecond",
    "waited": "Train/WaitedShare",
    "val_loss": "Val/Loss",
    "val_cer": "Val/CER",
}
_VERSION = "brain.Event:2"
_DT_STRING = 7


def event_files(root: str, now: Callable[[], float] = time.time) -> EventFiles:
    """Below a folder, or s3://bucket/prefix. Raises BadConfig NO_TENSORBOARD, or as stores do."""
    if importlib.util.find_spec("tensorboard") is None:
        raise BadConfig(
            "NO_TENSORBOARD",
            "use_tensorboard needs the package tensorboard, which is not here: pip install 'visemill[tensorboard]', or "
            "leave it out, since metrics.jsonl has the same numbers",
        )
    return EventFiles(open_store(root), now)


class EventFiles:
    """Of one training. now: seconds since 1970."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store, self._now = store, now

    def write(self, epoch: int, rows: Iterable[Mapping[str, float | None]], samples: Sequence[Sample]) -> None:
        """epoch: that is done, from 1. rows: its lines of metrics.jsonl. samples: shown at its last step.

        A number that is null is left out. Raises Transient.
        """
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        at_s, step = self._now(), 0
        file = io.BytesIO()
        write_record(file, Event(wall_time=at_s, file_version=_VERSION).SerializeToString())
        for row in rows:
            step = int(row.get("step") or step)
            values = [
                Summary.Value(tag=tag, simple_value=value)
                for name, tag in TAGS.items()
                if (value := row.get(name)) is not None and math.isfinite(value)
            ]
            if values:
                summary = Summary(value=values)
                write_record(file, Event(wall_time=at_s, step=step, summary=summary).SerializeToString())
        for number, sample in enumerate(samples, 1):
            summary = Summary(value=_of_sample(sample, number))
            write_record(file, Event(wall_time=at_s, step=step, summary=summary).SerializeToString())
        # TensorBoard reads files by the order of their names.
        self._store.put(f"events.out.tfevents.{epoch:010d}.visemill", file.getvalue())


def _of_sample(sample: Sample, number: int) -> list[Summary.Value]:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    # Indented by four blanks, Markdown takes a line as it is.
    text = f"{sample.key}\n\n    said: {sample.reference}\n    read: {sample.hypothesis}\n"
    tensor = TensorProto(
        dtype=_DT_STRING,
        string_val=[text.encode()],
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
    )
    plugin = SummaryMetadata.PluginData(plugin_name="text")
    values = [
        Summary.Value(
            tag=f"Val/Text/{number}/text_summary", metadata=SummaryMetadata(plugin_data=plugin), tensor=tensor
        )
    ]
    if sample.frames_THWC is not None:
        strip_HWC = film_strip(sample.frames_THWC)
        height_px, width_px, channels = strip_HWC.shape
        image = Summary.Image(
            height=height_px, width=width_px, colorspace=channels, encoded_image_string=png(strip_HWC)
        )
        values.append(Summary.Value(tag=f"Val/Images/{number}", image=image))
    return values
