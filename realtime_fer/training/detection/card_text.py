"""The card of a face detector, to be filled in."""

from __future__ import annotations

from typing import Final

CARD: Final = """# {name} {version}

{description}

| | |
|---|---|
| file | `{file}`, {megabytes:.2f} MB, {parameters:.2f} M parameters, sha256 `{sha256}` |
| input | `images`, float32 (N, 3, H, W), RGB in [0, 1], any H and W that are multiples of {stride} |
| output | (N, {values}, A): centre x, centre y, width, height in input pixels, score{points}; overlapping boxes are left in |
| used with | long side {side} px, faces from score {threshold} (`confidence_threshold`), overlap {overlap} |
| trained on | {trained_on} |
| licence | {licence}. {licence_note} |

## Intended use

Finding faces for `realtime_fer`, so that a robot can look at the people it serves. Not for identification, and not for
watching people who do not know it.

## Held-out figures

{pictures} pictures of `val`, {faces} faces of 12 px and more on the shorter side (smaller ones count neither way); the training
commands do not learn from them. AP50 and AP (mean over overlaps of 0.50 to 0.95) are over all scores, recall and precision at
{threshold}. In brackets: 95 % bootstrap intervals over pictures, {draws:,} draws. Sources are the beginnings of the files'
names.

At {side} px for the long side, as the webcam runs it:

{live_table}

At each picture's own size (its long side rounded up to a multiple of 32, {smallest} to {largest} px), as `evaluate` judges:

{own_table}

{smallest_face_table}

{size_table}

`realtime-fer evaluate {name} --data face-detection/val --protocol detection-ap` prints the second table, `--long-side {side}`
the first.

## Robustness

The same pictures, spoiled in one way at a time (`evaluation/detection/robustness.py`); strengths are pixels of the pictures as
they lie in the folder. Boxes are taken along: turned, and with a smaller picture smaller, so that fewer faces have the 12 px
from which they count.

{robustness_table}

## Pictures without a face

Share of pictures on which at least one box reaches a score, on a single look; the tracker asks for more before it publishes a
face. Intervals: 95 %, Wilson. The pictures of `negatives` were there to be trained on, wholly or in part, so their shares are
favourable. The crops are cut from `val` where no face is labelled (`evaluation/detection/empty_crops.py`, at least {crop} px a
side): nothing was trained on them, but a few show a face that nobody labelled (far away, printed, cut by the border), so
their shares are an upper bound.

{false_face_table}

## Speed

One CPU thread, ONNX Runtime {onnxruntime}, {cpu}: medians of the network alone, the files in turn in one run. The service takes
int8 where the processor has instructions for it (`detector.precision`); the figures above are of fp32 where they do not say
int8.

{speed_table}

## Failures to look at

`realtime-fer evaluate {name} --data face-detection/val --protocol detection-ap --long-side {side} --failures FOLDER` writes
contact sheets of the largest faces it misses and of the surest boxes that are no labelled face. No picture of others is kept
here.
{ending}"""
