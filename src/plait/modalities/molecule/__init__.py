"""Molecules: structures written as SMILES."""
