"""The slow path: which faces are worth a question, and a reasoner that is asked and never awaited.

`keyframe_selection` looks at the fast path's results and chooses keyframes (`keyframe`), each with its reason and the numbers
behind it. A keyframe becomes a question (`request`), which `supervisor` hands to a `reasoner` in a process of its own
(`child_process` in the parent, `child_main` in the child); its end is an `outcome`: an answer or an error.

The chain's questions, labels and rules (`chain` and the files beside it) ask any `chain_model`; `phi3_vision_chain` is one,
with torch, imported only in the reasoner's own process.

Nothing here is imported by the fast path but `keyframe_selection` and `supervisor`, and nothing of torch.
"""
