"""Offline: from labelled faces to weights, and from weights to the model folders in `models/`.

Called by `realtime-fer train`, `export` and `card`; nothing in the running service imports this room. Needs the extra `train`;
`vlm` and `yolo` where a room says so. There is a room for each kind of training: `detection` (both face detectors),
`emotion_gcn_ferplus` (the classifier that ships), `emotion_gcn` and `fmpn` (the published classifiers), `chain_of_affect`,
`expllm` and `exp_blip` (the published vision-language models, over what they share in `vlm`), `chain_of_affect_tiny` (our own).

`loop` is how a network is trained and what a run leaves; `exporting` how trained weights become a model folder. What a camera
does to a face is drawn by `expression_augmentation` and, for whole pictures, by `camera_degradation`.
"""
