"""The test of a lipreader of grid-ctc: what it reads in clips of a split, and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from services.base.errors import BadConfig
from services.lips.decoding.greedy import greedy
from services.lips.decoding.prefix_beam import prefix_beam
from services.lips.language_model.fusion import Fusion
from services.training.checkpoint.file import load_weights
from services.training.data.clips import GridClips
from services.training.data.grid import GridData
from services.training.lipreading.scores.baselines import constant_sentence
from services.training.lipreading.scores.files import Look
from services.training.lipreading.scores.printed import ModelTest
from services.training.lipreading.scores.score import Transcript
from services.training.recipes.grid_ctc.pieces import Lipreader
from services.training.recipes.grid_ctc.spec import GridCtcConfig
from services.training.recipes.validation import batches_of, on_device


def measured(
    config: GridCtcConfig,
    data: GridData,
    weights: Mapping[str, torch.Tensor],
    split: str,
    digests: Mapping[str, str],
    device: torch.device,
    fusion: Fusion | None = None,
) -> ModelTest:
    """split: train, val or test. digests: of what was tested, for who reads the result. fusion: of a language model,
    for the beam. Raises BadConfig NO_TEST_CLIPS, OTHER_NETWORK, DATA_CHANGED; Transient.
    """
    clips = _clips_of(data, split)
    if not clips.items:
        raise BadConfig("NO_TEST_CLIPS", f"the data have no clips of split {split}: test another, or make some")
    reader = Lipreader(config, data.alphabet)
    model = reader.network(config.seed).to(device).eval()
    untrained = transcripts(reader, model, clips, width=1)
    load_weights(model, weights)
    learnt = {clip.key for clip in data.train.clips}
    return ModelTest(
        split=split,
        transcripts=transcripts(reader, model, clips, config.beam_width, fusion),
        untrained=untrained,
        constant=constant_sentence([data.train.text_of(i) for i in range(len(data.train.items))], config.seed),
        digests=digests,
        learnt_from=sum(clip.key in learnt for clip in clips.clips),
        seed=config.seed,
        search=_search(config.beam_width, fusion),
    )


def looks(
    config: GridCtcConfig,
    data: GridData,
    weights: Mapping[str, torch.Tensor],
    split: str,
    chosen: Sequence[Transcript],
    device: torch.device,
) -> list[Look]:
    """Into these clips of the split: their mouth crops, and what the network thinks of them. Raises as `measured`."""
    clips, reader = _clips_of(data, split), Lipreader(config, data.alphabet)
    model = reader.network(config.seed).to(device).eval()
    load_weights(model, weights)
    places = {clip.key: i for i, clip in enumerate(clips.clips)}
    classes = [{" ": "sp"}.get(character, character) for character in data.alphabet.characters]
    classes.insert(data.alphabet.blank, "_")
    found = []
    for one in chosen:
        batch = clips.read([places[one.key]], "")
        with torch.inference_mode():
            _, log_probs = reader.log_probs(model, on_device(batch, device))
        found.append(Look(one, batch["frames_BTHWC"][0].numpy(), log_probs[0].exp().numpy(), classes))
    return found


def _search(width: int, fusion: Fusion | None) -> str:
    """How a text was found, for who reads its score."""
    if width == 1:
        return "likeliest class at each step"
    return f"beam of {width}, {fusion.told if fusion else 'no language model'}"


def _clips_of(data: GridData, split: str) -> GridClips:
    return {"train": data.train, "val": data.val, "test": data.test}[split]


def transcripts(
    reader: Lipreader, model: nn.Module, clips: GridClips, width: int, fusion: Fusion | None = None
) -> list[Transcript]:
    """What the model, in eval mode, reads in each clip, in their order. width: of the beam; 1: greedy. fusion: of a
    language model, for the beam.
    """
    device, blank = next(model.parameters()).device, reader.alphabet.blank
    found: dict[int, Transcript] = {}
    for indices in batches_of(clips, reader.budget_frames):
        with torch.inference_mode():
            _, log_probs = reader.log_probs(model, on_device(clips.read(indices, ""), device))
        for index, one in zip(indices, log_probs, strict=True):
            ids = (
                greedy(one.numpy(), blank)
                if width == 1
                else prefix_beam(one.numpy(), blank, width, fusion=fusion)[0].ids
            )
            clip = clips.clips[index]
            text = reader.alphabet.decode(ids)
            found[index] = Transcript(clip.key, clip.speaker, clips.text_of(index), text, clip.num_frames)
    return [found[index] for index in range(len(clips.items))]
