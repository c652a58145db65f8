"""FMPN's training, in its two published stages.

`run` reads top to bottom: `faces` gives labelled pictures, `pseudo_masks` what the mask generator should draw of each class,
`samples` cuts and mirrors both alike (`transform`); `stages` says what each stage trains (`losses`, `optimisation`), a `way`
how, published or ours; `assembly` picks both. `trainer` makes an epoch of it, on one process or many; `epochs` writes what it
leaves, to be resumed. `published_defaults` makes the `recipe` of a new run. `realtime-fer train fmpn` calls `run`.
"""
