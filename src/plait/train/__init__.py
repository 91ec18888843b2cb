"""Training: the loop, its budget, precision and checkpoints."""
