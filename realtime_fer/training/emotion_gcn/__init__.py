"""Training and exporting Emotion-GCN as published: `losses`, `step` (one optimiser step), `onnx_graph` and `export`."""
