"""The classifier that ships: trained on FER+ by `run`, made a model folder by `export`, measured by `card`.

`abstention_card` and `files_table` are parts of the card. The network is `networks.compact_emotion_gcn`.
"""
