"""FMPN's training, in its two published stages.

`run` reads top to bottom: `faces` gives labelled pictures, `pseudo_masks` what the mask generator should draw of each class,
`samples` cuts and mirrors both alike (`transform`); `stages` says what each stage trains (`losses`, `optimisation`) and
`epochs` runs it along the published `schedule`, resumable. `realtime-fer train fmpn` calls `run`.
"""
