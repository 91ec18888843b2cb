"""Versions of what pretrained models give: every bundle is asked them, few hold any."""

VERSION = 1
"""Raised whenever the same checkpoint would give other vectors, so that caches are built anew."""

LANGUAGE_VERSION = 1
"""Raised whenever the same language model would write otherwise."""
