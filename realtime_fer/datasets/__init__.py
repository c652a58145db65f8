"""Offline: labelled faces as arrays, or as files with questions.

`training` and `evaluation` read their data through this room; nothing in the running service imports it.
numpy is enough, but for pictures: OpenCV in `affectnet`, Pillow in `picture_file`.
"""
