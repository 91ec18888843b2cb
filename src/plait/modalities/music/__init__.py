"""Music: tunes as notes in bars, read from MIDI files and ABC text, and composed as a target."""
