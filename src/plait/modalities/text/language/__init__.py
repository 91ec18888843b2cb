"""Texts written by a causal language model."""
