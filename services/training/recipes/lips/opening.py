"""I/O: a rank of a training on Chinese-LiPS: its data set, the tokenizer of its folder, and the loop."""

from __future__ import annotations

import dataclasses

from services.base.run import paths
from services.base.store.interface import NotThere, Store
from services.base.store.open import join_uri, open_store
from services.base.worker.rank import Rank
from services.training.data.lips.chinese_lips import LipsData, LipsSettings, open_chinese_lips
from services.training.data.lips.reading import Reading
from services.training.device import device_of
from services.training.engine.loop import train
from services.training.lipreading.tokenizer import Tokenizer, read_tokenizer, require_fresh, tokenizer_of
from services.training.recipes.lips.kind import TOKENIZER_FILE, LipsKind
from services.training.recipes.lips.spec import LipsTrainSettings


def train_lips(kind: LipsKind, config: LipsTrainSettings, rank: Rank) -> None:
    """The whole training of one rank. Raises as `open_chinese_lips` and `train`; BadConfig NO_GPU, TOKENIZER_STALE."""
    # Said before the data set is read, which may take an hour.
    device = device_of(config.device, rank.place.local_rank)
    outputs = rank.spec.output_root
    # Of two ranks that find no index, each would read the whole data set.
    makes_index = rank.place.rank == 0
    data = open_data(config, join_uri(outputs, paths.STATE_DIR), makes_index=makes_index)
    tokenizer = training_tokenizer(data)
    _require_fresh(open_store(outputs), data)
    settled = dataclasses.replace(config, precision=config.precision_on(device.type))
    train(kind.pieces(config, data, tokenizer), settled, rank)


def open_data(config: LipsTrainSettings, state_root: str, *, makes_index: bool = True, asks: bool = True) -> LipsData:
    """The data set of the settings, whose index is kept below state_root. makes_index: of one rank; the others wait for
    it. asks: whether the licence must have been accepted. Raises as `open_chinese_lips`.
    """
    reading = Reading(config.frame_height, config.frame_width, config.fps, config.resample, config.max_frames)
    return open_chinese_lips(
        LipsSettings(
            config.data_root,
            state_root,
            reading,
            config.folders,
            config.unreadable,
            val_share=config.val_share,
            seed=config.seed,
            allow_leak=config.allow_leak,
            accept_licence=config.accept_licence,
            asks_licence=asks,
            makes_index=makes_index,
            cache_mib=config.cache_mib,
        )
    )


def training_tokenizer(data: LipsData) -> Tokenizer:
    """Of the characters of the training text."""
    return tokenizer_of(clip.text for clip in data.train.clips)


def _require_fresh(outputs: Store, data: LipsData) -> None:
    """Raises BadConfig TOKENIZER_STALE, BAD_TOKENIZER."""
    try:
        kept = read_tokenizer(outputs.read(TOKENIZER_FILE))
    except NotThere:
        return
    require_fresh(kept, (clip.text for clip in data.train.clips))
