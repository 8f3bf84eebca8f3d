"""A lipreader by attention as ONNX graphs: an encoder, and one step of its decoder, never the loop over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from services.base.errors import VisemillError
from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.bundle import ATTENTION, FRAMES, IDS, LENGTHS, LOG_PROBS, MEMORY, NEXT_STATE, STATE
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.preparation.pictures import GREY
from services.training.lipreading.tokenizer import SOS
from services.training.recipes.ctc_graph import made_clips
from services.training.recipes.traced_graph import TOLERANCE, traced

# Frames of the clips of each batch that the graphs are compared on, and steps of the decoder.
_COMPARED = ((5,), (40, 17, 9, 31), (500,))
_NUM_STEPS = 5
_EXPORTED = (9, 7)
_VIDEO, _LOGITS = "video", "logits"


class EncoderGraph(nn.Module):
    """uint8 [B, T, H, W, 3] RGB, int64 [B] lengths of 1..T -> float32 [B, T, C]."""

    def __init__(self, model: AttentionLipreader) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames_BTHWC: Tensor, lengths_B: Tensor) -> Tensor:
        grey_BTHW = torch.stack([frames_BTHWC[..., i].float() * share for i, share in enumerate(GREY)]).sum(0)
        # Pictures that were learnt from are whole numbers, as OpenCV makes them grey.
        return self.model.encoded(grey_BTHW.round() / 255, lengths_B)[0]


class StepGraph(nn.Module):
    """float32 [B, T, C], int64 [B] lengths and ids before, float32 [B, C] twice, the state -> float32 [B, V], [B, T],
    and the state behind.
    """

    def __init__(self, model: AttentionLipreader) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, memory_BTC: Tensor, lengths_B: Tensor, ids_B: Tensor, h_BC: Tensor, c_BC: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        outside_BT = self.model.outside(lengths_B, memory_BTC.shape[1])
        state = h_BC[None], c_BC[None]
        logits_BV, weights_BT, (h_1BC, c_1BC) = self.model.step(ids_B, memory_BTC, outside_BT, state)
        return logits_BV.log_softmax(-1), weights_BT, h_1BC[0], c_1BC[0]


class ForcedGraph(nn.Module):
    """float32 [B, 1, T, H, W] grey in 0..1, int64 [B] lengths, int64 [B, L] ids that begin with <sos> -> float32
    [B, L, V], of the id behind each.
    """

    def __init__(self, model: AttentionLipreader) -> None:
        super().__init__()
        self.model = model

    def forward(self, video_B1THW: Tensor, lengths_B: Tensor, ids_BL: Tensor) -> Tensor:
        logits_BLV: Tensor = self.model(video_B1THW[:, 0], lengths_B, ids_BL)
        return logits_BLV


def attention_graphs(model: AttentionLipreader, height_px: int, width_px: int) -> tuple[Mapping[str, bytes], float]:
    """`model`, the encoder, and `decoder`, a step, of a model in eval mode, and how much they differ from it at most.

    Raises VisemillError EXPORT_DIFFERS.
    """
    frames, lengths = made_clips(_EXPORTED, height_px, width_px)
    example = torch.from_numpy(frames), torch.from_numpy(lengths)
    with torch.inference_mode():
        memory_BTC = EncoderGraph(model).eval()(*example)
    clips, of_memory = {0: "batch"}, {0: "batch", 1: "frames"}
    encoder = traced(
        EncoderGraph(model).eval(), example, {FRAMES: of_memory, LENGTHS: clips, MEMORY: of_memory}, num_inputs=2
    )
    state = torch.zeros(len(lengths), memory_BTC.shape[-1])
    inputs = dict.fromkeys((MEMORY,), of_memory) | dict.fromkeys((LENGTHS, IDS, *STATE), clips)
    outputs = {LOG_PROBS: clips, ATTENTION: of_memory, **dict.fromkeys(NEXT_STATE, clips)}
    ids = torch.full((len(lengths),), SOS)
    step = traced(
        StepGraph(model).eval(),
        (memory_BTC, example[1], ids, state, state.clone()),
        {**inputs, **outputs},
        num_inputs=len(inputs),
    )
    return {"model": encoder, "decoder": step}, _worst(encoder, step, model, height_px, width_px)


def forced_graph(model: AttentionLipreader, height_px: int, width_px: int) -> tuple[bytes, float]:
    """A model in eval mode as one file, which says what is behind ids that it is given, and how much it differs from
    the model at most. Raises VisemillError EXPORT_DIFFERS.
    """
    video = torch.zeros(2, 1, 9, height_px, width_px)
    ids = torch.tensor([[SOS, SOS, SOS]] * 2)
    axes = {
        _VIDEO: {0: "batch", 2: "frames"},
        LENGTHS: {0: "batch"},
        IDS: {0: "batch", 1: "ids"},
        _LOGITS: {0: "batch", 1: "ids"},
    }
    data = traced(ForcedGraph(model).eval(), (video, torch.tensor(_EXPORTED), ids), axes, num_inputs=3)
    session, worst = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]), 0.0
    for lengths in _COMPARED:
        frames, lengths_B = made_clips(lengths, height_px, width_px)
        grey_B1THW = np.stack([_grey(one) for one in frames])[:, None].astype(np.float32) / 255
        ids_BL = np.random.default_rng(1).integers(SOS, model.vocabulary_size, (len(lengths), _NUM_STEPS))
        (found_BLV,) = session.run([_LOGITS], {_VIDEO: grey_B1THW, LENGTHS: lengths_B, IDS: ids_BL})
        with torch.inference_mode():
            expected = model(torch.from_numpy(grey_B1THW[:, 0]), torch.from_numpy(lengths_B), torch.from_numpy(ids_BL))
        found = torch.from_numpy(found_BLV).softmax(-1)
        worst = max(worst, float((found - expected.softmax(-1)).abs().max()))
    return data, _within(worst)


def _worst(encoder: bytes, step: bytes, model: AttentionLipreader, height_px: int, width_px: int) -> float:
    """The greatest difference in probabilities, of texts that the model reads itself, in batches and alone."""
    sessions = [onnxruntime.InferenceSession(one, providers=["CPUExecutionProvider"]) for one in (encoder, step)]
    worst = 0.0
    for lengths in _COMPARED:
        frames, lengths_B = made_clips(lengths, height_px, width_px)
        parts = [(slice(None), max(lengths))]
        parts += [(slice(b, b + 1), one) for b, one in enumerate(lengths)] if len(lengths) > 1 else []
        # Each part by itself in the model too: one without a mask over padding looks at it.
        for clips, longest in parts:
            own, own_lengths_B = frames[clips, :longest], lengths_B[clips]
            with torch.inference_mode():
                pictures = torch.from_numpy(np.stack([_grey(one) for one in own])).float() / 255
                ids_BL = model.read(pictures, torch.from_numpy(own_lengths_B), _NUM_STEPS)
                forced_BL = torch.cat([torch.full((len(own), 1), SOS), ids_BL[:, :-1]], dim=1)
                expected_BLV = model(pictures, torch.from_numpy(own_lengths_B), forced_BL).softmax(-1).numpy()
            found_BLV = _by_steps(sessions, own, own_lengths_B, forced_BL.numpy())
            worst = max(worst, float(np.abs(found_BLV - expected_BLV).max()))
    return _within(worst)


def _within(worst: float) -> float:
    """Raises VisemillError EXPORT_DIFFERS."""
    # A comparison that NaN fails, too.
    if not worst <= TOLERANCE:
        raise VisemillError(
            "EXPORT_DIFFERS", f"the graphs differ from the model by {worst:.2g}, over {TOLERANCE:g}: please report it"
        )
    return worst


def _by_steps(
    sessions: Sequence[onnxruntime.InferenceSession], frames: UInt8Array, lengths_B: np.ndarray, ids_BL: np.ndarray
) -> Float32Array:
    """Probabilities float32 [B, L, V]."""
    (memory_BTC,) = sessions[0].run([MEMORY], {FRAMES: frames, LENGTHS: lengths_B})
    state = [np.zeros((len(frames), memory_BTC.shape[-1]), np.float32) for _ in STATE]
    steps = []
    for ids_B in ids_BL.T:
        inputs = {MEMORY: memory_BTC, LENGTHS: lengths_B, IDS: np.ascontiguousarray(ids_B)}
        log_probs_BV, *state = sessions[1].run(
            [LOG_PROBS, *NEXT_STATE], {**inputs, **dict(zip(STATE, state, strict=True))}
        )
        steps.append(np.exp(log_probs_BV))
    return np.stack(steps, axis=1)


def _grey(frames_THWC: UInt8Array) -> UInt8Array:
    return np.rint(frames_THWC.astype(np.float32) @ np.array(GREY, np.float32)).astype(np.uint8)
