"""Offline: fine-tune Phi-3.5-vision on Chain-of-Affect's two questions, with a low-rank adapter.

`recipe` holds the published numbers; `examples` turns records into tensors; `adapter` makes the adapter and writes it in the
published layout; `objective` is the loss; `run` joins them with the loop of `training.vlm`. Called by
`realtime-fer train chain-of-affect`; needs the extras `train` and `vlm`.
"""
