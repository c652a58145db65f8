"""The models this package knows: what they are, whose they are, where their files lie, whether those are whole.

`pipeline.assemble` asks here for a model by name or path; `realtime-fer models` lists what is here. A model is a
folder with a `manifest.json`, the weights it names, and a `CARD.md`.
"""
