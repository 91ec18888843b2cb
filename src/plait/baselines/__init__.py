"""Honest baselines: simple models on simple features, measured beside every deep model."""
