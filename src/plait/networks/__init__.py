"""The networks: encoders, one shared trunk, heads; and runners, which ask no more than arrays."""
