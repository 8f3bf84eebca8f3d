"""The test of a lipreader on Chinese-LiPS: it reads the clips of a split, and its score is printed."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from services.base.errors import BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags
from services.training.data.lips.chinese_lips import LipsData
from services.training.data.lips.clips import LipsClips
from services.training.device import device_of
from services.training.lipreading.scores.baselines import constant_sentence
from services.training.lipreading.scores.counts import Counts
from services.training.lipreading.scores.files import Look
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript
from services.training.recipes.lips.command_settings import LipsTestSettings
from services.training.recipes.lips.kind import LipsKind, LipsReader, TestReader
from services.training.recipes.lips.opening import open_data
from services.training.recipes.lips.trained import Trained, open_trained
from services.training.recipes.testing import answer_test
from services.training.recipes.validation import batches_of, on_device


def run_test(kind: LipsKind, argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m services {kind.recipe.name} test", description=__doc__)
    add_config_flags(parser, kind.test_settings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: LipsTestSettings = config_from_flags(kind.test_settings, flags)
    if not flags.json:
        log.setup()
    device = device_of(settings.device)
    trained = open_trained(kind, settings.file)
    root = settings.data_root or trained.config.data_root
    if not root:
        raise BadConfig("NO_DATA_ROOT", "say where the data set is: --data-root ROOT, which holds meta_train.csv")
    config = dataclasses.replace(trained.config, data_root=root, batch_size=settings.batch_size)
    data = open_data(config, settings.index_root, asks=False)
    clips = data.split(settings.split)
    if not clips.items:
        raise BadConfig("NO_TEST_CLIPS", f"{root} has no clips of split {settings.split}: test another")
    trained, model = dataclasses.replace(trained, config=config), trained.network().to(device)
    reader = TestReader(trained.reader)
    if kind.test_reader is not None:
        reader = kind.test_reader(settings, config, trained.tokenizer)
    return answer_test(
        measured(trained, reader, model, data, settings),
        lambda chosen: looks(trained.reader, model, clips, chosen, device),
        settings,
        as_json=flags.json,
    )


def measured(
    trained: Trained, read_by: TestReader, model: nn.Module, data: LipsData, settings: LipsTestSettings
) -> ModelTest:
    """What the lipreader reads in the clips, and what it is compared with. model: its own, in eval mode."""
    clips, reader, config = data.split(settings.split), read_by.reader, trained.config
    learnt = {clip.key for clip in data.train.clips}
    untrained = reader.network(config.seed).to(next(model.parameters()).device).eval()
    digests = {"checkpoint": trained.sha256, "data": data.digest, "tokenizer": trained.tokenizer.digest}
    return ModelTest(
        split=settings.split,
        transcripts=_transcripts(reader, model, clips, settings.batch_size),
        untrained=_transcripts(reader, untrained, clips, settings.batch_size),
        constant=constant_sentence([clip.text for clip in data.train.clips], config.seed),
        digests={**digests, **read_by.digests},
        learnt_from=sum(clip.key in learnt for clip in clips.clips),
        normalization=settings.normalization,
        seed=config.seed,
        search=read_by.search,
        further=_further(read_by, model, clips, settings.batch_size),
    )


def _further(read_by: TestReader, model: nn.Module, clips: LipsClips, batch_size: int) -> Mapping[str, list[Counts]]:
    """What is counted beside characters, by name, of all clips."""
    found: dict[str, list[Counts]] = {}
    if read_by.further is None:
        return found
    device = next(model.parameters()).device
    for indices in batches_of(clips, max(item.cost for item in clips.items) * batch_size):
        with torch.inference_mode():
            counted = read_by.further(model, on_device(clips.read(indices, ""), device))
        for name, counts in counted.items():
            found.setdefault(name, []).extend(counts)
    return found


def looks(
    reader: LipsReader, model: nn.Module, clips: LipsClips, chosen: Sequence[Transcript], device: torch.device
) -> list[Look]:
    """Into these clips: their pictures, and what the model thinks of each frame. model: on the device."""
    places = {clip.key: i for i, clip in enumerate(clips.clips)}
    found = []
    for one in chosen:
        batch = on_device(clips.read([places[one.key]], ""), device)
        with torch.inference_mode():
            steps_SK, classes = reader.look(model, batch, one.hypothesis)
        found.append(Look(one, batch["frames_BTHWC"][0].cpu().numpy(), steps_SK, classes))
    return found


def _transcripts(reader: LipsReader, model: nn.Module, clips: LipsClips, batch_size: int) -> list[Transcript]:
    """Of each clip, in their order."""
    device = next(model.parameters()).device
    found: dict[int, Transcript] = {}
    longest = max(item.cost for item in clips.items)
    for indices in batches_of(clips, longest * batch_size):
        with torch.inference_mode():
            texts = reader.read(model, on_device(clips.read(indices, ""), device))
        for index, text in zip(indices, texts, strict=True):
            clip = clips.clips[index]
            found[index] = Transcript(clip.key, clip.speaker, clip.text, text, clip.num_frames)
    return [found[index] for index in range(len(clips.items))]
