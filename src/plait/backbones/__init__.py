"""Pretrained backbones: checkpoints that give vectors of texts, pictures, sounds, series, films."""

from plait.backbones.checkpoint import Checkpoint as Checkpoint
from plait.backbones.checkpoint import open_checkpoint as open_checkpoint
from plait.backbones.fitted import fitted_to as fitted_to
from plait.backbones.folder import CheckpointError as CheckpointError
from plait.backbones.frozen import encode_column as encode_column
from plait.backbones.frozen import encode_rows as encode_rows
from plait.backbones.preprocessing import ImagePreparation as ImagePreparation
from plait.backbones.preprocessing import Preparation as Preparation
from plait.backbones.preprocessing import TextPreparation as TextPreparation
from plait.backbones.preprocessing import preparation_from_dict as preparation_from_dict
from plait.backbones.preprocessing import preparation_to_dict as preparation_to_dict
from plait.backbones.series import SeriesPreparation as SeriesPreparation
from plait.backbones.sound import AudioPreparation as AudioPreparation
from plait.backbones.video import VideoPreparation as VideoPreparation
