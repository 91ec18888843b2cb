"""Compression: a fitted model in, a smaller one out, and what it costs, measured."""
