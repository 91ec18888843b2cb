"""Masked latent prediction: guess what a teacher sees where the student is blind."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.tokens import Tokens


def hide_tokens(
    tokens: Tokens,
    column: Int[Tensor, " token"],
    share: float,
    generator: torch.Generator | None = None,
) -> Bool[Tensor, "batch token"]:
    """Choose which tokens the student does not see: in each column, a region of about `share`.

    A region is the tokens nearest to a random one, in their own coordinates: a span of a sequence,
    a patch of a picture. Columns of a single token (numbers, categories) are hidden whole with
    chance `share`, but never all of a row's tokens (Assran et al. 2023, I-JEPA, section 3: large
    regions, so that what is there must be understood rather than smoothed over).
    """
    batch = len(tokens.mask)
    hidden = torch.zeros_like(tokens.mask)
    for number in column.unique().tolist():
        places = torch.nonzero(column == number)[:, 0]
        mask = tokens.mask[:, places]
        noise = torch.rand(mask.shape, generator=generator).to(mask.device)
        centre = torch.where(mask, noise, -1.0).argmax(1)
        spots = tokens.positions[:, places]
        chosen = spots[torch.arange(batch, device=mask.device), centre]
        distance = (spots - chosen[:, None]).square().sum(-1) + 1e-3 * noise
        rank = distance.masked_fill(~mask, torch.inf).argsort(1).argsort(1)
        draw = torch.rand(batch, generator=generator).to(mask.device)
        num = (mask.sum(1) * share + draw).floor()
        hidden[:, places] = (rank < num[:, None]) & mask
    alone = ~(tokens.mask & ~hidden).any(1)
    return hidden & ~alone[:, None]


class LatentPredictor(nn.Module):
    """Stands a learned vector where tokens are hidden, and guesses the teacher's tokens there.

    Args:
        dim: Of the tokens.
    """

    def __init__(self, *, dim: int) -> None:
        super().__init__()
        self.blank = nn.Parameter(torch.randn(dim) * 0.02)
        self.guess = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def blind(self, tokens: Tokens, hidden: Bool[Tensor, "batch token"]) -> Tokens:
        """Return the tokens with hidden ones blanked; their places stay known."""
        blank = self.blank.to(tokens.values.dtype)
        return tokens._replace(values=torch.where(hidden[..., None], blank, tokens.values))

    def loss(
        self,
        seen: Float[Tensor, "batch token dim"],
        target: Float[Tensor, "batch token dim"],
        hidden: Bool[Tensor, "batch token"],
        column: Int[Tensor, " token"],
    ) -> Float[Tensor, ""]:
        """Return the smooth L1 distance at hidden places, each column weighing the same.

        Args:
            seen: The student's trunk output.
            target: The teacher's, of the same tokens unhidden; normalised per token here, so that a
                teacher cannot make the loss small by shrinking (Baevski et al. 2022, data2vec
                2.0, section 3).
            hidden: Where to compare.
            column: Column number of each token.
        """
        goal = F.layer_norm(target.float(), target.shape[-1:])
        error = F.smooth_l1_loss(self.guess(seen).float(), goal, reduction="none").mean(-1)
        found = []
        for number in column.unique().tolist():
            places = hidden & (column == number)[None]
            found.append((error * places).sum() / places.sum().clamp(min=1))
        return torch.stack(found).mean()


def spread(vectors: Float[Tensor, "row dim"]) -> dict[str, float]:
    """Return how far unit vectors are from collapse.

    ``std``: mean over coordinates of the standard deviation over rows, times sqrt(dim); near 1 when
    vectors fill the sphere, 0 when all are one. ``rank``: effective rank, the exponential of the
    entropy of the normalised singular values (Roy and Vetterli 2007), between 1 and dim.
    """
    centred = vectors.double() - vectors.double().mean(0)
    std = float(centred.std(0, unbiased=False).mean() * vectors.shape[1] ** 0.5)
    values = torch.linalg.svdvals(centred)
    share = values / values.sum().clamp(min=1e-12)
    entropy = -(share * share.clamp(min=1e-12).log()).sum()
    return {"std": std, "rank": float(entropy.exp())}
