"""The words of the card; `card` fills in the figures."""

from __future__ import annotations

from typing import Final

CARD: Final = """# {name} {version}

{description}

| | |
|---|---|
| files | {files} |
| size | {megabytes:.1f} MB in all; each file's size and sha256 stand in `manifest.json` (face network: `{sha256}`) |
| numbers | {millions:.2f} million: {tower_millions:.2f} in the face tower, {learned_millions:.2f} in what reads and speaks |
| input | a face, cut as the classifier's (square around the detector's box, margin {margin}, grey, 48x48); a question |
| first answer | one of {labels} |
| second answer | one of the others, or "none" |
| licence | {licence}. {licence_note} |

## Intended use

A second opinion, in the form of Chain-of-Affect, on a machine without a GPU: what a face *shows* most, what it shows next,
and whether it shows anything else at all. It was trained on votes and knows nothing else: no action units, no reasons, no
context, no conversation. Other questions get one of the same words for an answer. It does not tell what a person feels,
thinks, intends or is; not for decisions about people. Its eyes are those of the fast classifier's family, so it is no
independent witness: where that one errs, this one mostly errs too.

## How it answers

Phi-3.5-vision's chat form, one turn a question, each with the face:

    <|user|>
    <|image_1|>
    Select an emotion label from the following options: 'Surprise', 'Fear', ... or 'Neutral'.<|end|>
    <|assistant|>

The second question names the first answer and offers the others and "none". The face is looked at once and becomes {vectors}
vectors, which both questions read. Distributions are the softmax over the labels' first tokens at temperatures
{temperatures[0]} and {temperatures[1]}, fitted on held-out training faces.

## Held-out figures

FER+ validation split. Nothing was trained or fitted on it; what was decided after a look at it is said at the end of this
card, where there is such a thing. Intervals: bootstrap over the faces, {draws:,} draws.

### First question

Majority protocol (Barsoum et al., ICMI 2016; votes of single taggers dropped, largest vote above half of the rest), eight
classes, n = {n:,}.

| figure | value | 95 % interval |
|---|---|---|
{first_rows}

| class | faces | recall |
|---|---|---|
{first_class_rows}

![Confusion on the validation split](confusion.png)

### Second question

The same faces, without {dropped} on which two emotions share the second place: n = {second_n:,}. The truth is the emotion
with the next most votes, or "none" where no other has two votes. The question names the true first emotion. "The rule"
answers with the most frequent second emotion of that first one, counted on these very faces: no rule that does not look at
the face does better.

| figure | value | 95 % interval |
|---|---|---|
{second_rows}

| second emotion | faces | recall |
|---|---|---|
{second_class_rows}

### Both

The second question names what the model itself said first.

| figure | value | 95 % interval |
|---|---|---|
{chain_rows}

"Same compound": both answers amount to what the crowd's two amount to, by the table of RAF-DB's compounds; a neutral face is
one whatever comes second.

### Does it read?

Told a wrong first emotion, it answers with the true one in {words[corrects_wrong]:.1%} of the faces and repeats the wrong
one in {words[repeats_wrong]:.1%}. Of all answers, left to speak freely, {words[as_chosen]:.1%} were exactly the likeliest
label offered.

Measured by `realtime-fer evaluate {name} --data ferplus_valid.npz --protocol ferplus-chain --json`.

## Speed

One face, both questions, from the picture to two answers; ONNX Runtime {onnxruntime} ({cpu}). "Choice" reads the first token,
"words" lets it speak to the end of its turn.

| threads | answers by | median ms | 95th percentile ms |
|---|---|---|---|
{speed_rows}

## How it is made

{training_command}

Faces: {trained_on}. {held_out:,} of them were held out of training (5 %, the same as in the tower's); on those the two
temperatures were fitted. The face tower is the convolutional trunk of a compact Emotion-GCN, trained before on the same
faces and left as it was; its last map gives one summary (the learned pooling) and {places} places, each standardised and
projected to {width} channels. The language model is a Llama of {layers} layers ({heads} heads, {inner} inner channels) over
{tokens} byte-level tokens, learned from nothing but these questions.

Each epoch asks both questions about each face, in the wording above or one of three others, in a new view (mirror, scale,
shift, tilt, light, occlusion, small, blurred, grainy or compressed). Targets are shares of the crowd's votes: all emotions
for the first; for the second what remains without the emotion that the question names, or "none". That is mostly the most
voted one, sometimes another, so that a wrong first answer still gets a sensible second. Faces of disgust and contempt are
shown three times an epoch, of fear twice. AdamW, one-cycle schedule, {recipe[epochs]} epochs of batch {recipe[batch]}, peak
rate {recipe[peak_learning_rate]}, seed {recipe[seed]}; the moving average of the weights is what ships, its large tensors
in float16.

![Training curves](curves.png)

## Known failures

- Contempt and disgust are rare ({rare[contempt]} and {rare[disgust]} validation faces): often called neutral or anger.
- "none" is the second answer for {none_said:.1%} of the faces, and the crowd's for {none_true:.1%} of them.
- Ten taggers are few: with ten others the second emotion would often be another one, and no model can do better than that
  allows.
- Votes say how many people chose a word, not how strong an emotion looks; the compound of two answers is a name for a pair,
  not a class that anybody labelled here.
- The faces are grey web pictures of the early 2010s, many of them posed or acted; differences between groups of people
  could not be measured. Expect them, and test on your own people.
- FER2013 holds some pictures twice; the figures keep the published protocol, which counts them.
{notes}"""
