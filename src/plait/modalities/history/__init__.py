"""Histories: the items that somebody took, in the order of time."""
