"""What a bundle tells about its making: scores, samples, lineage, the model card."""
