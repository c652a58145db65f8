"""Torch modules, and the graphs some of them stand on; no camera, thread, socket or file.

Built and trained by `training`, which also folds them for the running service. `label_graph` needs only numpy.
"""
