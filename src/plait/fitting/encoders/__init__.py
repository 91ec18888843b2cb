"""Pretrained encoders in a fit: found, measured, fine-tuned, kept where they help."""
