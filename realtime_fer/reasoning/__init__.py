"""The slow path: which faces are worth a question, and a reasoner that is asked and never awaited.

`keyframes` looks at the fast path's results and chooses moments, each with its reason and the numbers behind it. A keyframe
becomes a question (`request`), which `supervision` hands to a `reasoner` in a process of its own; its end is an `outcome`: an
answer or an error. What it says on the way goes to a `listener`; what it claims (`claims`) is held against the fast path's
measurement (`grounding`), and told to people in a sentence (`said`).

`choose` knows the reasoners by name. `chain_of_affect`, `expllm` and `exp_blip` ask their networks here (the last two share
`speaking`), `openai_compatible` asks the chain of a server. torch is imported only by what loads a network, in the reasoner's
own process (`placement` says where its weights go). Of this room the fast path imports only `keyframes.selection` and
`supervision.supervisor`.
"""
