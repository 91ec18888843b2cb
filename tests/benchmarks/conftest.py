"""Lets the tests import ``benchmarks``, which lies beside ``src`` and is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
