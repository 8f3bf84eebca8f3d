"""A lipreader by CTC and attention as two ONNX graphs: what CTC says of a clip and what the decoder looks at, and how
likely the decoder finds texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from services.base.errors import VisemillError
from services.base.media.arrays import Int64Array, UInt8Array
from services.lips.bundle import FRAMES, IDS, LENGTHS, LOG_PROBS, MEMORY, SCORES
from services.lips.decoding.prefix_beam import Hypothesis
from services.lips.decoding.rescoring import decoder_ids
from services.training.interfaces import Batch
from services.training.lipreading.networks.conformer_lipreader import ConformerLipreader, places_of_ids
from services.training.lipreading.tokenizer import PAD
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader
from services.training.recipes.ctc_graph import COMPARED, LipreaderGraph, check_parity, made_clips
from services.training.recipes.traced_graph import TOLERANCE, traced

_EXPORTED = (9, 7)
# Characters of the texts of each clip that are compared.
_TEXTS = (0, 1, 4, 11)


class JointGraph(LipreaderGraph):
    """uint8 [B, T, H, W, 3], int64 [B] lengths of 1..T -> float32 [B, T, K], float32 [B, T, C]."""

    def forward(self, frames_BTHWC: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        assert isinstance(self.network, ConformerLipreader)
        memory_BTC = self.network.encoded(self.pictures(frames_BTHWC, lengths_B), lengths_B)
        return self.network.ctc(memory_BTC).float().log_softmax(-1), memory_BTC


class ScoringGraph(nn.Module):
    """float32 [B, T, C], int64 [B] lengths, int64 [B, N, L] ids of N texts -> float32 [B, N].

    The decoder's layers, written out: an exporter of traces takes the sizes in torch's own for fixed ones. Frames of a
    clip become keys and values once, for all of its texts.
    """

    def __init__(self, model: ConformerLipreader) -> None:
        """Raises ValueError without a decoder."""
        super().__init__()
        if model.decoder is None:
            raise ValueError("this network has no decoder: it was made with CTC alone")
        self.decoder = model.decoder

    def forward(self, memory_BTC: Tensor, lengths_B: Tensor, ids_BNL: Tensor) -> Tensor:
        decoder = self.decoder
        before_BNL, behind_BNL = ids_BNL[..., :-1], ids_BNL[..., 1:]
        batch_size, num_texts, num_ids = before_BNL.shape
        width = memory_BTC.shape[-1]
        places_L = torch.arange(num_ids)
        seen_LL = places_L[None, :] <= places_L[:, None]
        inside_BT = torch.arange(memory_BTC.shape[1]) < lengths_B[:, None]
        x_BNLC = decoder.embedding(before_BNL) * math.sqrt(width) + places_of_ids(places_L, width)
        for layer in decoder.layers.layers:
            own_MLC = layer.norm1(x_BNLC).reshape(batch_size * num_texts, num_ids, width)
            own_MLC = _attended(layer.self_attn, own_MLC, own_MLC, seen_LL[None, None])
            x_BNLC = x_BNLC + own_MLC.reshape(batch_size, num_texts, num_ids, width)
            asks_BQC = layer.norm2(x_BNLC).reshape(batch_size, num_texts * num_ids, width)
            looked_BQC = _attended(layer.multihead_attn, asks_BQC, memory_BTC, inside_BT[:, None, None])
            x_BNLC = x_BNLC + looked_BQC.reshape(batch_size, num_texts, num_ids, width)
            x_BNLC = x_BNLC + layer.linear2(layer.activation(layer.linear1(layer.norm3(x_BNLC))))
        log_probs_BNLV = decoder.out(decoder.layers.norm(x_BNLC)).log_softmax(-1)
        of_ids_BNL = log_probs_BNLV.gather(3, behind_BNL[..., None])[..., 0]
        scores_BN: Tensor = (of_ids_BNL * (behind_BNL != PAD)).sum(-1)
        return scores_BN


def _attended(module: nn.MultiheadAttention, asks_BQC: Tensor, told_BTC: Tensor, sees: Tensor) -> Tensor:
    """What torch's module gives, float [B, Q, C]. sees: bool [B or 1, 1, Q or 1, T]."""
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    batch_size, width, heads = asks_BQC.shape[0], asks_BQC.shape[-1], module.num_heads
    query_BHQD, key_BHTD, value_BHTD = (
        nn.functional.linear(one, weight, bias).reshape(batch_size, -1, heads, width // heads).transpose(1, 2)
        for one, weight, bias in zip((asks_BQC, told_BTC, told_BTC), weights, biases, strict=True)
    )
    scores_BHQT = query_BHQD @ key_BHTD.transpose(-2, -1) / math.sqrt(width // heads)
    looks_BHQT = scores_BHQT.masked_fill(~sees, -math.inf).softmax(-1)
    seen_BQC: Tensor = module.out_proj((looks_BHQT @ value_BHTD).transpose(1, 2).reshape(batch_size, -1, width))
    return seen_BQC


def joint_graphs(
    reader: ConformerReader,
    model: ConformerLipreader,
    height_px: int,
    width_px: int,
    batches: Sequence[Sequence[int]] | None = None,
) -> tuple[Mapping[str, bytes], float]:
    """`model` and `decoder` of a model in eval mode, and how much they differ from it at most, over clips in batches
    and alone. batches: frames of the clips of each; None: COMPARED.

    Raises ValueError for a model without a decoder, VisemillError EXPORT_DIFFERS.
    """
    graph = JointGraph(model, reader.crop, height_px, width_px).eval()
    frames, lengths = made_clips(_EXPORTED, height_px, width_px)
    example = torch.from_numpy(frames), torch.from_numpy(lengths)
    clips, of_time = {0: "batch"}, {0: "batch", 1: "frames"}
    encoder = traced(
        graph, example, {FRAMES: of_time, LENGTHS: clips, LOG_PROBS: of_time, MEMORY: of_time}, num_inputs=2
    )
    with torch.inference_mode():
        memory_BTC = graph(*example)[1]
    ids = torch.from_numpy(np.stack([_texts(reader.blank, b) for b in range(len(lengths))]))
    axes = {
        MEMORY: of_time,
        LENGTHS: clips,
        IDS: {0: "batch", 1: "texts", 2: "ids"},
        SCORES: {0: "batch", 1: "texts"},
    }
    decoder = traced(ScoringGraph(model).eval(), (memory_BTC, example[1], ids), axes, num_inputs=3)
    worst = check_parity(encoder, reader, model, height_px, width_px, batches)
    worst = max(
        worst,
        _worst(encoder, decoder, reader, model, [made_clips(one, height_px, width_px) for one in batches or COMPARED]),
    )
    return {"model": encoder, "decoder": decoder}, worst


def _worst(
    encoder: bytes,
    decoder: bytes,
    reader: ConformerReader,
    model: ConformerLipreader,
    batches: Sequence[tuple[UInt8Array, Int64Array]],
) -> float:
    """The greatest difference of a score, a character of its text, in batches and alone. Raises EXPORT_DIFFERS."""
    sessions = [onnxruntime.InferenceSession(one, providers=["CPUExecutionProvider"]) for one in (encoder, decoder)]
    worst = 0.0
    for frames, lengths_B in batches:
        ids_BNL = np.stack([_texts(reader.blank, b) for b in range(len(lengths_B))])
        parts = [(slice(None), frames.shape[1])]
        parts += [(slice(b, b + 1), length) for b, length in enumerate(lengths_B.tolist())]
        batch: Batch = {"frames_BTHWC": torch.from_numpy(frames), "lengths_B": torch.from_numpy(lengths_B)}
        expected_BN = reader.decoder_scores(model, batch, ids_BNL)
        for clips, longest in parts:
            given = {FRAMES: frames[clips, :longest], LENGTHS: lengths_B[clips]}
            (memory_BTC,) = sessions[0].run([MEMORY], given)
            inputs = {MEMORY: memory_BTC, LENGTHS: lengths_B[clips], IDS: ids_BNL[clips]}
            (found_BN,) = sessions[1].run([SCORES], inputs)
            differs_BN = np.abs(found_BN - expected_BN[clips]) / (1 + np.array(_TEXTS))
            worst = max(worst, float(differs_BN.max()))
    # A comparison that NaN fails, too.
    if not worst <= TOLERANCE:
        raise VisemillError(
            "EXPORT_DIFFERS", f"the decoder's graph differs by {worst:.2g}, over {TOLERANCE:g}: please report it"
        )
    return worst


def _texts(num_characters: int, seed: int) -> Int64Array:
    """int64 [N, L] of texts that nobody has said."""
    made = np.random.default_rng(seed)
    texts: Sequence[Sequence[int]] = [made.integers(0, num_characters, length).tolist() for length in _TEXTS]
    return decoder_ids([Hypothesis(tuple(one), 0.0, 0.0) for one in texts])
