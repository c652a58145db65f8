"""The slow path: which faces are worth a question, and a reasoner that is asked and never awaited.

`keyframes` looks at the fast path's results and chooses moments, each with its reason and the numbers behind it. A keyframe
becomes a question (`request`), which `supervision` hands to a `reasoner` in a process of its own; its end is an `outcome`: an
answer or an error. What it says on the way goes to a `listener`; what it claims (`claims`) is held against the fast path's
measurement (`grounding`). `chain_of_affect` is the reasoner's questions, labels and rules, and who can answer them; torch is
imported only there, in the reasoner's own process. `openai_compatible` asks the chain of a server.

Nothing here is imported by the fast path but `keyframes.selection` and `supervision.supervisor`, and nothing of torch.
"""
