"""Which face is whose, from frame to frame.

The pipeline calls a `Tracker` (tracker.py) on every processed frame: `update` where the detector looked, `predict`
where it did not. `KalmanIouTracker` (kalman_iou_tracker.py) moves each face on by its motion model (box_motion.py), matches
faces and detections (association.py), and keeps each face's history (followed_face.py).
"""
