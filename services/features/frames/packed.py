"""Convolutions as a processor likes them: oneDNN's own layout of their weights, the rectifier inside.

Left to itself, torch lays weights out anew at every call, and each rectifier is a pass over memory of its own. These
are the operators that its compiler puts in when it freezes a network; they need no compiler themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from services.features.frames.inception import ConvNormRelu, InceptionV3
from services.features.spec import FeaturesConfig


class PackedConv(nn.Module):
    """A ConvNormRelu whose norm is folded in. Its weights are laid out when it first sees how large its inputs are."""

    def __init__(self, folded: ConvNormRelu) -> None:
        super().__init__()
        conv = folded.conv
        self._weight, self._bias = conv.weight, conv.bias
        self._geometry = (conv.padding, conv.stride, conv.dilation, conv.groups)
        self._is_packed = False

    def forward(self, x: Tensor) -> Tensor:
        if not self._is_packed:
            lay_out = torch.ops.mkldnn._reorder_convolution_weight
            self._weight = nn.Parameter(lay_out(self._weight, *self._geometry, x.shape), requires_grad=False)
            self._is_packed = True
        answer: Tensor = torch.ops.mkldnn._convolution_pointwise(
            x, self._weight, self._bias, *self._geometry, "relu", [], ""
        )
        return answer


def can_pack(dtype: torch.dtype) -> bool:
    """Whether this torch on this processor has such convolutions in a number format."""
    if not torch.backends.mkldnn.is_available():
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def tune(network: InceptionV3, config: FeaturesConfig, device_type: str) -> None:
    """Folds its norms, and on a processor lays its weights out as oneDNN likes them (services.features.networks)."""
    network.fold_norms()
    memory_format = torch.channels_last if config.channels_last else torch.contiguous_format
    network.to(dtype=getattr(torch, config.dtype), memory_format=memory_format)
    if device_type == "cpu" and config.channels_last and can_pack(network.dtype):
        pack(network)


def pack(network: InceptionV3) -> None:
    """Replaces every convolution of a network with folded norms, in channels-last order, by its packed one."""
    for name, module in list(network.named_modules()):
        if isinstance(module, ConvNormRelu):
            network.set_submodule(name, PackedConv(module))
