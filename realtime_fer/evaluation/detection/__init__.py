"""How good a face detector is, on labelled pictures in YOLO layout (`pictures`).

`report` runs a shipped detector, and puts together what the others measure: `average_precision`, with its `intervals`, by
`sizes`, at each picture's `own_size`; `false_faces` where nobody is (`empty_crops` cuts more such places); `robustness` and
`speed`. All of them count by `matching`. `failures` draws what went wrong.
"""
