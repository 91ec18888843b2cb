"""Recipes: the only place where verbs meet; each takes tables and bundles from start to finish."""
