"""Actions: what is done at a step of an episode, a class or numbers within a box."""
