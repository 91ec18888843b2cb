"""Categories in sets: several labels in one cell."""
