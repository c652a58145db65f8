"""Offline: how good the shipped models are, on data with known answers.

Called by `realtime-fer evaluate`. `labelled_protocol` takes any classifier and any data set of `datasets.choose` (by way of
`label_matching`, `classifier_answers` and `classification_report`), `fold_table` joins the reports of a cross-validation.

The files that ship are run through ONNX Runtime, not the networks they came from; torch is not needed, but for
`chain_run`: Chain-of-Affect is asked in words, which only the network itself can answer.
"""
