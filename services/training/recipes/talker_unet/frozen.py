"""I/O: a SyncNet that a talking head is judged by while it learns, and that does not learn itself."""

from __future__ import annotations

from services.base.errors import BadConfig
from services.lips.talker_input import FACE_PX
from services.training.checkpoint.content import bytes_of
from services.training.checkpoint.file import Checkpoint
from services.training.checkpoint.reading import read_checkpoint
from services.training.recipes.talker.recognised import asr_of, check_weights, recognised_syncnet, resolution_of
from services.training.recipes.talker_syncnet.spec import RECIPE as SYNCNET
from services.training.recipes.talker_unet.spec import UNetConfig
from services.training.talker.networks.syncnet import SyncNet

_PREFIX = "network."


def frozen_syncnet(config: UNetConfig, asr_model: str) -> SyncNet | None:
    """In eval mode, without gradients; None where none is used. A file of the original's code is of 328 px, and of the
    width that its tensors have.

    Raises BadConfig NO_CHECKPOINT, CHECKPOINT_DAMAGED, OTHER_RECIPE, OTHER_ASR, OTHER_RESOLUTION, OTHER_NETWORK.
    """
    if not config.syncnet_checkpoint:
        return None
    path = config.syncnet_checkpoint
    checkpoint = read_checkpoint(path, bytes_of(path))
    width = _width(checkpoint, config, asr_model, path)
    network = SyncNet(asr_model, FACE_PX[config.crop_px], width)
    weights = {name.removeprefix(_PREFIX): value for name, value in checkpoint.model.items() if name != "log_scale"}
    own = network.state_dict()
    check_weights(own, weights, f"--syncnet-checkpoint {path}")
    network.load_state_dict({name: weights[name] for name in own})
    return network.eval().requires_grad_(False)


def _width(checkpoint: Checkpoint, config: UNetConfig, asr_model: str, path: str) -> float:
    facts = checkpoint.facts
    if not facts:
        found = recognised_syncnet(checkpoint.model, path)
        asr = asr_of(found, asr_model, path)
        facts = {
            "recipe": SYNCNET.name,
            "asr": asr,
            "resolution": resolution_of(found, "", path),
            "width": str(found.width),
        }
    if facts.get("recipe") != SYNCNET.name:
        raise BadConfig("OTHER_RECIPE", f"{path} is of recipe {facts.get('recipe')!r}, not {SYNCNET.name}")
    for name, reason, wanted in (
        ("asr", "OTHER_ASR", asr_model),
        ("resolution", "OTHER_RESOLUTION", config.resolution),
    ):
        if facts.get(name) != wanted:
            raise BadConfig(
                reason,
                f"--syncnet-checkpoint {path} is of {name} {facts.get(name)!r}, and this training of {wanted!r}: train "
                f"a SyncNet with --{name} {wanted}, or give that here",
            )
    try:
        return float(facts["width"])
    except (KeyError, ValueError) as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{path} does not say how wide it is: {error!r}") from error
