"""Offline: labelled faces as arrays.

`training` and `evaluation` read their data through this room; nothing in the running service imports it.
Only numpy is needed.
"""
