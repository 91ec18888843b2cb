"""The model: what turns rows into answers and vectors, and what is known of it."""
