"""What a person sees: boxes and words on a copy of the frame, in a window or in a recorded video.

`pipeline.service` hands finished results here. Nothing drawn ever reaches a model: `overlay.draw` works on a copy.
"""
