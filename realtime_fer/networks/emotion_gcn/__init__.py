"""Emotion-GCN as published, loading its authors' checkpoints: seven expressions, valence and arousal of one face.

`label_graph` makes the graph over the nine outputs from a training set's labels (numpy only); `graph_head` turns graph
and `word_embeddings` into one classifier vector per output; `densenet` and `bregnext` are the backbones; `model` joins
them to the six published networks; `checkpoint` recognises a file and loads it strictly; `preprocessing` is what
the networks want to be shown (numpy only).

Source: Antoniadis, Filntisis and Maragos, "Exploiting Emotional Dependencies with Graph Convolutional Networks for
Facial Expression Recognition", FG 2021 (arXiv 2106.03487). Written from the paper and from recorded behaviour.
Attributes are named as the checkpoints name their tensors, underscores included.
"""
