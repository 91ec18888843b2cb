"""Dates and times: days, moments, times of day."""
