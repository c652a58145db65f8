"""Chain-of-Affect's two questions in a vision-language model of a few million parameters.

A face becomes ten vectors: `face_tower` (the trunk of our compact Emotion-GCN, frozen) makes a map of it, `model` projects its
nine places and one summary into the width of a small Llama, which reads them inside a chat of Phi-3.5's form and answers in
words. `config` holds the sizes, `chat` the token ids around the vectors, `byte_pairs` the tokenizer in plain Python.

`chat` and `byte_pairs` need no torch and no transformers; the running service has only those two.
"""
