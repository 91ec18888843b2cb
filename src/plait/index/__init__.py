"""Finds the nearest vectors: int8 codes, HNSW graph, filters on columns, kept on disk."""
