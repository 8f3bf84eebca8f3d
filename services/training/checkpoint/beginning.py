"""I/O: a training that begins at a file which another has left, ours or that of a script."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch

from services.base.errors import BadConfig
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import load_weights, require_same
from services.training.checkpoint.progress import Progress
from services.training.checkpoint.reading import read_checkpoint

LOG = logging.getLogger(__name__)

_OF_A_NETWORK = ("recipe", "asr", "resolution", "width")


def begun_from(
    file: str,
    num_epochs: int,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    load_scaler: Callable[[dict[str, Any]], None],
    facts: Mapping[str, str],
) -> Progress:
    """Weights, moments and epochs of the file, which goes on with the epoch behind those that it has; one that it was
    in the middle of is learnt anew. num_epochs: of the training, those of the file among them. A file of weights alone
    begins with epoch 0. facts: of the training; a file that tells them must be of the same network.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_RECIPE, OTHER_ASR, OTHER_RESOLUTION, OTHER_NETWORK,
    ALL_EPOCHS_DONE.
    """
    data = bytes_of(file)
    # A later call of the training goes on from its own checkpoints: what it began with stands in its log.
    LOG.info("begins with %s, sha256 %s", file, hashlib.sha256(data).hexdigest())
    checkpoint = read_checkpoint(file, data)
    told = {name: facts[name] for name in _OF_A_NETWORK if name in facts and name in checkpoint.facts}
    try:
        require_same(checkpoint.facts, told)
        load_weights(model, checkpoint.model)
    except BadConfig as error:
        raise BadConfig(error.reason, f"{file}: {error.message}", error.detail) from error
    if not checkpoint.optimizer:
        LOG.warning("%s holds weights alone: the training begins with them, at epoch 0", file)
        return Progress()
    num_done = checkpoint.progress.epochs_done
    if num_done >= num_epochs:
        raise BadConfig(
            "ALL_EPOCHS_DONE", f"{file} has {num_done} epochs, and --num-epochs {num_epochs} counts them too: raise it"
        )
    try:
        optimizer.load_state_dict(dict(checkpoint.optimizer))
        load_scaler(dict(checkpoint.scaler))
    except (ValueError, KeyError) as error:
        LOG.warning("the optimiser of %s is another one, and begins anew (%s)", file, error)
    # Of its epochs no checkpoint is here.
    return Progress(epochs_done=num_done, epoch_steps=[0] * num_done)
