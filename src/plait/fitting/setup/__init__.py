"""What a fit is asked for, its time, and the table made ready to learn from."""
