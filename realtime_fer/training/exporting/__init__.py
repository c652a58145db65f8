"""From trained weights to a model folder, for every model of ours.

`calibration` fits the temperature and `abstention` the bar below which a face is `unknown`, both on held-out answers;
`half_storage` stores float32 weights in 16 bits; `int8` makes the 8-bit file beside a float one, of weights rounded by
`int8_weights`; `onnx_version` is the form of the files, `same_answers` compares a classifier's with its network; `trained`
reads what the loop left, `model_folder` puts weights and manifest in place together.
"""
