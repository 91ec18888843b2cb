"""The simple models of a fit: which are measured, in what order, and how."""
