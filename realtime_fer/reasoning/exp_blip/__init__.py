"""Exp-BLIP as a reasoner, in its three kinds: a caption, and the facial actions and emotions that it names.

`factory` is what the process of a reasoner calls. It has `loading` read a converted folder, and gives the captioner of
`networks.exp_blip` to `reasoner`, which makes an `answer` of what it writes, through `claims`. `server` builds a reasoner that
asks for captions elsewhere, over OpenAI's API.
"""
