"""A whole mix as one ONNX graph: simple models, networks, their weights and the calibration."""
