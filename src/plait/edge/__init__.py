"""Answers from a bundle on a small machine, and learns there: no torch, no Arrow, no training."""

from __future__ import annotations

from plait.edge.delta import Correction as Correction
from plait.edge.delta import Delta as Delta
from plait.edge.delta import merge as merge
from plait.edge.delta_file import read_delta as read_delta
from plait.edge.edge import Edge as Edge
from plait.edge.edge import load as load
from plait.edge.forgetting import Check as Check
from plait.edge.learner import Learner as Learner
from plait.edge.learner import Lesson as Lesson
