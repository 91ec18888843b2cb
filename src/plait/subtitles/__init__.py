"""Subtitles: where a sound or film is cut, how its words are laid out in time, and their files."""
