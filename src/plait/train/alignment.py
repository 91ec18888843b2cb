"""Alignment: a sigmoid contrastive loss over every pair of columns, with a bank of negatives."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


def sigmoid_loss(
    first: Float[Tensor, "row dim"],
    second: Float[Tensor, "other dim"],
    match: Bool[Tensor, "row other"],
    ignore: Bool[Tensor, "row other"],
    scale: Float[Tensor, ""],
    bias: Float[Tensor, ""],
) -> Float[Tensor, ""]:
    """Return the mean over rows of ``sum_j softplus(-y_ij (scale first_i . second_j + bias))``.

    *y* is 1 where `match`, -1 elsewhere; places to `ignore` count for nothing. Each pair is its own
    binary question, so that nothing hangs on the size of the batch (Zhai et al. 2023, "Sigmoid Loss
    for Language Image Pre-Training", algorithm 1).
    """
    logits = scale * first @ second.mT + bias
    loss = F.softplus(torch.where(match, -logits, logits))
    return loss.masked_fill(ignore & ~match, 0.0).sum() / max(len(first), 1)


class Alignment(nn.Module):
    """Learned temperatures and biases of every pair of input columns, and a bank of past vectors.

    Args:
        num_input_columns: Number of input columns; their pairs are (a, b) with a <= b, (a, a) being
            two views.
        dim: Of the vectors.
        bank_size: Past vectors kept per input column as further negatives; 0 keeps none. They come
            from the teacher, whose slow weights keep old vectors comparable (He et al. 2020, MoCo).
        num_others: Vectors that each is compared with: sets the first bias, so that training starts
            from the rate of matches.
    """

    bank: Tensor
    bank_rows: Tensor

    def __init__(
        self, *, num_input_columns: int, dim: int, bank_size: int = 0, num_others: int = 128
    ) -> None:
        super().__init__()
        self.num_input_columns = num_input_columns
        num_pairs = num_input_columns * num_input_columns
        self.log_scale = nn.Parameter(torch.full((num_pairs,), math.log(10.0)))
        self.bias = nn.Parameter(torch.full((num_pairs,), -math.log(num_others)))
        self.register_buffer("bank", torch.zeros(num_input_columns, bank_size, dim))
        self.register_buffer("bank_rows", torch.full((num_input_columns, bank_size), -1))

    @property
    def scale(self) -> float:
        """Mean over pairs of two input columns of what cosines are multiplied with."""
        num = self.num_input_columns
        pairs = [a * num + b for a in range(num) for b in range(a + 1, num)] or [0]
        return float(self.log_scale.detach()[pairs].clamp(max=math.log(100.0)).exp().mean())

    def pair(
        self,
        vectors: Float[Tensor, "input batch dim"],
        others: Float[Tensor, "input batch dim"],
        present: Bool[Tensor, "input batch"],
        alike: Bool[Tensor, "input batch batch"],
        places: tuple[int, int],
    ) -> Float[Tensor, ""] | None:
        """Return the loss between two columns over the rows that have both; None under two rows.

        Args:
            vectors, others: Of the batch's rows; the same for two input columns, another view for
                one.
            present: Which rows have which input column.
            alike: Where two rows hold the same value in an input column: neither match nor
                mismatch.
            places: Numbers of the input columns.
        """
        a, b = places
        rows = torch.nonzero(present[a] & present[b])[:, 0]
        if len(rows) < 2:
            return None
        match = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
        ignore = (alike[a] | alike[b])[rows][:, rows]
        scale, bias = self._slope(a, b)
        return sigmoid_loss(vectors[a][rows], others[b][rows], match, ignore, scale, bias)

    def _slope(self, a: int, b: int) -> tuple[Tensor, Tensor]:
        """Return scale and bias of a pair, the same for (a, b) and (b, a)."""
        place = min(a, b) * self.num_input_columns + max(a, b)
        return self.log_scale[place].clamp(max=math.log(100.0)).exp(), self.bias[place]

    def against_bank(
        self,
        vectors: Float[Tensor, "row dim"],
        alike: Bool[Tensor, "input row place"],
        places: tuple[int, int],
    ) -> Float[Tensor, ""]:
        """Return the loss of vectors of column a against the bank of column b, all mismatches.

        Args:
            vectors: Of input column ``places[0]``.
            alike: Where a row and the row of a place in the bank of column b hold the same value in
                a column: no mismatch where that is so in either column of the pair.
            places: Numbers of the input columns.
        """
        a, b = places
        ignore = alike[a] | alike[b] | (self.bank_rows[b] < 0)[None]
        scale, bias = self._slope(a, b)
        nothing = torch.zeros_like(ignore)
        return sigmoid_loss(vectors, self.bank[b], nothing, ignore, scale, bias)

    @torch.no_grad()
    def remember(
        self,
        vectors: Float[Tensor, "input batch dim"],
        rows: Int[Tensor, " batch"],
        present: Bool[Tensor, "input batch"],
    ) -> None:
        """Put a batch at the front of the bank; the oldest vectors fall out."""
        size = self.bank.shape[1]
        for input_column in range(len(vectors)):
            kept = present[input_column]
            bank = torch.cat(
                [vectors[input_column][kept].to(self.bank.dtype), self.bank[input_column]]
            )
            numbers = torch.cat([rows[kept], self.bank_rows[input_column]])
            self.bank[input_column], self.bank_rows[input_column] = bank[:size], numbers[:size]
