"""Sound: speech, machines, music; one channel, as a log-mel spectrogram."""
