"""Measures plait on real data beside other libraries: ``python -m benchmarks NAME``."""
