"""Offline: from labelled faces to weights, and from weights to the model folders in `models/`.

Called by `realtime-fer train`, `export` and `card`; nothing in the running service imports this room. Needs the extra `train`;
`vlm` and `yolo` where a room says so. There is a room for each kind of training: `detection` (both face detectors),
`emotion_gcn` and `fmpn` (the published classifiers), `chain_of_affect`, `expllm` and `exp_blip` (the published vision-language
models, over what they share in `vlm`), `chain_of_affect_tiny` (our own). The classifier that ships is trained by `expression`,
written by `export_expression` and measured by `expression_card`.

`run_loop` is the loop of our own networks; `accelerator` and `epoch_losses` are what the published classifiers' loops share, on
one process or several; `progress` is what a run shows, `run_files` what it leaves behind, `model_folder` how weights and
manifest appear together; `export_int8` makes the 8-bit file beside any of them.
"""
