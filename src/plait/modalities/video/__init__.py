"""Video: a few frames over the clip, and its own sound track."""
