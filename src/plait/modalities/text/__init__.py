"""Text: sentences, notes, descriptions."""
