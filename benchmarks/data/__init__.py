"""Real data: fetched from packages, turned into tables with their official splits."""

from benchmarks.data.tables import Split as Split
from benchmarks.data.tables import cached as cached
from benchmarks.data.tables import halves as halves
