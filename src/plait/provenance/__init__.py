"""Where a made file is from: a notice within it, and a manifest beside it."""
