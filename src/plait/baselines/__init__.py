"""Honest baselines: simple experts on simple features, and how outputs are stacked."""

from plait.baselines.experts import Expert as Expert
from plait.baselines.experts import load_expert as load_expert
from plait.baselines.features import FeatureMap as FeatureMap
from plait.baselines.run import BaselineResult as BaselineResult
from plait.baselines.run import Baselines as Baselines
from plait.baselines.run import run_baselines as run_baselines
from plait.baselines.stack import best_mix as best_mix
from plait.baselines.stack import mix_outputs as mix_outputs
