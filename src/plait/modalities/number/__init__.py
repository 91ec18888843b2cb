"""Numbers: measurements, prices, ages."""
