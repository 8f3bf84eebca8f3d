"""Speech features against a run of the original's sequence, part by part, on one thread.

python benchmarks/speech_networks.py [--clips 4] [--most-s 6] [--batch 8] [--layers 3]

Full widths, random weights, noise of 24 kHz; CPU seconds. The original's sequence, a batch of clips in file order: to
16 kHz, filterbanks padded to the longest, 24 layers of w2v-BERT with all their states by transformers' own attention,
codes and both conditions of what is padded, the front of a condition over a whole clip at once (of a whole batch at
once it would take 6 GB). Both sides compute --layers layers of w2v-BERT, whose time then counts for 24 and for 17.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from services.base.media.arrays import Float32Array
from services.base.process.threads import thread_environment
from services.containers.audio.sinc import SincResampler
from services.features.ops import padded
from services.features.speech.extraction import SpeechNetworks
from services.features.speech.filterbank import RATE_HZ, Filterbank
from services.features.speech.repcodec import CodecShape, SemanticCodec
from services.features.speech.voice import VoiceConditioner, VoiceShape
from services.features.speech.w2v_bert import SEMANTIC_LAYER, W2vBertShape, w2v_bert

SOURCE_HZ = 24_000
ORIGINAL_LAYERS = 24
PARTS = ("sound", "encoder", "codec", "condition", "emotion")


class Spent:
    """CPU seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        began_s = time.process_time()
        yield
        self.seconds[part] += time.process_time() - began_s

    def scaled(self, layers: float) -> Spent:
        """With the encoder's time times so many."""
        made = Spent()
        made.seconds.update({part: s * (layers if part == "encoder" else 1.0) for part, s in self.seconds.items()})
        return made

    def total_s(self) -> float:
        return sum(self.seconds.values())


class WholeFront(nn.Module):
    """The front of a conformer as the original computes it: the convolution of a whole clip, then the linear layer."""

    def __init__(self, front: Any) -> None:
        super().__init__()
        self.conv, self.out, self.pos_enc = front.conv, front.out, front.pos_enc

    def forward(self, features_NTC: Tensor) -> Tensor:
        rows = [self.out(self.conv(one[:, None]).transpose(1, 2).flatten(2)) for one in features_NTC.split(1)]
        return torch.cat(rows)


def original_voice(ours: VoiceConditioner) -> VoiceConditioner:
    """Of the same weights."""
    with torch.device("meta"):
        made: Any = VoiceConditioner(ours.shape, original_padding=True)
    made.load_state_dict(ours.state_dict(), assign=True)
    for conformer in (made.conditioning_encoder, made.emo_conditioning_encoder):
        conformer.embed = WholeFront(conformer.embed)
        for block in conformer.encoders:
            block.self_attn.num_at_once = 1_000_000
    voice: VoiceConditioner = made.eval().requires_grad_(False)
    return voice


def networks(num_layers: int) -> tuple[SpeechNetworks, SpeechNetworks]:
    """The original's and ours, of the same weights at their full widths."""
    from transformers import Wav2Vec2BertConfig, Wav2Vec2BertModel

    torch.manual_seed(0)
    config = Wav2Vec2BertConfig(
        num_hidden_layers=num_layers, position_embeddings_type="relative_key", add_adapter=False,
        apply_spec_augment=False, attn_implementation="eager",
    )  # fmt: skip
    theirs: Any = Wav2Vec2BertModel(config)
    shape = W2vBertShape(num_layers=num_layers)
    with torch.device("meta"):
        encoder = w2v_bert(shape)
    encoder.load_state_dict(
        {name: of for name, of in theirs.state_dict().items() if name != "masked_spec_embed"}, assign=True
    )
    codec, voice = SemanticCodec(CodecShape()), VoiceConditioner(VoiceShape())
    mean_C, var_C = torch.zeros(shape.hidden_size), torch.ones(shape.hidden_size)
    return (
        SpeechNetworks(theirs, codec, original_voice(voice), mean_C, var_C).eval().requires_grad_(False),
        SpeechNetworks(encoder, codec, voice, mean_C, var_C).eval().requires_grad_(False),
    )


def heard(filterbank: Filterbank, samples_S: Float32Array) -> Float32Array:
    resampler = SincResampler(SOURCE_HZ, RATE_HZ)
    return filterbank(np.concatenate([*resampler.push(samples_S), *resampler.finish()]))


def compute(net: SpeechNetworks, sounds: Sequence[Float32Array], batch: int, *, is_original: bool) -> Spent:
    """All clips, that many at once. Ours computes what `SpeechNetworks` does, a part after the other."""
    spent, filterbank = Spent(), Filterbank()
    for first in range(0, len(sounds), batch):
        with spent.on("sound"):
            filterbanks_NTC, lengths = padded([heard(filterbank, one) for one in sounds[first : first + batch]])
        lengths_N = torch.from_numpy(lengths)
        with torch.inference_mode():
            with spent.on("encoder"):
                if is_original:
                    mask_NT = (torch.arange(filterbanks_NTC.shape[1]) < lengths_N[:, None]).to(torch.int64)
                    network: Any = net.encoder
                    state = network(
                        torch.from_numpy(filterbanks_NTC), attention_mask=mask_NT, output_hidden_states=True
                    )
                    semantic_NTC = (state.hidden_states[-1] - net.mean_C) / net.std_C
                else:
                    semantic_NTC = net.semantic(torch.from_numpy(filterbanks_NTC), lengths_N)
            with spent.on("codec"):
                net.codec(semantic_NTC, None if is_original else lengths_N)
            with spent.on("condition"):
                net.voice.perceiver_encoder(*net.voice.conditioning_encoder(semantic_NTC, lengths_N))
            with spent.on("emotion"):
                net.voice.emo_perceiver_encoder(*net.voice.emo_conditioning_encoder(semantic_NTC, lengths_N))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--most-s", type=float, default=6.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--layers", type=int, default=3)
    flags = parser.parse_args()
    os.environ.update(thread_environment(1))
    torch.set_num_threads(1)
    theirs, ours = networks(flags.layers)
    rng = np.random.default_rng(1)
    seconds = rng.uniform(1.0, flags.most_s, flags.clips)
    sounds = [rng.standard_normal(int(s * SOURCE_HZ)).astype(np.float32) / 10 for s in seconds]
    for net, is_original in ((theirs, True), (ours, False)):
        compute(net, [sounds[0][: SOURCE_HZ // 2]], 1, is_original=is_original)
    kept, all_layers = SEMANTIC_LAYER / flags.layers, ORIGINAL_LAYERS / flags.layers
    spent = {
        "ours, clip by clip": compute(ours, sounds, 1, is_original=False).scaled(kept),
        "the original's, 1 at once": compute(theirs, sounds, 1, is_original=True).scaled(all_layers),
        f"the original's, {flags.batch} at once": compute(theirs, sounds, flags.batch, is_original=True).scaled(
            all_layers
        ),
    }
    total_s, ours_s = float(seconds.sum()), spent["ours, clip by clip"].total_s()
    longest_s = [max(seconds[i : i + flags.batch]) for i in range(0, flags.clips, flags.batch)]
    rows = [min(flags.batch, flags.clips - i) for i in range(0, flags.clips, flags.batch)]
    waste = 1 - total_s / float(np.dot(longest_s, rows))
    print(f"\n{flags.clips} clips of 1 to {flags.most_s:g} s, {total_s:.0f} s in all; CPU s a second of sound;")
    print(f"{flags.batch} at once in file order have {waste:.0%} padding; {flags.layers} layers of w2v-BERT measured")
    print(f"\n| way | {' | '.join(PARTS)} | sum | times ours |\n|---|{'---|' * (len(PARTS) + 2)}")
    for name, of_way in spent.items():
        parts = " | ".join(f"{of_way.seconds[part] / total_s:.3f}" for part in PARTS)
        print(f"| {name} | {parts} | {of_way.total_s() / total_s:.2f} | {of_way.total_s() / ours_s:.2f} |")


if __name__ == "__main__":
    main()
