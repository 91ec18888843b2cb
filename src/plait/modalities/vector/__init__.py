"""Vectors: embeddings computed elsewhere, or by a pretrained backbone."""
