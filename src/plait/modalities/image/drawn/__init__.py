"""How pictures are drawn, where they are the target."""
