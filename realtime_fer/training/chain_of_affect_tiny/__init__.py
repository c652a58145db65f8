"""Offline: train `models/chain-of-affect-tiny` on FER+ crowd votes, and write it.

`questions` holds the two questions and other wordings of them, `vocabulary` makes the tokenizer for both, `lessons` says who is
asked what in an epoch and which votes answer it; `run` trains, in the loop that all our trainings share, to which it hands
`task`. `export` writes the transformers form and the ONNX form (`graph`, `face_graph`, `language_graph`) and compares them;
`card` measures what ships.
Called by `realtime-fer train|export|card chain-of-affect-tiny`; needs the extras `train` and `vlm`.
"""
