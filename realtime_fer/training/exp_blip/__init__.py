"""Offline: the second training stage of Exp-BLIP, in which captions of faces are learned.

`recipe` holds the published numbers and the schedule; `examples` turns records into tensors, with `augmentation`; `start` is
the network to begin with, from a file of either stage; `objective` is the loss; `trained` writes the authors' form of file;
`run` joins them with the loop of `training.vlm`. Called by `realtime-fer train exp-blip`; needs the extras `train` and `vlm`.
"""
