"""Series: sensor readings and other numbers over time."""
