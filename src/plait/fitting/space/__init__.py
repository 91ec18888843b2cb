"""The shared space: learned without a target, and drawn."""
