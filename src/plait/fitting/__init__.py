"""Fitting: how a fit goes from a table to a model; the verb itself stands in `recipes.fit`."""
