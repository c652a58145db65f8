"""Torch modules, and the graphs some of them stand on; no camera, thread, socket or file.

Built and trained by `training`, which also folds them for the running service. `label_graph` needs only numpy;
`phi3_vision` and `chain_of_affect_tiny` need the extra `vlm`. `emotion_gcn`, `fmpn`, `expllm` and `exp_blip` are the
published networks, under their checkpoints' own key names.
"""
