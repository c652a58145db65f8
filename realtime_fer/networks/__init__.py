"""Torch modules, and the graphs some of them stand on; no camera, thread, socket or file.

Built and trained by `training`, which also folds them for the running service. `label_graph` needs only numpy;
`phi3_vision` is a package of its own, in the extra `vlm`.
"""
