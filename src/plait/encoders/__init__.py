"""Pretrained encoders on this machine: found by their settings, never fetched, never run."""

from plait.encoders.finding import find_encoders as find_encoders
from plait.encoders.finding import named as named
from plait.encoders.found import FoundEncoder as FoundEncoder
from plait.encoders.opening import open_found as open_found
from plait.encoders.opening import open_table as open_table
from plait.encoders.order import suited as suited
