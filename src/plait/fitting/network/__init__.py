"""The network of a fit: planned, timed and trained within what time there is."""
