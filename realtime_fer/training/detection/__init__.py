"""Offline: train the two face detectors that ship, and write them.

`data` makes both one set of samples of a folder in YOLO layout. `yolov8n` trains with ultralytics (AGPL-3.0; nothing else here
needs it), from an export where asked (`yolov8n_restart`), and draws `yolov8n_curves`; `face_lite` trains our own network, on
`face_lite_data` by `face_lite_loss`, in the loop that all our trainings share. `export_yolov8n` and `export_face_lite` write
model folders (`detector_folder`, `onnx_form`) once ONNX and torch agree (`agreement`); `card` (with `card_text` and
`card_tables`) measures what ships. Called by `realtime-fer train`, `export` and `card`.
"""
