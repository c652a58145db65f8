"""The classifier that ships: trained on FER+ by `run`, made a model folder by `export`, measured by `card`.

`abstention_card` and `files_table` are parts of the card. `task` is what `run` hands to the loop: `recipe` its
numbers, `crowd` the faces and what is learned from their votes, `scoring` what trained networks say of them, teachers too.
The network is `networks.compact_emotion_gcn`.
"""
