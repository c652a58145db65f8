"""ExpLLM as a reasoner: a label with its distribution, a description, and what that claims, one facial action at a time.

`factory` is what the process of a reasoner calls. It has `loading` read a converted folder, and joins `analyst` (which asks the
network in `networks.expllm`) with `reasoner` (which makes an answer of what it wrote, through `claims`). `conversation` reads
each question on from what was read before, token by token, so that words can be passed on and an answer stopped.
"""
