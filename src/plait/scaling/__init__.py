"""What pays next: laws of how a loss falls with rows and weights, from a ladder of small runs."""
