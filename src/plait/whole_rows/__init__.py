"""Whole rows: columns as codes, simple ways to draw them, and how like real rows made ones are."""
