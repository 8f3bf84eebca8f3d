"""I/O: what would refuse a head only when its own training begins, asked before hours of what comes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from orchestrator.pipelines.talker.head.folders import HeadData, Trainings, last_of
from orchestrator.pipelines.talker.head.options import HeadOptions
from orchestrator.pipelines.talker.head.own_command import answer_of_command
from services.base.errors import BadConfig
from services.base.stage.config import argv_of
from services.base.store.open import join_uri
from services.formats.talker.consent import KEPT_FILE
from services.training.data.talker.consent import consent_of_training, today
from services.training.recipes.talker_unet.spec import RECIPE as UNET

# Settings that a head has for good -> the reason where others are asked for.
_OF_A_NETWORK = {"asr": "OTHER_ASR", "resolution": "OTHER_RESOLUTION", "width": "OTHER_NETWORK"}


def check_consent(options: HeadOptions, names: Collection[str], trainings: Trainings) -> None:
    """Of these persons, as the head's next training would ask for it. Raises as `consent_of_training`."""
    config = going_on(options, trainings).unet("", tuple(names))
    for num_epochs in ahead_of(options, trainings):
        consent_of_training(config, names, trainings.state(num_epochs), today())


def going_on(options: HeadOptions, trainings: Trainings) -> HeadOptions:
    """With the consent of the training that a head goes on from, unless another one is given: it is asked once."""
    last = last_of(trainings.begun())
    if options.consent or not options.continue_training or not last:
        return options
    state = trainings.state(last)
    return replace(options, consent=join_uri(state.uri, KEPT_FILE)) if state.stat(KEPT_FILE) else options


def check_epochs(options: HeadOptions, trainings: Trainings) -> None:
    """Raises BadConfig ALL_EPOCHS_DONE for a head that goes on, and has more epochs than are asked for."""
    num_done = last_of([*trainings.finished(), *ahead_of(options, trainings)[:-1]]) if options.continue_training else 0
    if num_done > options.num_epochs:
        raise BadConfig(
            "ALL_EPOCHS_DONE",
            f"{trainings.root} has {num_done} epochs, and --epochs {options.num_epochs} counts them too: raise it",
        )


def check_network(options: HeadOptions, trainings: Trainings) -> None:
    """That a head which goes on is the same one. Raises BadConfig OTHER_ASR, OTHER_RESOLUTION, OTHER_NETWORK."""
    last = last_of(trainings.begun())
    if not options.continue_training or not last:
        return
    was = trainings.settings(last)
    for name, reason in _OF_A_NETWORK.items():
        asked, found = getattr(options, name), was.get(name)
        if found and asked != found:
            raise BadConfig(
                reason,
                f"{trainings.folder(last)} is of {name} {found}, and goes on with --{name} {found} alone, not {asked}: "
                "give that, or --save-dir for a new head",
            )


def check_head(
    options: HeadOptions, data: HeadData, trainings: Trainings, environment: Mapping[str, str], *, has_syncnet: bool
) -> None:
    """Consent, epochs, data, flags and folders of the head. has_syncnet: its SyncNet is there, or none is trained.

    Raises BadConfig BEGUN_WITHOUT_SYNCNET, what the plan of the head's training is refused with, and as
    `check_consent`, `check_epochs` and stores that nothing can be written to.
    """
    check_consent(options, data.names, trainings)
    check_epochs(options, trainings)
    begun = set(trainings.begun())
    if begun.isdisjoint(ahead_of(options, trainings)):
        # Where one has begun, which SyncNet it is with decides whether it goes on.
        folder = trainings.folder(options.num_epochs)
        config = going_on(options, trainings).unet(data.root, data.names, options.syncnet_file)
        words = ["pin", UNET.name, *argv_of(config), f"--checkpoint-dir={folder}", "--dry-run"]
        answer_of_command(words, environment)
    elif not has_syncnet:
        raise BadConfig(
            "BEGUN_WITHOUT_SYNCNET",
            f"{trainings.root} has a training of the head that began without the SyncNet which --train-syncnet would "
            "train now: give --save-dir for a new head, other --epochs, or leave --train-syncnet out",
        )
    trainings.check_writable()


def ahead_of(options: HeadOptions, trainings: Trainings) -> list[int]:
    """Epochs in all of the trainings that the command has the head do: one that was broken off, which is ended first,
    and what is asked for.
    """
    begun, finished, asked = trainings.begun(), trainings.finished(), options.num_epochs
    broken = last_of([number for number in begun if number not in finished and number != asked])
    return [broken, asked] if options.continue_training and broken > last_of(finished) else [asked]
