"""Fit of whole rows: learned column by column, and judged on rows held out."""
