"""From a tracked face to what it expresses: crop, classify, smooth.

`pipeline.fast_path` cuts the crops of all faces of a frame (`face_crop`), classifies them in one batch
(`classifier`), and smooths each track's probabilities over time (`smoothing`). How a crop is cut belongs to the
classifier, since its accuracy depends on it.
"""
