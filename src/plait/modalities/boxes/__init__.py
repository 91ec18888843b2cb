"""Boxes around the things in a picture, each of a class: read, measured, drawn, and detected."""
