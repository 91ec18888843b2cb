"""One folder per modality, found by scan: codec.py (torch-free) and network.py (torch)."""

from plait.modalities._scan import codec_from_dict as codec_from_dict
from plait.modalities._scan import codec_hash as codec_hash
from plait.modalities._scan import codec_to_dict as codec_to_dict
from plait.modalities._scan import find_codec as find_codec
from plait.modalities._scan import find_network as find_network
from plait.modalities._scan import modalities as modalities
from plait.modalities._scan import register_folder as register_folder
from plait.modalities.contract import Codec as Codec
from plait.modalities.likeness import Fingerprint as Fingerprint
from plait.modalities.limits import LIMITS as LIMITS
from plait.modalities.media import Media as Media
from plait.modalities.target import SURENESS as SURENESS
from plait.modalities.target import Asked as Asked
from plait.modalities.target import GeneratedTarget as GeneratedTarget
from plait.modalities.target import MetricWord as MetricWord
from plait.modalities.target import MixableTarget as MixableTarget
from plait.modalities.target import PredictiveTarget as PredictiveTarget
from plait.modalities.target import SimpleGenerator as SimpleGenerator
from plait.modalities.target import StartingGenerator as StartingGenerator
from plait.modalities.target import TargetCodec as TargetCodec
from plait.modalities.target import begins_at as begins_at
from plait.modalities.target import foretold_of as foretold_of
from plait.modalities.traits import Traits as Traits
from plait.modalities.traits import traits_of as traits_of
from plait.modalities.traits import traits_of_modality as traits_of_modality
from plait.types import MadeFile as MadeFile
