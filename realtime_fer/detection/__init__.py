"""Where the faces are on one picture.

The pipeline calls a `Detector` (detector.py) on frames it chooses. `YoloV8FaceOnnx` is the usual one: it
letterboxes the frame (letterbox.py), runs the network, decodes the head (yolov8_decode.py), drops doubles (nms.py)
and hands over faces in pixels of the frame (faces_in_frame.py). `YoloV8FacePt` (through ultralytics) and
`HaarDetector` (OpenCV's cascade) are others, taken only when asked for by name.
"""
