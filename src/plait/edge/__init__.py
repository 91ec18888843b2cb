"""Answers from a bundle on a small machine: no torch, no Arrow, nothing of training."""

from __future__ import annotations

from plait.edge.edge import Edge as Edge
from plait.edge.edge import load as load
