"""I/O: a network that begins with some of the weights of another."""

from __future__ import annotations

import logging

from services.base.errors import BadConfig
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.reading import read_checkpoint
from services.training.lipreading.networks.conformer_lipreader import ConformerLipreader
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig

_log = logging.getLogger("visemill.training")
_FRONTEND = ("stem.", "after_stem.", "trunk.")
_PARTS = {"frontend": _FRONTEND, "encoder": (*_FRONTEND, "width.", "norm.", "time."), "all": ("",)}


def begun_with(config: ConformerConfig, model: ConformerLipreader) -> ConformerLipreader:
    """The model, with the part of the weights of --init that is asked for, if any are.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_NETWORK.
    """
    if not config.init:
        return model
    given = read_checkpoint(config.init, bytes_of(config.init)).model
    own = model.state_dict()
    wanted = {name: value for name, value in own.items() if name.startswith(_PARTS[config.init_part])}
    unfit = sorted(name for name, value in wanted.items() if name not in given or given[name].shape != value.shape)
    if unfit:
        raise BadConfig(
            "OTHER_NETWORK",
            f"--init {config.init} lacks {len(unfit)} of the {len(wanted)} weights of --init-part {config.init_part}, "
            f"or has them in another shape, such as {unfit[0]}: give a checkpoint of this size, or a smaller part",
        )
    model.load_state_dict({**own, **{name: given[name] for name in wanted}})
    _log.info("%d of %d weights begin as in %s", len(wanted), len(own), config.init)
    return model
