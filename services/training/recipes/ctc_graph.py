"""A lipreader that CTC reads as one ONNX graph: crops of mouths as records have them in, log-probabilities out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.base.errors import VisemillError
from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.bundle import FRAMES, LENGTHS, LOG_PROBS
from services.training.interfaces import Batch
from services.training.lipreading.preparation.pictures import GREY, LEAST_SPREAD, Crop, offset_px
from services.training.recipes.traced_graph import TOLERANCE, traced

# Frames of the clips of each batch that the graph is compared on: 1 to 4 clips of 5 to 500 frames.
COMPARED = ((5,), (75, 17), (40, 75, 75), (500, 31, 5, 120))
_EXPORTED = (9, 7)


class CtcReader(Protocol):
    """crop: what `prepare` cuts out of a picture. log_probs_of: (model, batch of frames and lengths) -> of each clip
    float32 [S, K], ln of the probabilities of K classes at its S steps.
    """

    @property
    def crop(self) -> Crop: ...

    def log_probs_of(self, model: nn.Module, batch: Batch) -> list[Tensor]: ...


class LipreaderGraph(nn.Module):
    """uint8 [B, T, H, W, 3], int64 [B] lengths of 1..T -> float32 [B, S, K].

    What `prepare` does to a clip that nothing was drawn for, by operations that hold for any B and T, and the network.
    """

    def __init__(self, network: nn.Module, crop: Crop, height_px: int, width_px: int) -> None:
        """Raises ValueError where the crop is no multiple of its picture."""
        super().__init__()
        if crop.height_px % crop.out_height_px or crop.width_px % crop.out_width_px:
            raise ValueError(f"a graph shrinks by whole numbers: {crop}")
        self.network, self.crop = network, crop
        top, left = offset_px(height_px - crop.height_px, 0, 0), offset_px(width_px - crop.width_px, 0, 0)
        self.register_buffer("rows_H", (top + torch.arange(crop.height_px)).clamp(0, height_px - 1))
        self.register_buffer("columns_W", (left + torch.arange(crop.width_px)).clamp(0, width_px - 1))

    def pictures(self, frames_BTHWC: Tensor, lengths_B: Tensor) -> Tensor:
        """float32 [B, T, H, W], as the network takes them."""
        grey_BTHW = torch.stack([frames_BTHWC[..., i].float() * (share / 255) for i, share in enumerate(GREY)]).sum(0)
        window_BTHW = grey_BTHW.index_select(2, self.rows_H).index_select(3, self.columns_W)
        crop = self.crop
        if (crop.height_px, crop.width_px) != (crop.out_height_px, crop.out_width_px):
            kernel = (crop.height_px // crop.out_height_px, crop.width_px // crop.out_width_px)
            window_BTHW = F.avg_pool2d(window_BTHW.flatten(0, 1)[:, None], kernel)[:, 0].unflatten(
                0, (frames_BTHWC.shape[0], frames_BTHWC.shape[1])
            )
        inside_BT = (torch.arange(frames_BTHWC.shape[1]) < lengths_B[:, None]).float()
        mean_B = (window_BTHW.mean((2, 3)) * inside_BT).sum(1) / lengths_B
        centred_BTHW = (window_BTHW - mean_B[:, None, None, None]) * inside_BT[:, :, None, None]
        spread_B = (centred_BTHW.square().mean((2, 3)).sum(1) / lengths_B).sqrt().clamp_min(LEAST_SPREAD)
        pictures_BTHW: Tensor = centred_BTHW / spread_B[:, None, None, None]
        return pictures_BTHW

    def forward(self, frames_BTHWC: Tensor, lengths_B: Tensor) -> Tensor:
        logits_BSK = self.network(self.pictures(frames_BTHWC, lengths_B), lengths_B)[0]
        log_probs_BSK: Tensor = logits_BSK.float().log_softmax(-1)
        return log_probs_BSK


def ctc_graphs(reader: CtcReader, model: nn.Module, height_px: int, width_px: int) -> tuple[Mapping[str, bytes], float]:
    """The file of a model in eval mode, `model`, and how much it differs from it. Raises as `graph_bytes` and
    `check_parity`.
    """
    data = graph_bytes(reader, model, height_px, width_px)
    return {"model": data}, check_parity(data, reader, model, height_px, width_px)


def graph_bytes(reader: CtcReader, model: nn.Module, height_px: int, width_px: int) -> bytes:
    """The ONNX file of a model in eval mode. Raises ValueError where its crop is no multiple of its picture."""
    graph = LipreaderGraph(model, reader.crop, height_px, width_px).eval()
    frames, lengths = made_clips(_EXPORTED, height_px, width_px)
    dynamic = {
        FRAMES: {0: "batch", 1: "frames"},
        LENGTHS: {0: "batch"},
        LOG_PROBS: {0: "batch", 1: "steps"},
    }
    return traced(graph, (torch.from_numpy(frames), torch.from_numpy(lengths)), dynamic, num_inputs=2)


def check_parity(
    data: bytes,
    reader: CtcReader,
    model: nn.Module,
    height_px: int,
    width_px: int,
    batches: Sequence[Sequence[int]] | None = None,
) -> float:
    """The greatest difference between the graph and the model with its preparation, over clips in batches and alone.

    batches: frames of the clips of each; None: COMPARED. Raises VisemillError EXPORT_DIFFERS where it is over
    TOLERANCE, or where the declared axes are not those of any batch.
    """
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    declared = session.get_outputs()[0].shape[:2]
    if any(isinstance(size, int) for size in declared):
        raise VisemillError("EXPORT_DIFFERS", f"the graph declares [batch, steps] as {declared}: please report it")
    worst = 0.0
    for lengths in batches or COMPARED:
        frames, lengths_B = made_clips(lengths, height_px, width_px)
        found_BSK = session.run([LOG_PROBS], {FRAMES: frames, LENGTHS: lengths_B})[0]
        expected = _expected(reader, model, frames, lengths_B)
        for i, (length, one_SK) in enumerate(zip(lengths, expected, strict=True)):
            pairs = [(found_BSK[i], one_SK)]
            if len(lengths) > 1:
                own = {FRAMES: frames[i : i + 1, :length], LENGTHS: lengths_B[i : i + 1]}
                pairs.append((session.run([LOG_PROBS], own)[0][0], one_SK))
            worst = max(worst, *(_difference(a, b) for a, b in pairs))
    # A comparison that NaN fails, too.
    if not worst <= TOLERANCE:
        raise VisemillError(
            "EXPORT_DIFFERS", f"the graph differs from the model by {worst:.2g}, over {TOLERANCE:g}: please report it"
        )
    return worst


def _difference(found_SK: Float32Array, expected_SK: Float32Array) -> float:
    """Of probabilities, over the steps of the clip; inf where they are fewer. A log-probability, a tenth of whose share
    counts, is held to ten times that: of a network that is sure, the sums behind ln p = -60 are large, and their
    rounding in float32 shows in no probability.
    """
    if len(found_SK) < len(expected_SK):
        return math.inf
    found_SK = found_SK[: len(expected_SK)]
    share = np.abs(found_SK - expected_SK) / np.maximum(1, np.abs(expected_SK))
    return float(max(np.abs(np.exp(found_SK) - np.exp(expected_SK)).max(), share.max() / 10))


def _expected(reader: CtcReader, model: nn.Module, frames: UInt8Array, lengths_B: np.ndarray) -> list[Float32Array]:
    batch = {"frames_BTHWC": torch.from_numpy(frames), "lengths_B": torch.from_numpy(lengths_B)}
    with torch.inference_mode():
        return [one.numpy() for one in reader.log_probs_of(model, batch)]


def made_clips(lengths: Sequence[int], height_px: int, width_px: int) -> tuple[UInt8Array, np.ndarray]:
    """Made clips, noise behind their ends as well: nothing of it may be seen."""
    made = np.random.default_rng(sum(lengths))
    frames = made.integers(0, 256, (len(lengths), max(lengths), height_px, width_px, 3), np.uint8)
    return frames, np.array(lengths, np.int64)
