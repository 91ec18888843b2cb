"""What ships: candidates compared and mixed on rows that none of them learned from."""
