"""A bidirectional LSTM over clips of different lengths, each from its own end."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class BiLstm(nn.Module):
    """float [B, T, input_size], int64 [B] lengths of 1..T on the CPU -> float [B, T, 2 * hidden_size], zeros past a
    clip's end. dropout: between its layers.
    """

    def __init__(self, input_size: int, hidden_size: int, num_layers: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True, bidirectional=True, dropout=dropout)

    def forward(self, x_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        sequence = pack_padded_sequence(x_BTC, lengths_B, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(sequence)[0], batch_first=True, total_length=x_BTC.shape[1])[0]
