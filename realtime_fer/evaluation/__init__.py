"""Offline: how good the shipped models are, and the published ones, on data with known answers.

Called by `realtime-fer evaluate` and `card`. Expression classifiers are scored here: `labelled_protocol` takes any of them and
any data set of `datasets.choose` (by way of `label_matching`, `classifier_answers`, `classification_report`), `fold_table`
joins the reports of a cross-validation, `ferplus_protocol` is the service's own classifier on FER+ as the service crops.
Everything else has a room: `detection`, and the reasoners `chain_of_affect`, `expllm` and `exp_blip`, which go through their
tests with `asking` and `kept_answers`. `metrics` and `affect_metrics` have the figures themselves.

The files that ship are run through ONNX Runtime, not the networks they came from; torch is needed only where a published
reasoner is asked in words (`run` in each of its rooms).
"""
