"""Front ends: what reads words out of sounds and pictures, where it is installed; never fetched."""

from plait.front_ends.contract import RATE_HZ as RATE_HZ
from plait.front_ends.contract import FrontEnd as FrontEnd
from plait.front_ends.contract import Readiness as Readiness
from plait.front_ends.contract import TextFound as TextFound
from plait.front_ends.registry import add_front_end as add_front_end
from plait.front_ends.registry import front_end_named as front_end_named
from plait.front_ends.registry import front_ends as front_ends
