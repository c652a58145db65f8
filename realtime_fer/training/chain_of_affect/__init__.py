"""Offline: fine-tune Phi-3.5-vision on Chain-of-Affect's two questions, with a low-rank adapter.

`recipe` holds the published numbers and the schedule; `order` says which records a step takes, on how many processes ever;
`examples` turns them into tensors; `adapter` makes the adapter and writes it in the published layout; `objective` is the
loss; `run` is the loop. Called by `realtime-fer train chain-of-affect`; needs the extras `train` and `vlm`.
"""
