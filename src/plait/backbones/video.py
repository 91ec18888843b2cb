"""What a picture checkpoint wants to see of a film: some frames, each prepared as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from plait.backbones.preprocessing import ImagePreparation, preparation_hash
from plait.modalities.video.clip import Clip
from plait.types import Arrays, ArraySpec, Layout

NUM_FRAMES = 8


@dataclass(frozen=True, kw_only=True)
class VideoPreparation:
    """Frames evenly spread over a clip, the first and the last included, as pixels of one size.

    Attributes:
        picture: What is done to each frame; rescaled and normalised by the network.
        num_frames: Most frames taken; shorter clips give all of theirs.
    """

    modality: ClassVar[str] = "video"

    picture: ImagePreparation
    num_frames: int = NUM_FRAMES

    @property
    def layout(self) -> Layout:
        return {"frames": ArraySpec(("frame", *self.picture.layout["pixels"].shape), "uint8")}

    @property
    def hash(self) -> str:
        return preparation_hash(self)

    def prepare(self, raw: Clip) -> Arrays:
        """``frames``: uint8 ``[frame, height, width, channel]`` in the order of time."""
        num = len(raw.frames)
        places = np.linspace(0, num - 1, min(num, self.num_frames)).round().astype(int)
        pictures = [self.picture.prepare(raw.frames[place])["pixels"] for place in places]
        return {"frames": np.stack(pictures)}
