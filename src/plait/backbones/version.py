"""The version of what pretrained encoders give: every bundle is asked it, few hold an encoder."""

VERSION = 1
"""Raised whenever the same checkpoint would give other vectors, so that caches are built anew."""
