"""The `test` entry point: a lipreader that was trained reads the clips of a split, and its score is printed."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

import torch

from services.base.errors import BadConfig
from services.base.process import log
from services.base.stage.config import add_config_flags, config_from_flags
from services.training.data.lips.chinese_lips import LipsData
from services.training.data.lips.clips import LipsClips
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.scores.baselines import constant_sentence
from services.training.lipreading.scores.files import Look
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript
from services.training.lipreading.tokenizer import EOS, SOS
from services.training.recipes.chinese_lips_lstm.door_settings import LipsTestSettings
from services.training.recipes.chinese_lips_lstm.reader import Reader, pictures
from services.training.recipes.chinese_lips_lstm.trained import Trained, open_trained
from services.training.recipes.chinese_lips_lstm.training import open_data
from services.training.recipes.testing import answer_test
from services.training.recipes.validation import batches_of, on_device


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services chinese-lips-lstm test", description=__doc__)
    add_config_flags(parser, LipsTestSettings)
    parser.add_argument("--json", action="store_true", help="print one JSON object, with the lines as its `text`")
    flags = parser.parse_args(argv)
    settings: LipsTestSettings = config_from_flags(LipsTestSettings, flags)
    if not flags.json:
        log.setup()
    trained = open_trained(settings.file)
    root = settings.data_root or trained.config.data_root
    if not root:
        raise BadConfig("NO_DATA_ROOT", "say where the data set is: --data-root ROOT, which holds meta_train.csv")
    config = dataclasses.replace(trained.config, data_root=root, batch_size=settings.batch_size)
    data = open_data(config, settings.index_root, asks=False)
    clips = data.split(settings.split)
    if not clips.items:
        raise BadConfig("NO_TEST_CLIPS", f"{root} has no clips of split {settings.split}: test another")
    device = torch.device("cuda" if torch.cuda.is_available() and config.device != "cpu" else "cpu")
    return answer_test(
        measured(dataclasses.replace(trained, config=config), data, settings, device),
        lambda chosen: looks(trained, clips, chosen, device),
        settings,
        as_json=flags.json,
    )


def measured(trained: Trained, data: LipsData, settings: LipsTestSettings, device: torch.device) -> ModelTest:
    """What the lipreader reads in the clips of the split, and what it is compared with."""
    clips, reader, config = data.split(settings.split), trained.reader, trained.config
    learnt = {clip.key for clip in data.train.clips}
    return ModelTest(
        split=settings.split,
        transcripts=_transcripts(reader, trained.network().to(device), clips, settings.batch_size),
        untrained=_transcripts(reader, reader.network(config.seed).to(device).eval(), clips, settings.batch_size),
        constant=constant_sentence([clip.text for clip in data.train.clips], config.seed),
        digests={"checkpoint": trained.sha256, "data": data.digest, "tokenizer": trained.tokenizer.digest},
        learnt_from=sum(clip.key in learnt for clip in clips.clips),
        normalization=settings.normalization,
        seed=config.seed,
    )


def looks(trained: Trained, clips: LipsClips, chosen: Sequence[Transcript], device: torch.device) -> list[Look]:
    """Into these clips: their pictures, and at which frames each character that was read looks."""
    model, places = trained.network().to(device), {clip.key: i for i, clip in enumerate(clips.clips)}
    found = []
    for one in chosen:
        batch = on_device(clips.read([places[one.key]], ""), device)
        characters = one.hypothesis[: trained.config.max_text_length - 1]
        ids = [i for i in trained.tokenizer.encode(characters, len(characters) + 2) if i != EOS]
        ids_BL = torch.tensor([ids or [SOS]], device=device)
        with torch.inference_mode():
            weights_BLT = model.attention(pictures(batch), batch["lengths_B"].cpu(), ids_BL)
        steps_TK = weights_BLT[0, : max(1, len(characters))].T.float().cpu().numpy()
        # Over hundreds of frames the greatest weight is small, and would be seen as nothing.
        steps_TK /= steps_TK.max()
        frames_THWC = batch["frames_BTHWC"][0].cpu().numpy()
        found.append(Look(one, frames_THWC, steps_TK, list(characters) or ["<eos>"]))
    return found


def _transcripts(reader: Reader, model: AttentionLipreader, clips: LipsClips, batch_size: int) -> list[Transcript]:
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
