"""Items: what is recommended next, ranked among all that there are."""
