"""The card of the shipped classifier, to be filled in."""

from __future__ import annotations

from typing import Final

CARD: Final = """# {name} {version}

Eight expressions (neutral, happiness, surprise, sadness, anger, disgust, fear, contempt) of one grey face.
{description}

| | |
|---|---|
| file | `{file}`, {megabytes:.2f} MB, sha256 `{sha256}` |
| input | `faces`, float32 (N, 1, {size}, {size}), grey levels 0..255; standardised inside the file |
| output | `logits`, float32 (N, 8), order above; probabilities are softmax(logits / {temperature}) |
| crop | square around the detector's box, its longer side times {window:.2f} (margin {margin}) |
| licence | {licence}. {licence_note} |

## Intended use

Reading which expression a face *shows*, as people who look at a picture of it would name it, so that a robot can react to
it. It does not tell what a person feels, thinks, intends or is; not for decisions about people (hiring, policing, border
control, education, health). One frame is weak evidence: use the smoothed output, and take a flat distribution as "cannot
tell".

## Held-out figures

FER+ validation split, majority protocol (Barsoum et al., ICMI 2016; votes of single taggers dropped, largest vote above
half of the rest): n = {n:,}. Nothing was trained or fitted on it; what was decided after a look at it is said
at the end of this card, where there is such a thing. Intervals: bootstrap over the faces, {draws:,} draws.

| figure | value | 95 % interval |
|---|---|---|
| accuracy (WAR) | {war:.4f} | {war_low:.4f} - {war_high:.4f} |
| mean recall of the eight classes (UAR) | {uar:.4f} | {uar_low:.4f} - {uar_high:.4f} |
| calibration error (ECE, 15 bins of equal width) | {ece:.4f} | {ece_low:.4f} - {ece_high:.4f} |

| class | faces | recall | precision |
|---|---|---|---|
{class_rows}

![Confusion on the validation split](confusion.png)

Measured by `realtime-fer evaluate {name} --data ferplus_valid.npz --protocol ferplus-majority --json`.
The intervals of UAR are wide because of {disgust} faces of disgust and {contempt} of contempt.

## When it says unknown

{abstention}

## Robustness

The same faces, spoiled in one way at a time (`evaluation/robustness.py`), 48x48:

| change | WAR | UAR | ECE |
|---|---|---|---|
{robustness_rows}

## Speed

One thread, ONNX Runtime {onnxruntime} on the CPU of the build machine ({cpu}, shared with other work), from array to array;
the figures are of the same validation faces. The service takes int8 where the processor has instructions for it
(`--precision`, `classifier.precision`); the sections above are of {measured}.

{files_table}

## How it is made

{training_command}

Faces: {trained_on}.
{held_out:,} of them were held out of training (5 %, fixed seed); on those the temperature was fitted. Targets are the crowd's
vote distributions over the eight emotions, votes of single taggers dropped; a face whose votes go partly to "unknown" or
"not a face" counts for less. Faces of disgust and contempt are shown three times an epoch, of fear twice. AdamW, one-cycle
schedule, {epochs} epochs of batch {batch}, moving average of the weights; the last average is what ships. Augmentation on the
fly: mirror, scale 0.8-1.25, shift 10 %, tilt 15 degrees, gamma, contrast, side light, faces of 16 to 40 px, blur, grain,
JPEG, occlusion.

![Training curves](curves.png)

{teaching}

Network: 3x3 convolution ({stem} channels), {blocks} residual blocks ({channels} channels; sides {sides}), a
learned pooling of the last maps; {parameters:,} numbers in the file, the large ones stored in float16. The classifier is not a
free matrix: the eight classes are nodes of a graph (Emotion-GCN, Antoniadis et al., FG 2021; ML-GCN, Chen et al., CVPR 2019).
An edge from i to j stands where, of the training faces that at least two taggers called i, at least a tenth were also
called j by two or more. A class keeps half of itself and takes the other half evenly from its neighbours. Two such layers,
with LeakyReLU between, turn eight learned node vectors (begun as the rows of that table of co-occurrences) into eight
classifier vectors. At
export the graph, the pooling and the bias fold into one matrix, and batch normalisation into the convolutions.

## Known failures

- Contempt and disgust are rare in the training data ({contempt} and {disgust} validation faces): often called neutral or anger.
- Sadness and neutral are confused with each other most; so are they by the taggers.
- Faces below about 20 pixels, hidden mouths and very dark pictures cost much, see the table.
- The faces are web pictures of the early 2010s, many of them posed or acted; FER+ has no notes on age, sex or skin colour, so
  differences between groups could not be measured here. Expect them, and test on your own people before relying on it.
- Drawn faces, masks and backs of heads get some expression too: the detector has to keep them out.
{notes}"""
