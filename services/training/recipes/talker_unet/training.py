"""I/O: a rank of a training of talker-unet: its persons, the networks that judge, and the loop."""

from __future__ import annotations

from services.base.worker.rank import Rank
from services.training.checkpoint.vgg19_file import vgg19_of
from services.training.data.talker.opening import open_persons
from services.training.engine.loop import train
from services.training.recipes.talker.consent import consent_of_rank, with_consent
from services.training.recipes.talker_unet.frozen import frozen_syncnet
from services.training.recipes.talker_unet.judged import lip_judge
from services.training.recipes.talker_unet.pieces import Judges, talker_unet
from services.training.recipes.talker_unet.spec import UNetConfig


def train_rank(config: UNetConfig, rank: Rank) -> None:
    """The whole training of one rank. Raises as `open_persons`, `consent_of_rank`, `frozen_syncnet`, `vgg19_of`,
    `lip_judge` and `train`.
    """
    persons, fps = open_persons(config.data_root, config.chosen_names, config.asr, config.crop_px)
    consent = consent_of_rank(config, [person.name for person in persons], rank)
    syncnet = frozen_syncnet(config, persons[0].asr_model)
    vgg19 = vgg19_of(config.vgg19) if config.vgg19 else None
    lips = lip_judge(config.landmark_model, config.data_root) if config.landmark_model else None
    train(with_consent(talker_unet(config, persons, fps, Judges(syncnet, vgg19, lips)), consent), config, rank)
