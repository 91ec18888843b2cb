"""Sounds that are made."""
