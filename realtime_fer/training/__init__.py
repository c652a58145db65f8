"""Offline: the commands that make the weights in `models/`.

Called by `realtime-fer train`. Needs the `train` extra, and `yolo` for the detector; nothing in the running service
imports this room.
"""
