"""Searches the settings of a fit within a budget, and says honestly whether that paid."""
