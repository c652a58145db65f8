"""Offline: train ExpLLM's adapters and projector on labels and chains of thought, and make the chains of thought.

`recipe` holds the published numbers; `examples` turns records into tensors, with `augmentation`; `start` is the model to begin
with, from a checkpoint or from Vicuna and DINOv2; `objective` is the loss; `trained` writes what was learned; `run` joins them
with the loop of `training.vlm`. Called by `realtime-fer train expllm`; needs the extras `train` and `vlm`.

`chain_of_thought` asks any language model on a server for the descriptions, from action-unit labels; it needs no torch.
"""
