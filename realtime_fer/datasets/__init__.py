"""Offline: labelled faces as arrays, or as files with questions.

`training` and `evaluation` read their data through this room; nothing in the running service imports it.
`choose.open_labelled` opens any set for classification by its name, as a `labelled_faces.LabelledSet`. Below it there is a
reader for each set, which checks that the folder is whole and says where to request what is missing. `subject_folds` splits
people into folds. Pictures with questions or captions have files of their own kind: `chain_records`, `expllm_records`,
`exp_blip_captions`. Pickles are read by `plain_pickle` and `array_pickle`, arrays by `numpy_files`; none runs what is in them.
numpy and OpenCV are enough; only `picture_file` needs Pillow.
"""
