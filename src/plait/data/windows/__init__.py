"""A long table of rows in time as a table of windows: what came before, and what comes after."""
