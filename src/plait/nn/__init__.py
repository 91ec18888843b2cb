"""Modality-blind building blocks: tokens, attention, transformer, norm, pooling."""
