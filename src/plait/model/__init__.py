"""The model: encoders, one shared trunk, a head chosen by the target's modality."""
