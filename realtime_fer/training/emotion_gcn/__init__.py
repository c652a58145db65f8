"""Training of Emotion-GCN as its authors did it, and from a checkpoint to a model folder.

`run` goes from a labelled set to a checkpoint: `recipe` is what a run is started with, `faces` splits the set and makes class
weights and label graph of its annotations, `batches` shows its faces as `augmentation` turns them, `trainer` has network,
optimiser and epochs (one `step` at a time, with `losses`), `figures` measures, `run_folder` writes. `export` makes a model
folder of any checkpoint, the authors' or our own.
"""
