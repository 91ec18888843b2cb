"""Other libraries' models on the same rows: the numbers to stand beside."""
