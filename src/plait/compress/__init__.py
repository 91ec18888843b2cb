"""Makes a fitted model small and quick, and proves what that costs."""
