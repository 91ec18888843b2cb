"""Trajectories: the last steps of an episode, with states, earlier actions and returns to go."""
