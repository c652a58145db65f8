"""Offline: the commands that make the weights in `models/`.

Called by `realtime-fer train`. Needs the `train` extra (torch, ultralytics); nothing in the running service
imports this room.
"""
