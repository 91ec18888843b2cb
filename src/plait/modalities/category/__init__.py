"""Categories: one of a closed set of labels."""
