"""How good Exp-BLIP's captions are.

`run` has the network write about each of the `cases` (it needs torch), and scores what it wrote: `scores` by the words,
`recognition` by the action units and emotions it names, `clip_score` by the picture.
"""
