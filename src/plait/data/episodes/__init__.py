"""Episodes: a long table of steps, as moments with what came before and what was done."""
