"""I/O: `visemill train talker`: SyncNet and U-Net one after the other, each a training of its own.

Each is begun by its own command, so that it has a lease, a state and a report as every training has, goes on after a
kill, and stands where $VISEMILL_CLUSTER says.
"""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.talker.head.ahead import (
    ahead_of,
    check_consent,
    check_epochs,
    check_head,
    check_network,
    going_on,
)
from orchestrator.pipelines.talker.head.folders import (
    BEST,
    LATEST,
    HeadData,
    Trainings,
    asr_models,
    data_of,
    is_there,
    last_of,
    note_state,
    syncnet_folder,
)
from orchestrator.pipelines.talker.head.options import NO_SYNCNET, HeadOptions, HeadTestOptions, UnifiedOptions
from orchestrator.pipelines.talker.head.own_command import answer_of_command
from orchestrator.pipelines.training.entry_points import outcome_of
from services.base.errors import BadConfig
from services.base.stage.config import argv_of
from services.base.store.open import join_uri
from services.lips.talker_input import AsrChoice
from services.training.data.talker.asr_choice import chosen_model
from services.training.recipes.talker_syncnet.spec import RECIPE as SYNCNET
from services.training.recipes.talker_unet.spec import RECIPE as UNET
from services.training.recipes.talker_unet.test_settings import HeadTestSettings

_MOST_LISTED = 10


def train(options: HeadOptions) -> Outcome:
    """Raises BadConfig, BadInput, and what the trainings fail with."""
    return Chain(options, data_of(options.dataset_dir, options.names), {}).run()


def test(options: HeadTestOptions) -> Outcome:
    """Raises what the service fails with."""
    data = data_of(options.dataset_dir, options.names) if options.names else None
    file = options.checkpoint or join_uri(options.checkpoint_dir, f"{data.title if data else ''}/{BEST}")
    settings = HeadTestSettings(
        data_root=data.root if data else options.dataset_dir,
        names="\n".join(data.names) if data else "",
        whole=options.whole,
        checkpoint=file,
        asr=options.asr,
        seed=options.seed,
        landmark_model=options.landmark_model,
        syncnet_checkpoint=_syncnet_of_test(options, data),
        inception_model=options.inception_model,
    )
    return outcome_of(UNET.name, "test", settings, "testing", "--json")


def _syncnet_of_test(options: HeadTestOptions, data: HeadData | None) -> str:
    """Empty: none is asked."""
    if options.syncnet_checkpoint or data is None:
        return "" if options.syncnet_checkpoint == NO_SYNCNET else options.syncnet_checkpoint
    own = join_uri(options.checkpoint_dir, f"{syncnet_folder(data)}/{BEST}")
    if not is_there(own):
        return ""
    _say(f"{own} is asked how well painted faces fit the sound; --syncnet-checkpoint {NO_SYNCNET} asks none")
    return own


def unified(options: UnifiedOptions) -> Outcome:
    """The video of the person's folder, preprocessed and learnt from. Raises BadConfig, and what these fail with."""
    name = options.names
    video = join_uri(options.dataset_dir, f"{name}/{name}.mp4")
    environment: dict[str, str] = {}
    if options.gpu >= 0:
        if Path(f"/dev/nvidia{options.gpu}").exists():
            environment["CUDA_VISIBLE_DEVICES"] = str(options.gpu)
        else:
            _say(f"there is no GPU {options.gpu} here: the CPU is used")
            options = replace(options, device="cpu")
    check_consent(options, (name,), heads_of(options, name))
    _say(f"preprocessing {video}")
    weights = [f"--asr-weights={options.asr_weights}"] if options.asr_weights else []
    words = ["run", "talker", f"--video-path={video}", f"--name={name}", f"--asr-model={options.asr}"]
    answer_of_command([*words, f"--dataset-dir={options.dataset_dir}", *weights], environment)
    return Chain(options, data_of(options.dataset_dir, name), environment).run()


def heads_of(options: HeadOptions, title: str) -> Trainings:
    """Those of the head itself."""
    return Trainings(options.save_dir or join_uri(options.checkpoint_dir, title))


class Chain:
    """Of one head. environment: of the trainings, beside this one's."""

    def __init__(self, options: HeadOptions, data: HeadData, environment: Mapping[str, str]) -> None:
        there = asr_models(data)
        chosen = chosen_model(there, options.asr)
        if not options.asr:
            _say(f"--asr is not given: aud_{chosen}.npy is there, and is taken")
        self._options = options.with_asr(_asr_named(chosen))
        self._data, self._environment = data, environment
        self._heads = heads_of(options, data.title)
        self._syncnets = Trainings(join_uri(options.checkpoint_dir, syncnet_folder(data)))

    def run(self) -> Outcome:
        """SyncNet where it is asked for, what it is worth, and the head. What refuses the head is found before."""
        options = self._options
        check_network(options, self._heads)
        if options.train_syncnet or options.syncnet_file:
            has_syncnet = not options.train_syncnet or bool(self._syncnets.finished())
            check_head(options, self._data, self._heads, self._environment, has_syncnet=has_syncnet)
        syncnet_file, found = self._syncnet()
        num_epochs = self._head(syncnet_file)
        checkpoints = self._heads.weights()
        told = {
            "head": join_uri(self._heads.root, BEST),
            "checkpoints": checkpoints,
            "epochs": num_epochs,
            "asr": self._options.asr,
            "syncnet": syncnet_file or None,
            "syncnet_accuracy": found,
        }
        used = f"with {syncnet_file}" if syncnet_file else "without a SyncNet"
        text = (
            f"head of {', '.join(self._data.names)}, {num_epochs} epochs, {used}: {told['head']}\n"
            f"checkpoints: {', '.join(checkpoints)}\n"
            f"test it: {self._test_command()}"
        )
        return Outcome(told, text)

    def _test_command(self) -> str:
        """For whoever has given other places than the usual ones too."""
        options, names = self._options, [f"--name={name}" for name in self._data.names]
        usual = (HeadTestOptions.dataset_dir, HeadTestOptions.checkpoint_dir, "")
        places: list[str] = []
        if (options.dataset_dir, options.checkpoint_dir, options.save_dir) != usual:
            places = [f"--dataset-dir={self._data.root}", f"--checkpoint={join_uri(self._heads.root, BEST)}"]
        return shlex.join(["visemill", "test", "talker", *names, *places])

    def _syncnet(self) -> tuple[str, Mapping[str, Any] | None]:
        """(file of the SyncNet that is used; empty: none, its share of right frames)."""
        options, data = self._options, self._data
        file, is_own = options.syncnet_file, False
        if options.train_syncnet:
            file, is_own = self._own_syncnet(), True
        if not file:
            return "", None
        # Of other features or another size it is refused before anything is computed.
        of = [f"--asr={options.asr}", f"--resolution={options.resolution}"]
        words = ["test", SYNCNET.name, f"--checkpoint={file}", f"--data-root={data.root}", *of]
        names = [f"--name={name}" for name in data.names]
        found = answer_of_command([*words, *names, *([] if is_own else ["--whole"])], self._environment)
        _say(f"{file} on {', '.join(data.names)}: {_told(found)}")
        own = found["own"]["frames"]
        interval = own["interval"]
        between = f" ({interval[0]:.1%} to {interval[1]:.1%})" if interval else ""
        told = (
            f"{own['share']:.1%}{between} of {'held-out' if is_own else 'voiced'} frames are told right, 50 % by chance"
        )
        if found["is_better_than_chance"]:
            _say(f"SyncNet: {told}: it is used")
            return file, own
        if options.force_syncnet:
            _say(f"SyncNet: {told}: it is used all the same, by --force-syncnet")
            return file, own
        _say(f"SyncNet AT CHANCE: {told}: it is not used; --force-syncnet uses it all the same")
        return "", own

    def _own_syncnet(self) -> str:
        """One that is there is not trained again, whatever the state file claims."""
        options, trainings = self._options, self._syncnets
        finished = trainings.finished()
        if finished:
            num_epochs = last_of(finished)
            _say(f"SyncNet is trained, {num_epochs} epochs in {trainings.folder(num_epochs)}: not again")
        else:
            num_epochs = last_of(trainings.begun()) or options.syncnet_epochs
            chosen = replace(options, syncnet_epochs=num_epochs)
            _say(f"training SyncNet, {num_epochs} epochs, in {trainings.folder(num_epochs)}")
            config = chosen.syncnet(self._data.root, self._data.names)
            self._train(SYNCNET.name, config, trainings.folder(num_epochs))
        trainings.show(num_epochs)
        values = {
            "completed": True,
            "epochs": num_epochs,
            "checkpoint": next(iter(trainings.weights()[-1:]), ""),
            "timestamp": _now(),
            "best_loss": trainings.best_loss(num_epochs),
        }
        note_state(self._data, "syncnet_training", values)
        return join_uri(trainings.folder(num_epochs), BEST)

    def _head(self, syncnet_file: str) -> int:
        """Epochs that it has in all."""
        options, trainings, resume = self._options, self._heads, ""
        if options.continue_training:
            num_done = self._finished_before(syncnet_file)
            check_epochs(options, trainings)
            if num_done and num_done != options.num_epochs:
                resume = join_uri(trainings.folder(num_done), LATEST)
                _say(f"goes on from {num_done} epochs to {options.num_epochs} in all")
            elif not num_done:
                _say(f"nothing to continue in {trainings.root}: begins with the first epoch")
        self._train_head(going_on(options, trainings), syncnet_file, resume)
        return options.num_epochs

    def _finished_before(self, syncnet_file: str) -> int:
        """Epochs of the last training, which is ended first where it was broken off."""
        trainings = self._heads
        for number in ahead_of(self._options, trainings)[:-1]:
            _say(f"a training of {number} epochs was broken off: it is ended first")
            self._train_head(replace(self._options, num_epochs=number), syncnet_file, "")
        return last_of(trainings.finished())

    def _train_head(self, options: HeadOptions, syncnet_file: str, resume: str) -> None:
        folder = self._heads.folder(options.num_epochs)
        _say(f"training the head, {options.num_epochs} epochs, in {folder}")
        self._train(UNET.name, options.unet(self._data.root, self._data.names, syncnet_file, resume), folder)
        self._heads.show(options.num_epochs)
        checkpoints = self._heads.weights()[-_MOST_LISTED:]
        values = {"completed": True, "epochs": options.num_epochs, "checkpoints": checkpoints, "timestamp": _now()}
        note_state(self._data, "main_training", values)

    def _train(self, recipe: str, config: Any, folder: str) -> None:
        ranks = [f"--num-ranks={self._options.num_ranks}"] if self._options.num_ranks != 1 else []
        words = ["train", recipe, *argv_of(config), f"--checkpoint-dir={folder}", *ranks]
        answer_of_command(words, self._environment)


def _told(found: Mapping[str, Any]) -> str:
    """Shares of right single frames, beside those of controls that know nothing."""
    heads = {"own": "its own sound", "permuted": "in another order", "other": "the sound of another clip"}
    return ", ".join(f"{told} {found[name]['frames']['share']:.1%}" for name, told in heads.items() if name in found)


def _asr_named(name: str) -> AsrChoice:
    for known in get_args(AsrChoice):
        if known == name:
            return known  # type: ignore[no-any-return]
    raise BadConfig("BAD_FLAGS", f"features {name!r} must be one of {', '.join(filter(None, get_args(AsrChoice)))}")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).astimezone().isoformat(timespec="seconds")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
